package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// Plant looks before it inserts, so that planting again burns no numbers, and
// still inserts with ON CONFLICT DO NOTHING, because another process may have
// planted in between. On PostgreSQL such an insert waits for the other's commit,
// and the look that follows sees its row.
func (s issuerStore) Plant(ctx context.Context, want issuer.Plot, creator string) (have issuer.Plot, err error) {
	err = s.step(ctx, func(ctx context.Context, t *tx) error {
		p := planter{t: t, at: want.Account.Created}
		have = issuer.Plot{}
		if have.Account, err = p.account(ctx, want.Account); err != nil {
			return fmt.Errorf("account: %w", err)
		}
		p.into = have.Account.ID
		for _, u := range want.Users {
			if u, err = p.user(ctx, u); err != nil {
				return fmt.Errorf("user %s: %w", u.Email, err)
			}
			have.Users = append(have.Users, u)
		}
		for _, c := range want.Clients {
			if c, err = p.client(ctx, c, creator); err != nil {
				return fmt.Errorf("client %s: %w", c.Identifier, err)
			}
			have.Clients = append(have.Clients, c)
		}
		for _, v := range want.APITokens {
			if v, err = p.apiToken(ctx, v); err != nil {
				return fmt.Errorf("API token: %w", err)
			}
			have.APITokens = append(have.APITokens, v)
		}
		return nil
	})
	return have, err
}

// planter is one planting on its way.
type planter struct {
	t    *tx
	at   time.Time
	into issuer.AccountID
}

// missing runs add when a look finds nothing, and looks again. What add reports
// as new goes into the audit trail.
func missing[T any](ctx context.Context, look func() (T, error), add func() (new bool, err error)) (T, bool, error) {
	v, err := look()
	if !errors.Is(err, sql.ErrNoRows) {
		return v, false, err
	}
	isNew, err := add()
	if err != nil {
		return v, false, err
	}
	v, err = look()
	return v, isNew, err
}

