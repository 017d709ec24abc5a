package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
)

// Desk returns the steps of the helpdesk on this database.
func (d *DB) Desk() desk.Store { return deskStore{d} }

// deskStore is the helpdesk's view of a database.
type deskStore struct{ db *DB }

var _ desk.Store = deskStore{}

// errPlanted undoes a planting of an account that ever had a ticket.
var errPlanted = errors.New("the account has tickets")

// PlantTickets makes the account's counter, and so waits there for another
// process that plants, or opens a ticket, at this moment.
func (s deskStore) PlantTickets(ctx context.Context, a desk.AccountID, tickets []desk.Opening) (int, error) {
	if len(tickets) == 0 {
		return 0, nil
	}
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, errPlanted,
			`INSERT INTO desk_counters (account_id, tickets) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING`,
			a, len(tickets)); err != nil {
			return err
		}
		for n, o := range tickets {
			o.Ticket.Account, o.Ticket.Number = a, int64(n+1)
			if _, err := addTicket(ctx, t, o); err != nil {
				return err
			}
		}
		return nil
	})
	return planted(err, "tickets", len(tickets))
}

// planted is how many of a seed's things were planted: none where there were some.
func planted(err error, what string, many int) (int, error) {
	switch {
	case errors.Is(err, errPlanted):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("plant %s: %w", what, err)
	}
	return many, nil
}

const personColumns = `id, name, email, role`

func scanPerson(row scanner) (p desk.Person, err error) {
	var role string
	err = row.Scan(&p.ID, &p.Name, &p.Email, &role)
	p.Agent = desk.Answers(role)
	return p, err
}

func (s deskStore) Person(ctx context.Context, a desk.AccountID, id desk.UserID) (desk.Person, error) {
	p, err := scanPerson(s.db.reads.QueryRowContext(ctx,
		`SELECT `+personColumns+` FROM issuer_users WHERE account_id = $1 AND id = $2 AND erased_at IS NULL`, a, id))
	return p, found(err, desk.ErrNotFound)
}

func (s deskStore) PersonByEmail(ctx context.Context, a desk.AccountID, email string) (desk.Person, error) {
	p, err := scanPerson(s.db.reads.QueryRowContext(ctx,
		`SELECT `+personColumns+` FROM issuer_users WHERE account_id = $1 AND email = $2 AND erased_at IS NULL`, a, email))
	return p, found(err, desk.ErrNotFound)
}

const ticketColumns = `account_id, number, version, subject, description, status, priority, kind, external_id, tags,
	requester_id, submitter_id, assignee_id, public, internal, channel, created_at, updated_at, custom`

// shownTicket are the columns of a ticket, and its group.
const shownTicket = ticketColumns + `,
	(SELECT g.group_id FROM desk_ticket_groups g WHERE g.account_id = desk_tickets.account_id AND g.ticket = desk_tickets.number)`

func scanTicket(row scanner) (v desk.Ticket, err error) {
	var tags, custom string
	var assignee, group sql.NullInt64
	var public, internal, created, updated int64
	if err := row.Scan(&v.Account, &v.Number, &v.Version, &v.Subject, &v.Description, &v.Status, &v.Priority, &v.Kind, &v.ExternalID, &tags,
		&v.Requester, &v.Submitter, &assignee, &public, &internal, &v.Channel, &created, &updated, &custom, &group); err != nil {
		return v, err
	}
	v.Tags, v.Assignee, v.Group = strings.Fields(tags), desk.UserID(assignee.Int64), desk.GroupID(group.Int64)
	v.Public, v.Internal, v.Created, v.Updated = public != 0, internal != 0, fromMicros(created), fromMicros(updated)
	v.Custom, err = customFrom(custom)
	return v, err
}

func (s deskStore) Ticket(ctx context.Context, a desk.AccountID, number int64) (desk.Ticket, error) {
	v, err := scanTicket(s.db.reads.QueryRowContext(ctx,
		`SELECT `+shownTicket+` FROM desk_tickets WHERE account_id = $1 AND number = $2`, a, number))
	return v, found(err, desk.ErrNotFound)
}

