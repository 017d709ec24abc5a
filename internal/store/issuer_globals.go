package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

const globalColumns = `id, product, identifier, name, description, company, kind, redirect_uris, allowed_scopes, created_at, updated_at`

func scanGlobal(row scanner) (g issuer.GlobalClient, err error) {
	var redirects, scopes string
	var created, updated int64
	err = row.Scan(&g.ID, &g.Product, &g.Identifier, &g.Name, &g.Description, &g.Company, &g.Kind, &redirects, &scopes, &created, &updated)
	g.RedirectURIs, g.AllowedScopes = linesFrom(redirects), scopeFrom(scopes)
	g.Created, g.Updated = fromMicros(created), fromMicros(updated)
	return g, err
}

// approved are the global clients that an account has clients for.
const approved = `issuer_global_clients WHERE product = $1 AND id IN (
	SELECT global_client_id FROM issuer_clients WHERE product = $1 AND account_id = $2)`

func (s issuerStore) GlobalClients(ctx context.Context, a issuer.AccountID, p issuer.Product, r issuer.Range) (issuer.Page[issuer.GlobalClient], error) {
	return listed(ctx, s.db, r, globalColumns, approved, "id", scanGlobal, p, a)
}

func (s issuerStore) GlobalClient(ctx context.Context, a issuer.AccountID, p issuer.Product, id issuer.GlobalClientID) (issuer.GlobalClient, error) {
	g, err := scanGlobal(s.db.reads.QueryRowContext(ctx, `SELECT `+globalColumns+` FROM `+approved+` AND id = $3`, p, a, id))
	return g, found(err, issuer.ErrNotFound)
}

func (s issuerStore) GlobalUses(ctx context.Context, a issuer.AccountID, p issuer.Product, f issuer.TokenFilter, now time.Time, r issuer.Range) (issuer.Page[issuer.GlobalUse], error) {
	since := micros(now)
	if f.Expired {
		since = math.MinInt64 // nothing expired before that
	}
	const counted = `FROM issuer_tokens t
		WHERE t.account_id = c.account_id AND t.product = c.product AND t.client_id = c.id AND t.ended_at IS NULL
		AND (t.access_expires_at IS NULL OR t.access_expires_at > $1)`
	from, args := `(
		SELECT c.global_client_id AS id, (SELECT count(*) `+counted+`) AS tokens, c.used_at AS used
		FROM issuer_clients c
		WHERE c.account_id = $2 AND c.product = $3 AND c.global_client_id IS NOT NULL) AS uses WHERE id = id`, []any{since, a, p}
	if f.Global != 0 {
		from, args = from+` AND id = $4`, append(args, f.Global)
	}
	return listed(ctx, s.db, r, `id, tokens, used`, from, "id", func(row scanner) (u issuer.GlobalUse, err error) {
		var used sql.NullInt64
		err = row.Scan(&u.ID, &u.Tokens, &used)
		u.Used = fromNull(used)
		return u, err
	}, args...)
}

// PlantGlobal looks before it inserts and inserts with ON CONFLICT DO NOTHING,
// as Plant does.
func (s issuerStore) PlantGlobal(ctx context.Context, want issuer.GlobalClient, accounts []string) (have issuer.GlobalClient, err error) {
	err = s.step(ctx, func(ctx context.Context, t *tx) error {
		p := planter{t: t, at: want.Created}
		if have, err = p.global(ctx, want); err != nil {
			return err
		}
		for _, subdomain := range accounts {
			if err := p.approve(ctx, have, subdomain); err != nil {
				return fmt.Errorf("account %s: %w", subdomain, err)
			}
		}
		return nil
	})
	return have, err
}

func (p planter) global(ctx context.Context, want issuer.GlobalClient) (issuer.GlobalClient, error) {
	have, isNew, err := missing(ctx, func() (issuer.GlobalClient, error) {
		return scanGlobal(p.t.QueryRowContext(ctx,
			`SELECT `+globalColumns+` FROM issuer_global_clients WHERE product = $1 AND identifier = $2`, want.Product, want.Identifier))
	}, func() (bool, error) {
		return p.insert(ctx, `
			INSERT INTO issuer_global_clients (product, identifier, name, description, company, kind, redirect_uris, allowed_scopes, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (product, identifier) DO NOTHING`,
			want.Product, want.Identifier, want.Name, want.Description, want.Company, want.Kind,
			lines(want.RedirectURIs), want.AllowedScopes.String(), micros(p.at))
	})
	if err != nil {
		return have, err
	}
	if isNew {
		for _, v := range want.Secrets {
			if _, err := p.insert(ctx, `
				INSERT INTO issuer_global_client_secrets (global_client_id, digest, hint, created_at, expires_at)
				VALUES ($1, $2, $3, $4, $5)`, have.ID, v.Digest.Bytes(), v.Hint, micros(v.Created), orNull(v.Expires)); err != nil {
				return have, fmt.Errorf("its secret: %w", err)
			}
		}
	}
	rows, err := p.t.QueryContext(ctx, `
		SELECT digest, hint, created_at, expires_at FROM issuer_global_client_secrets WHERE global_client_id = $1`, have.ID)
	have.Secrets, err = collect(rows, err, scanClientSecret)
	return have, err
}

// errLocal says that a client of the account itself has the identifier: it came
// there before such identifiers were kept for global clients.
var errLocal = errors.New("a client of its own has the identifier")

// approve gives an account the client that stands for a global one.
func (p planter) approve(ctx context.Context, g issuer.GlobalClient, subdomain string) error {
	a, err := scanAccount(p.t.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM issuer_accounts WHERE subdomain = $1`, subdomain))
	if err != nil {
		return found(err, issuer.ErrNotFound)
	}
	p.into = a.ID
	c, isNew, err := missing(ctx, func() (issuer.Client, error) {
		return scanClient(p.t.QueryRowContext(ctx,
			`SELECT `+clientColumns+` FROM issuer_clients WHERE account_id = $1 AND product = $2 AND identifier = $3`, a.ID, g.Product, g.Identifier))
	}, func() (bool, error) {
		admin, err := scanUser(p.t.QueryRowContext(ctx,
			`SELECT `+userColumns+` FROM issuer_users WHERE account_id = $1 AND role = $2 AND erased_at IS NULL ORDER BY id LIMIT 1`, a.ID, issuer.Admin))
		if err != nil {
			return false, fmt.Errorf("its admin: %w", found(err, issuer.ErrNotFound))
		}
		c := g.Approved(a.ID, admin.ID, p.at)
		return p.insert(ctx, `
			INSERT INTO issuer_clients (account_id, product, identifier, name, description, company, kind, user_id,
				redirect_uris, allowed_scopes, era, any_loopback_port, global_client_id, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
			ON CONFLICT (account_id, product, identifier) DO NOTHING`,
			c.Account, c.Product, c.Identifier, c.Name, c.Description, c.Company, c.Kind, c.User,
			lines(c.RedirectURIs), c.AllowedScopes.String(), c.Era, truth(c.AnyLoopbackPort), c.Global, micros(p.at))
	})
	switch {
	case err != nil:
		return err
	case c.Global != g.ID:
		return errLocal
	}
	return p.record(ctx, isNew, issuer.ActionClientCreated, c.Noun(), int64(c.ID))
}
