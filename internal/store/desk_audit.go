package store

import (
	"context"
	"slices"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
)

// addAudit adds an audit with its events and comments, and returns it with their
// numbers.
func addAudit(ctx context.Context, t *tx, v desk.Ticket, a desk.Audit) (desk.Audit, error) {
	a.Ticket, a.Events = v.Number, slices.Clone(a.Events) // a step may be run again
	if err := t.QueryRowContext(ctx, `
		INSERT INTO desk_audits (account_id, ticket, author_id, channel, client, address, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		v.Account, v.Number, a.Author, a.Channel, a.Origin.Client, a.Origin.Address, micros(a.Created)).Scan(&a.ID); err != nil {
		return a, err
	}
	for n := range a.Events {
		e := &a.Events[n]
		if err := t.QueryRowContext(ctx, `
			INSERT INTO desk_events (account_id, ticket, audit_id, kind, field, value, previous)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			v.Account, v.Number, a.ID, e.Kind, e.Field, e.Value, e.Previous).Scan(&e.ID); err != nil {
			return a, err
		}
		if e.Comment == nil {
			continue
		}
		c := *e.Comment
		c.ID, c.Audit, c.Origin, e.Comment = e.ID, a.ID, a.Origin, &c
		if _, err := t.ExecContext(ctx, `
			INSERT INTO desk_comments (id, account_id, ticket, audit_id, author_id, body, public, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			c.ID, v.Account, v.Number, a.ID, c.Author, c.Body, truth(c.Public), micros(c.Created)); err != nil {
			return a, err
		}
	}
	return a, nil
}

const auditColumns = `id, ticket, author_id, channel, client, address, created_at`

func scanAudit(row scanner) (a desk.Audit, err error) {
	var created int64
	err = row.Scan(&a.ID, &a.Ticket, &a.Author, &a.Channel, &a.Origin.Client, &a.Origin.Address, &created)
	a.Created = fromMicros(created)
	return a, err
}

func (s deskStore) Audits(ctx context.Context, v desk.Ticket, r desk.Range) (desk.Page[desk.Audit], error) {
	page, err := listed(ctx, s.db, issuer.Range(r), auditColumns,
		`desk_audits WHERE account_id = $1 AND ticket = $2`, `id`, scanAudit, v.Account, v.Number)
	if err != nil {
		return desk.Page[desk.Audit]{}, err
	}
	return desk.Page[desk.Audit](page), s.fillAudits(ctx, v, page.Items)
}

func (s deskStore) Audit(ctx context.Context, v desk.Ticket, id int64) (desk.Audit, error) {
	a, err := scanAudit(s.db.reads.QueryRowContext(ctx,
		`SELECT `+auditColumns+` FROM desk_audits WHERE account_id = $1 AND ticket = $2 AND id = $3`, v.Account, v.Number, id))
	if err != nil {
		return a, found(err, desk.ErrNotFound)
	}
	one := []desk.Audit{a}
	err = s.fillAudits(ctx, v, one)
	return one[0], err
}

// fillAudits reads the events of audits of one ticket, and their comments.
func (s deskStore) fillAudits(ctx context.Context, v desk.Ticket, audits []desk.Audit) error {
	if len(audits) == 0 {
		return nil
	}
	at := map[int64]*desk.Audit{}
	for n := range audits {
		at[audits[n].ID] = &audits[n]
	}
	low, high := between(audits, func(a desk.Audit) int64 { return a.ID })
	type row struct {
		audit int64
		event desk.Event
	}
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT audit_id, id, kind, field, value, previous FROM desk_events
		WHERE account_id = $1 AND ticket = $2 AND audit_id >= $3 AND audit_id <= $4 ORDER BY id`, v.Account, v.Number, low, high)
	events, err := collect(rows, err, func(r scanner) (e row, err error) {
		err = r.Scan(&e.audit, &e.event.ID, &e.event.Kind, &e.event.Field, &e.event.Value, &e.event.Previous)
		return e, err
	})
	if err != nil {
		return err
	}
	rows, err = s.db.reads.QueryContext(ctx, `
		SELECT `+commentColumns+` FROM `+commentTables+` AND c.audit_id >= $3 AND c.audit_id <= $4`, v.Account, v.Number, low, high)
	comments, err := collect(rows, err, scanComment)
	if err != nil {
		return err
	}
	if err := s.fillComments(ctx, v, comments); err != nil {
		return err
	}
	for _, e := range events {
		if n := slices.IndexFunc(comments, func(c desk.Comment) bool { return c.ID == e.event.ID }); n >= 0 {
			e.event.Comment = &comments[n]
		}
		if a := at[e.audit]; a != nil {
			a.Events = append(a.Events, e.event)
		}
	}
	return nil
}

// between are the least and the greatest number of things.
func between[T any](all []T, id func(T) int64) (low, high int64) {
	low, high = id(all[0]), id(all[0])
	for _, one := range all {
		low, high = min(low, id(one)), max(high, id(one))
	}
	return low, high
}

const (
	commentColumns = `c.id, c.audit_id, c.author_id, c.body, c.public, c.created_at, a.channel, a.client, a.address`
	commentTables  = `desk_comments c JOIN desk_audits a ON a.id = c.audit_id WHERE c.account_id = $1 AND c.ticket = $2`
)

func scanComment(row scanner) (c desk.Comment, err error) {
	var public, created int64
	err = row.Scan(&c.ID, &c.Audit, &c.Author, &c.Body, &public, &created, &c.Channel, &c.Origin.Client, &c.Origin.Address)
	c.Public, c.Created = public != 0, fromMicros(created)
	return c, err
}

func (s deskStore) Comments(ctx context.Context, v desk.Ticket, publicOnly bool, r desk.Range) (desk.Page[desk.Comment], error) {
	from, args := commentTables, []any{v.Account, v.Number}
	if publicOnly {
		from, args = from+` AND c.public = $3`, append(args, truth(true))
	}
	page, err := listed(ctx, s.db, issuer.Range(r), commentColumns, from, `c.id`, scanComment, args...)
	if err != nil {
		return desk.Page[desk.Comment]{}, err
	}
	return desk.Page[desk.Comment](page), s.fillComments(ctx, v, page.Items)
}

// fillComments reads the attachments of comments of one ticket.
func (s deskStore) fillComments(ctx context.Context, v desk.Ticket, comments []desk.Comment) error {
	if len(comments) == 0 {
		return nil
	}
	low, high := between(comments, func(c desk.Comment) int64 { return c.ID })
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT f.comment_id, `+attachmentColumns+` FROM desk_attachments f JOIN desk_comments c ON c.id = f.comment_id
		WHERE c.account_id = $1 AND c.ticket = $2 AND c.id >= $3 AND c.id <= $4 ORDER BY f.id`, v.Account, v.Number, low, high)
	if err != nil {
		return err
	}
	type row struct {
		comment int64
		file    desk.Attachment
	}
	files, err := collect(rows, nil, func(r scanner) (f row, err error) {
		f.file, err = scanAttachment(prefixed{r, &f.comment})
		return f, err
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		if n := slices.IndexFunc(comments, func(c desk.Comment) bool { return c.ID == f.comment }); n >= 0 {
			comments[n].Attachments = append(comments[n].Attachments, f.file)
		}
	}
	return nil
}

// prefixed scans one column before those of a thing.
type prefixed struct {
	scanner
	first any
}

func (p prefixed) Scan(dest ...any) error { return p.scanner.Scan(append([]any{p.first}, dest...)...) }
