package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
)

// memberships are those of people who work on tickets, in groups that there are.
// Whoever no longer answers has theirs again when they answer again.
const (
	membershipColumns = `m.id, m.account_id, m.user_id, m.group_id, m.is_default, m.created_at, m.updated_at`
	memberships       = `desk_memberships m
		JOIN issuer_users u ON u.account_id = m.account_id AND u.id = m.user_id AND u.erased_at IS NULL AND u.role <> 'end-user'
		JOIN desk_groups g ON g.account_id = m.account_id AND g.id = m.group_id AND g.deleted = 0
		WHERE m.account_id = $1`
)

func scanMembership(row scanner) (m desk.Membership, err error) {
	var isDefault, created, updated int64
	err = row.Scan(&m.ID, &m.Account, &m.User, &m.Group, &isDefault, &created, &updated)
	m.Default, m.Created, m.Updated = isDefault != 0, fromMicros(created), fromMicros(updated)
	return m, err
}

func (s deskStore) Membership(ctx context.Context, a desk.AccountID, id int64) (desk.Membership, error) {
	m, err := scanMembership(s.db.reads.QueryRowContext(ctx, `SELECT `+membershipColumns+` FROM `+memberships+` AND m.id = $2`, a, id))
	return m, found(err, desk.ErrNotFound)
}

func (s deskStore) Memberships(ctx context.Context, a desk.AccountID, f desk.MembershipFilter, r desk.Range) (desk.Page[desk.Membership], error) {
	from, args := memberships, []any{a}
	if f.User != 0 {
		args = append(args, f.User)
		from += fmt.Sprintf(` AND m.user_id = $%d`, len(args))
	}
	if f.Group != 0 {
		args = append(args, f.Group)
		from += fmt.Sprintf(` AND m.group_id = $%d`, len(args))
	}
	page, err := listed(ctx, s.db, issuer.Range(r), membershipColumns, from, `m.id`, scanMembership, args...)
	return desk.Page[desk.Membership](page), err
}

func (s deskStore) GroupsOf(ctx context.Context, a desk.AccountID, of desk.UserID, r desk.Range) (desk.Page[desk.Group], error) {
	page, err := listed(ctx, s.db, issuer.Range(r), groupColumns, `desk_groups WHERE account_id = $1 AND deleted = 0 AND EXISTS (
		SELECT 1 FROM desk_memberships m WHERE m.account_id = desk_groups.account_id AND m.group_id = desk_groups.id AND m.user_id = $2)`,
		`id`, scanGroup, a, of)
	return desk.Page[desk.Group](page), err
}

// DefaultGroup is asked for with every user that is shown, so it is remembered.
func (s deskStore) DefaultGroup(ctx context.Context, a desk.AccountID, of desk.UserID) (desk.GroupID, error) {
	return s.db.recent.defaultGroups.get(userKey{issuer.AccountID(a), issuer.UserID(of)}, func() (group desk.GroupID, err error) {
		err = s.db.reads.QueryRowContext(ctx,
			`SELECT group_id FROM desk_memberships WHERE account_id = $1 AND user_id = $2 AND is_default = 1`, a, of).Scan(&group)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, nil
		}
		return group, err
	})
}

// memberStep is a step that changes who is where.
func (s deskStore) memberStep(ctx context.Context, f func(ctx context.Context, t *tx) error) error {
	return s.db.stepThen(ctx, s.db.recent.defaultGroups.forgetAll, f)
}

func (s deskStore) AddMembership(ctx context.Context, m desk.Membership) (desk.Membership, error) {
	err := s.memberStep(ctx, func(ctx context.Context, t *tx) error {
		var isDefault int64
		err := t.QueryRowContext(ctx, `
			INSERT INTO desk_memberships (account_id, user_id, group_id, is_default, created_at, updated_at)
			VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT (account_id, user_id, group_id) DO NOTHING RETURNING id`,
			m.Account, m.User, m.Group, micros(m.Created), micros(m.Updated)).Scan(&m.ID)
		if err != nil {
			return found(err, desk.ErrConflict)
		}
		if err := eldestIsDefault(ctx, t, m.Account); err != nil {
			return err
		}
		err = t.QueryRowContext(ctx, `SELECT is_default FROM desk_memberships WHERE account_id = $1 AND id = $2`, m.Account, m.ID).Scan(&isDefault)
		m.Default = isDefault != 0
		return err
	})
	return m, err
}

// eldestIsDefault gives each user of an account who is in a group, and has no
// default one, the eldest.
func eldestIsDefault(ctx context.Context, t *tx, a desk.AccountID) error {
	_, err := t.ExecContext(ctx, `
		UPDATE desk_memberships SET is_default = 1 WHERE account_id = $1
		AND NOT EXISTS (SELECT 1 FROM desk_memberships d
			WHERE d.account_id = desk_memberships.account_id AND d.user_id = desk_memberships.user_id AND (d.is_default = 1 OR d.id < desk_memberships.id))`, a)
	if errors.Is(taken(err), issuer.ErrTaken) {
		return desk.ErrConflict // another process was faster
	}
	return err
}

func (s deskStore) MakeDefault(ctx context.Context, m desk.Membership, now time.Time) error {
	return s.memberStep(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			UPDATE desk_memberships SET is_default = 0, updated_at = $1 WHERE account_id = $2 AND user_id = $3 AND is_default = 1 AND id <> $4`,
			micros(now), m.Account, m.User, m.ID); err != nil {
			return err
		}
		err := t.swap(ctx, desk.ErrConflict, `UPDATE desk_memberships SET is_default = 1, updated_at = $1 WHERE account_id = $2 AND id = $3`,
			micros(now), m.Account, m.ID)
		if errors.Is(taken(err), issuer.ErrTaken) {
			return desk.ErrConflict
		}
		return err
	})
}

func (s deskStore) DeleteMembership(ctx context.Context, m desk.Membership) error {
	return s.memberStep(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, desk.ErrConflict, `DELETE FROM desk_memberships WHERE account_id = $1 AND id = $2`, m.Account, m.ID); err != nil {
			return err
		}
		return eldestIsDefault(ctx, t, m.Account)
	})
}

// DeleteGroup marks a group as deleted and ends its memberships.
func (s deskStore) DeleteGroup(ctx context.Context, old, next desk.Group) error {
	return s.memberStep(ctx, func(ctx context.Context, t *tx) error {
		if err := swapGroup(ctx, t, old, next); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM desk_memberships WHERE account_id = $1 AND group_id = $2`, old.Account, old.ID); err != nil {
			return err
		}
		return eldestIsDefault(ctx, t, old.Account)
	})
}
