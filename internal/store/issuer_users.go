package store

import (
	"context"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) AddAccount(ctx context.Context, a issuer.Account, e issuer.Event) (issuer.Account, error) {
	err := s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO issuer_accounts (subdomain, name, era, basic_auth, password_access, token_access, password_grant,
				token_format, revoke_replayed, chat, plan, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) RETURNING id`,
			a.Subdomain, a.Name, a.Era, a.BasicAuth, truth(a.PasswordAccess), truth(a.TokenAccess), truth(a.PasswordGrant),
			a.TokenFormat, truth(a.RevokeReplayed), a.Chat, a.Plan, micros(a.Created)).Scan(&a.ID); err != nil {
			return taken(err)
		}
		e.Account = a.ID
		return addEventOf(ctx, t, e, int64(a.ID))
	})
	return a, err
}

func (s issuerStore) UserPage(ctx context.Context, a issuer.AccountID, r issuer.Range) (issuer.Page[issuer.User], error) {
	return listed(ctx, s.db, r, userColumns, `issuer_users WHERE account_id = $1 AND erased_at IS NULL`, "id", scanUser, a)
}

func (s issuerStore) AddUser(ctx context.Context, u issuer.User, e issuer.Event) (issuer.User, error) {
	err := s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO issuer_users (account_id, email, name, role, password_hash, suspended, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
			u.Account, u.Email, u.Name, u.Role, u.PasswordHash, truth(u.Suspended), micros(u.Created), micros(u.Updated)).Scan(&u.ID); err != nil {
			return taken(err)
		}
		return addEventOf(ctx, t, e, int64(u.ID))
	})
	return u, err
}

func (s issuerStore) ReplaceUser(ctx context.Context, old, next issuer.User, admin issuer.UserID, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := standing(ctx, t, old.Account, admin); err != nil {
			return err
		}
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_users SET name = $1, role = $2, password_hash = $3, suspended = $4, updated_at = $5
			WHERE account_id = $6 AND id = $7 AND updated_at = $8 AND erased_at IS NULL`,
			next.Name, next.Role, next.PasswordHash, truth(next.Suspended), micros(next.Updated),
			old.Account, old.ID, micros(old.Updated)); err != nil {
			return err
		}
		if next.PasswordHash != old.PasswordHash {
			if err := endSessions(ctx, t, old); err != nil {
				return err
			}
		}
		return addIssuerEvent(ctx, t, e)
	})
}

// standing holds that an admin still is one. Both statements write what is there:
// on PostgreSQL the first has steps that take away admins of one account wait for
// one another, each before it looks, and the second has others wait.
func standing(ctx context.Context, t *tx, a issuer.AccountID, admin issuer.UserID) error {
	if admin == 0 {
		return nil
	}
	if _, err := t.ExecContext(ctx, `UPDATE issuer_accounts SET name = name WHERE id = $1`, a); err != nil {
		return err
	}
	return t.swap(ctx, issuer.ErrForbidden, `
		UPDATE issuer_users SET name = name
		WHERE account_id = $1 AND id = $2 AND role = $3 AND suspended = 0 AND erased_at IS NULL`, a, admin, issuer.Admin)
}

func endSessions(ctx context.Context, t *tx, u issuer.User) error {
	_, err := t.ExecContext(ctx, `DELETE FROM issuer_sessions WHERE account_id = $1 AND user_id = $2`, u.Account, u.ID)
	return err
}

// EraseUser leaves the tokens themselves for Prune, as every token that ended.
// What stands in the email's place is no email, so nobody can type it.
func (s issuerStore) EraseUser(ctx context.Context, u issuer.User, at time.Time, admin issuer.UserID, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := standing(ctx, t, u.Account, admin); err != nil {
			return err
		}
		if err := t.swap(ctx, issuer.ErrNotFound, `
			UPDATE issuer_users SET email = $1, name = $2, password_hash = '', suspended = 1, erased_at = $3, updated_at = $3
			WHERE account_id = $4 AND id = $5 AND erased_at IS NULL`,
			fmt.Sprintf("erased user %d", u.ID), issuer.ErasedName, micros(at), u.Account, u.ID); err != nil {
			return err
		}
		if err := endSessions(ctx, t, u); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM issuer_codes WHERE account_id = $1 AND user_id = $2`, u.Account, u.ID); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			UPDATE issuer_tokens SET ended_at = $1, end_reason = $2, over_at = $1
			WHERE account_id = $3 AND user_id = $4 AND ended_at IS NULL`,
			micros(at), issuer.UserErased, u.Account, u.ID); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			UPDATE issuer_events SET address = '' WHERE account_id = $1 AND actor_id = $2`, u.Account, u.ID); err != nil {
			return err
		}
		// Whoever failed to sign in was nobody yet, and most likely this user.
		if _, err := t.ExecContext(ctx, `
			UPDATE issuer_events SET address = '' WHERE account_id = $1 AND object = $2 AND action = $3`,
			u.Account, fmt.Sprintf("user %d", u.ID), issuer.ActionSignInFailed); err != nil {
			return err
		}
		if e.Actor == u.ID {
			e.Origin.Address = ""
		}
		return addIssuerEvent(ctx, t, e)
	})
}
