package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
)

const groupColumns = `id, account_id, version, name, description, public, deleted, created_at, updated_at`

func scanGroup(row scanner) (g desk.Group, err error) {
	var public, deleted, created, updated int64
	err = row.Scan(&g.ID, &g.Account, &g.Version, &g.Name, &g.Description, &public, &deleted, &created, &updated)
	g.Public, g.Deleted, g.Created, g.Updated = public != 0, deleted != 0, fromMicros(created), fromMicros(updated)
	return g, err
}

func (s deskStore) Group(ctx context.Context, a desk.AccountID, id desk.GroupID) (desk.Group, error) {
	g, err := scanGroup(s.db.reads.QueryRowContext(ctx,
		`SELECT `+groupColumns+` FROM desk_groups WHERE account_id = $1 AND id = $2`, a, id))
	return g, found(err, desk.ErrNotFound)
}

func (s deskStore) Groups(ctx context.Context, a desk.AccountID, withDeleted bool, r desk.Range) (desk.Page[desk.Group], error) {
	from, args := `desk_groups WHERE account_id = $1`, []any{a}
	if !withDeleted {
		from, args = from+` AND deleted = $2`, append(args, truth(false))
	}
	page, err := listed(ctx, s.db, issuer.Range(r), groupColumns, from, `id`, scanGroup, args...)
	return desk.Page[desk.Group](page), err
}

func (s deskStore) AddGroup(ctx context.Context, g desk.Group) (desk.Group, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.QueryRowContext(ctx, `
			INSERT INTO desk_groups (account_id, version, name, description, public, deleted, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			g.Account, g.Version, g.Name, g.Description, truth(g.Public), truth(g.Deleted), micros(g.Created), micros(g.Updated)).Scan(&g.ID)
	})
	return g, err
}

func (s deskStore) ChangeGroup(ctx context.Context, old, next desk.Group) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error { return swapGroup(ctx, t, old, next) })
}

func swapGroup(ctx context.Context, t *tx, old, next desk.Group) error {
	return t.swap(ctx, desk.ErrConflict, `
		UPDATE desk_groups SET version = $1, name = $2, description = $3, public = $4, deleted = $5, updated_at = $6
		WHERE account_id = $7 AND id = $8 AND version = $9`,
		next.Version, next.Name, next.Description, truth(next.Public), truth(next.Deleted), micros(next.Updated),
		old.Account, old.ID, old.Version)
}

// putGroup gives a ticket its group, or takes it away.
func putGroup(ctx context.Context, t *tx, v desk.Ticket) error {
	if v.Group == 0 {
		_, err := t.ExecContext(ctx, `DELETE FROM desk_ticket_groups WHERE account_id = $1 AND ticket = $2`, v.Account, v.Number)
		return err
	}
	_, err := t.ExecContext(ctx, `
		INSERT INTO desk_ticket_groups (account_id, ticket, group_id) VALUES ($1, $2, $3)
		ON CONFLICT (account_id, ticket) DO UPDATE SET group_id = excluded.group_id`, v.Account, v.Number, v.Group)
	return err
}
