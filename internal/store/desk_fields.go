package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/deskauth/deskauth/internal/desk"
)

const fieldColumns = `account_id, number, version, kind, title, portal_title, description, agent_description, position,
	active, required, collapsed, portal_visible, portal_editable, portal_required, pattern, tag, options, options_ever, created_at, updated_at`

func scanField(row scanner) (f desk.Field, err error) {
	var active, required, collapsed, visible, editable, must, created, updated int64
	var options string
	if err := row.Scan(&f.Account, &f.ID, &f.Version, &f.Kind, &f.Title, &f.PortalTitle, &f.Description, &f.AgentDescription, &f.Position,
		&active, &required, &collapsed, &visible, &editable, &must, &f.Pattern, &f.Tag, &options, &f.OptionsEver, &created, &updated); err != nil {
		return f, err
	}
	f.Active, f.Required, f.Collapsed = active != 0, required != 0, collapsed != 0
	f.PortalVisible, f.PortalEditable, f.PortalRequired = visible != 0, editable != 0, must != 0
	f.Created, f.Updated = fromMicros(created), fromMicros(updated)
	f.Options, err = optionsFrom(options)
	return f, err
}

// fieldOption is how an option is kept.
type fieldOption struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default bool   `json:"default,omitempty"`
}

func optionsText(options []desk.Option) (string, error) {
	rows := make([]fieldOption, 0, len(options))
	for _, o := range options {
		rows = append(rows, fieldOption(o))
	}
	text, err := json.Marshal(rows)
	return string(text), err
}

func optionsFrom(text string) (options []desk.Option, err error) {
	var rows []fieldOption
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		return nil, fmt.Errorf("the options of a field: %w", err)
	}
	for _, o := range rows {
		options = append(options, desk.Option(o))
	}
	return options, nil
}

// customText is how the values of a ticket's fields are kept.
func customText(custom map[desk.FieldID]string) (string, error) {
	if len(custom) == 0 {
		return "", nil
	}
	text, err := json.Marshal(custom)
	return string(text), err
}

func customFrom(text string) (custom map[desk.FieldID]string, err error) {
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &custom); err != nil {
		return nil, fmt.Errorf("the fields of a ticket: %w", err)
	}
	return custom, nil
}

func (s deskStore) Fields(ctx context.Context, a desk.AccountID) ([]desk.Field, error) {
	rows, err := s.db.reads.QueryContext(ctx, `SELECT `+fieldColumns+` FROM desk_fields WHERE account_id = $1 ORDER BY number`, a)
	return collect(rows, err, scanField)
}

// PlantFields makes the account's counter, and so waits there for another process
// that plants, or adds a field, at this moment.
func (s deskStore) PlantFields(ctx context.Context, a desk.AccountID, fields []desk.Field) (int, error) {
	if len(fields) == 0 {
		return 0, nil
	}
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, errPlanted,
			`INSERT INTO desk_field_counters (account_id, fields) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING`,
			a, int64(desk.FirstField)+int64(len(fields))-1); err != nil {
			return err
		}
		for n, f := range fields {
			f.Account, f.ID = a, desk.FirstField+desk.FieldID(n)
			if err := addField(ctx, t, f); err != nil {
				return err
			}
		}
		return nil
	})
	return planted(err, "fields", len(fields))
}

// AddField moves the account's counter, where those who add fields at the same
// moment wait for each other.
func (s deskStore) AddField(ctx context.Context, f desk.Field) (desk.Field, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO desk_field_counters (account_id, fields) VALUES ($1, $2)
			ON CONFLICT (account_id) DO UPDATE SET fields = desk_field_counters.fields + 1
			RETURNING fields`, f.Account, desk.FirstField).Scan(&f.ID); err != nil {
			return err
		}
		return addField(ctx, t, f)
	})
	return f, err
}

func addField(ctx context.Context, t *tx, f desk.Field) error {
	options, err := optionsText(f.Options)
	if err != nil {
		return err
	}
	_, err = t.ExecContext(ctx, `
		INSERT INTO desk_fields (`+fieldColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		f.Account, f.ID, f.Version, f.Kind, f.Title, f.PortalTitle, f.Description, f.AgentDescription, f.Position,
		truth(f.Active), truth(f.Required), truth(f.Collapsed), truth(f.PortalVisible), truth(f.PortalEditable), truth(f.PortalRequired),
		f.Pattern, f.Tag, options, f.OptionsEver, micros(f.Created), micros(f.Updated))
	return err
}

func (s deskStore) ChangeField(ctx context.Context, old, next desk.Field) error {
	options, err := optionsText(next.Options)
	if err != nil {
		return err
	}
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, desk.ErrConflict, `
			UPDATE desk_fields SET version = $1, title = $2, portal_title = $3, description = $4, agent_description = $5, position = $6,
				active = $7, required = $8, collapsed = $9, portal_visible = $10, portal_editable = $11, portal_required = $12,
				pattern = $13, tag = $14, options = $15, options_ever = $16, updated_at = $17
			WHERE account_id = $18 AND number = $19 AND version = $20`,
			next.Version, next.Title, next.PortalTitle, next.Description, next.AgentDescription, next.Position,
			truth(next.Active), truth(next.Required), truth(next.Collapsed), truth(next.PortalVisible), truth(next.PortalEditable), truth(next.PortalRequired),
			next.Pattern, next.Tag, options, next.OptionsEver, micros(next.Updated),
			old.Account, old.ID, old.Version)
	})
}

func (s deskStore) DeleteField(ctx context.Context, f desk.Field) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, desk.ErrConflict,
			`DELETE FROM desk_fields WHERE account_id = $1 AND number = $2 AND version = $3`, f.Account, f.ID, f.Version)
	})
}