// insert tells whether its row is new.
func (p planter) insert(ctx context.Context, query string, args ...any) (bool, error) {
	result, err := p.t.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// record writes that something was planted.
func (p planter) record(ctx context.Context, isNew bool, action issuer.Action, kind string, id int64) error {
	if !isNew {
		return nil
	}
	return addIssuerEvent(ctx, p.t, issuer.Event{
		Account: p.into, At: p.at, Action: action, Object: fmt.Sprintf("%s %d", kind, id), Detail: issuer.DetailPlanted,
	})
}

func (p planter) account(ctx context.Context, a issuer.Account) (issuer.Account, error) {
	have, isNew, err := missing(ctx, func() (issuer.Account, error) {
		return scanAccount(p.t.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM issuer_accounts WHERE subdomain = $1`, a.Subdomain))
	}, func() (bool, error) {
		return p.insert(ctx, `
			INSERT INTO issuer_accounts (subdomain, name, era, basic_auth, password_access, token_access, password_grant,
				token_format, revoke_replayed, chat, plan, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) ON CONFLICT (subdomain) DO NOTHING`,
			a.Subdomain, a.Name, a.Era, a.BasicAuth, truth(a.PasswordAccess), truth(a.TokenAccess), truth(a.PasswordGrant),
			a.TokenFormat, truth(a.RevokeReplayed), a.Chat, a.Plan, micros(p.at))
	})
	if err != nil {
		return a, err
	}
	p.into = have.ID
	return have, p.record(ctx, isNew, issuer.ActionAccountCreated, "account", int64(have.ID))
}

func (p planter) user(ctx context.Context, u issuer.User) (issuer.User, error) {
	have, isNew, err := missing(ctx, func() (issuer.User, error) {
		return scanUser(p.t.QueryRowContext(ctx,
			`SELECT `+userColumns+` FROM issuer_users WHERE account_id = $1 AND email = $2`, p.into, u.Email))
	}, func() (bool, error) {
		return p.insert(ctx, `
			INSERT INTO issuer_users (account_id, email, name, role, password_hash, suspended, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (account_id, email) DO NOTHING`,
			p.into, u.Email, u.Name, u.Role, u.PasswordHash, truth(u.Suspended), micros(p.at))
	})
	if err != nil {
		return u, err
	}
	return have, p.record(ctx, isNew, issuer.ActionUserCreated, "user", int64(have.ID))
}

// client gives secrets to a client that is new, and to no other: one that was
// taken away must not come back by a restart.
func (p planter) client(ctx context.Context, c issuer.Client, creator string) (issuer.Client, error) {
	have, isNew, err := missing(ctx, func() (issuer.Client, error) {
		return scanClient(p.t.QueryRowContext(ctx,
			`SELECT `+clientColumns+` FROM issuer_clients WHERE account_id = $1 AND product = $2 AND identifier = $3`,
			p.into, c.Product, c.Identifier))
	}, func() (bool, error) {
		admin, err := scanUser(p.t.QueryRowContext(ctx,
			`SELECT `+userColumns+` FROM issuer_users WHERE account_id = $1 AND email = $2`, p.into, creator))
		if err != nil {
			return false, fmt.Errorf("its creator: %w", found(err, issuer.ErrNotFound))
		}
		return p.insert(ctx, `
			INSERT INTO issuer_clients (account_id, product, identifier, name, description, company, kind, user_id,
				redirect_uris, allowed_scopes, era, any_loopback_port, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
			ON CONFLICT (account_id, product, identifier) DO NOTHING`,
			p.into, c.Product, c.Identifier, c.Name, c.Description, c.Company, c.Kind, admin.ID,
			lines(c.RedirectURIs), c.AllowedScopes.String(), c.Era, truth(c.AnyLoopbackPort), micros(p.at))
	})
	if err != nil {
		return c, err
	}
	if isNew {
		if err := p.secrets(ctx, have, c.Secrets); err != nil {
			return c, err
		}
	}
	rows, err := p.t.QueryContext(ctx, `
		SELECT digest, hint, created_at, expires_at FROM issuer_client_secrets
		WHERE account_id = $1 AND product = $2 AND client_id = $3`, p.into, c.Product, have.ID)
	if have.Secrets, err = collect(rows, err, scanClientSecret); err != nil {
		return c, err
	}
	return have, p.record(ctx, isNew, issuer.ActionClientCreated, have.Noun(), int64(have.ID))
}

func (p planter) secrets(ctx context.Context, of issuer.Client, secrets []issuer.ClientSecret) error {
	for _, s := range secrets {
		if _, err := p.insert(ctx, `
			INSERT INTO issuer_client_secrets (account_id, product, client_id, digest, hint, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			p.into, of.Product, of.ID, s.Digest.Bytes(), s.Hint, micros(p.at), orNull(s.Expires)); err != nil {
			return fmt.Errorf("its secret: %w", err)
		}
	}
	return nil
}

func (p planter) apiToken(ctx context.Context, v issuer.APIToken) (issuer.APIToken, error) {
	var id int64
	have, isNew, err := missing(ctx, func() (issuer.APIToken, error) {
		have := issuer.APIToken{Account: p.into, Digest: v.Digest}
		var active, created, updated int64
		err := p.t.QueryRowContext(ctx, `
			SELECT id, hint, description, active, created_at, updated_at FROM issuer_api_tokens
			WHERE account_id = $1 AND digest = $2`, p.into, v.Digest.Bytes()).
			Scan(&id, &have.Hint, &have.Description, &active, &created, &updated)
		have.Active, have.Created, have.Updated = active != 0, fromMicros(created), fromMicros(updated)
		return have, err
	}, func() (bool, error) {
		return p.insert(ctx, `
			INSERT INTO issuer_api_tokens (account_id, digest, hint, description, active, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (account_id, digest) DO NOTHING`,
			p.into, v.Digest.Bytes(), v.Hint, v.Description, truth(v.Active), micros(p.at))
	})
	if err != nil {
		return v, err
	}
	return have, p.record(ctx, isNew, issuer.ActionAPITokenCreated, "api_token", id)
}