func (s deskStore) Tickets(ctx context.Context, a desk.AccountID, f desk.Filter, r desk.Range) (desk.Page[desk.Ticket], error) {
	from, args := `desk_tickets WHERE account_id = $1`, []any{a}
	with := func(condition string, arg any) {
		args = append(args, arg)
		from += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Requester != 0 {
		with(`requester_id = $%d`, f.Requester)
	}
	if f.Assignee != 0 {
		with(`assignee_id = $%d`, f.Assignee)
	}
	if f.Group != 0 {
		with(`EXISTS (SELECT 1 FROM desk_ticket_groups g
			WHERE g.account_id = desk_tickets.account_id AND g.ticket = desk_tickets.number AND g.group_id = $%d)`, f.Group)
	}
	if f.ExternalID != "" {
		with(`external_id = $%d`, f.ExternalID)
	}
	if f.PublicOnly {
		with(`public = $%d`, truth(true))
	}
	page, err := listed(ctx, s.db, issuer.Range(r), shownTicket, from, `number`, scanTicket, args...)
	return desk.Page[desk.Ticket](page), err
}

// OpenTicket moves the account's counter, where those who open tickets at the
// same moment wait for each other.
func (s deskStore) OpenTicket(ctx context.Context, o desk.Opening, spent []desk.Upload) (desk.Opening, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO desk_counters (account_id, tickets) VALUES ($1, 1)
			ON CONFLICT (account_id) DO UPDATE SET tickets = desk_counters.tickets + 1
			RETURNING tickets`, o.Ticket.Account).Scan(&o.Ticket.Number); err != nil {
			return err
		}
		audit, err := addTicket(ctx, t, o)
		if err != nil {
			return err
		}
		o.Audit = audit
		return spend(ctx, t, o.Audit, spent)
	})
	return o, err
}

func addTicket(ctx context.Context, t *tx, o desk.Opening) (desk.Audit, error) {
	v := o.Ticket
	custom, err := customText(v.Custom)
	if err != nil {
		return o.Audit, err
	}
	if _, err := t.ExecContext(ctx, `
		INSERT INTO desk_tickets (`+ticketColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		v.Account, v.Number, v.Version, v.Subject, v.Description, v.Status, v.Priority, v.Kind, v.ExternalID, strings.Join(v.Tags, " "),
		v.Requester, v.Submitter, userOrNull(v.Assignee), truth(v.Public), truth(v.Internal), v.Channel, micros(v.Created), micros(v.Updated), custom); err != nil {
		return o.Audit, err
	}
	if v.Group != 0 {
		if err := putGroup(ctx, t, v); err != nil {
			return o.Audit, err
		}
	}
	return addAudit(ctx, t, v, o.Audit)
}

func userOrNull(id desk.UserID) sql.NullInt64 {
	return sql.NullInt64{Int64: int64(id), Valid: id != 0}
}

func (s deskStore) ChangeTicket(ctx context.Context, old, next desk.Ticket, a desk.Audit, spent []desk.Upload) (desk.Audit, error) {
	custom, err := customText(next.Custom)
	if err != nil {
		return a, err
	}
	err = s.db.step(ctx, func(ctx context.Context, t *tx) (err error) {
		if err := t.swap(ctx, desk.ErrConflict, `
			UPDATE desk_tickets SET version = $1, subject = $2, status = $3, priority = $4, kind = $5, external_id = $6, tags = $7,
				requester_id = $8, assignee_id = $9, public = $10, updated_at = $11, custom = $12
			WHERE account_id = $13 AND number = $14 AND version = $15`,
			next.Version, next.Subject, next.Status, next.Priority, next.Kind, next.ExternalID, strings.Join(next.Tags, " "),
			next.Requester, userOrNull(next.Assignee), truth(next.Public), micros(next.Updated), custom,
			old.Account, old.Number, old.Version); err != nil {
			return err
		}
		if next.Group != old.Group {
			if err := putGroup(ctx, t, next); err != nil {
				return err
			}
		}
		if a, err = addAudit(ctx, t, next, a); err != nil {
			return err
		}
		return spend(ctx, t, a, spent)
	})
	return a, err
}

func (s deskStore) DeleteTicket(ctx context.Context, v desk.Ticket) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, desk.ErrConflict,
			`DELETE FROM desk_tickets WHERE account_id = $1 AND number = $2 AND version = $3`, v.Account, v.Number, v.Version)
	})
}
