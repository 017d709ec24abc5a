package store

import (
	"context"
	"database/sql"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) ClientPage(ctx context.Context, a issuer.AccountID, p issuer.Product, f issuer.ClientFilter, r issuer.Range) (issuer.Page[issuer.Client], error) {
	from, args := `issuer_clients WHERE account_id = $1 AND product = $2 AND global_client_id IS NULL`, []any{a, p}
	if f.User != 0 {
		from, args = from+` AND user_id = $3`, append(args, f.User)
	}
	page, err := listed(ctx, s.db, r, clientColumns, from, "id", scanClient, args...)
	if err != nil || len(page.Items) == 0 {
		return page, err
	}
	return page, s.addSecrets(ctx, a, p, page.Items)
}

// addSecrets reads the secrets of a page of clients in one go.
func (s issuerStore) addSecrets(ctx context.Context, a issuer.AccountID, p issuer.Product, clients []issuer.Client) error {
	low, high := clients[0].ID, clients[len(clients)-1].ID
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT client_id, digest, hint, created_at, expires_at FROM issuer_client_secrets
		WHERE account_id = $1 AND product = $2 AND client_id >= $3 AND client_id <= $4`, a, p, min(low, high), max(low, high))
	type owned struct {
		issuer.ClientSecret
		client issuer.ClientID
	}
	all, err := collect(rows, err, func(row scanner) (v owned, err error) {
		v.ClientSecret, err = scanClientSecret(after{row, &v.client})
		return v, err
	})
	for _, v := range all {
		for n := range clients {
			if clients[n].ID == v.client {
				clients[n].Secrets = append(clients[n].Secrets, v.ClientSecret)
			}
		}
	}
	return err
}

// after scans a first column by itself, and the rest as others do.
type after struct {
	row   scanner
	first any
}

func (a after) Scan(dest ...any) error { return a.row.Scan(append([]any{a.first}, dest...)...) }

func (s issuerStore) AddClient(ctx context.Context, c issuer.Client, e issuer.Event) (issuer.Client, error) {
	err := s.step(ctx, func(ctx context.Context, t *tx) (err error) {
		if c.ID, err = addClient(ctx, t, c); err != nil {
			return taken(err)
		}
		if err := addLogo(ctx, t, c); err != nil {
			return err
		}
		if err := addClientSecrets(ctx, t, c); err != nil {
			return err
		}
		return addEventOf(ctx, t, e, int64(c.ID))
	})
	return c, err
}

func addClient(ctx context.Context, t *tx, c issuer.Client) (id issuer.ClientID, err error) {
	global := sql.NullInt64{Int64: int64(c.Global), Valid: c.Global != 0}
	err = t.QueryRowContext(ctx, `
		INSERT INTO issuer_clients (account_id, product, identifier, name, description, company, kind, user_id,
			redirect_uris, allowed_scopes, era, any_loopback_port, global_client_id, logo, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		RETURNING id`,
		c.Account, c.Product, c.Identifier, c.Name, c.Description, c.Company, c.Kind, c.User,
		lines(c.RedirectURIs), c.AllowedScopes.String(), c.Era, truth(c.AnyLoopbackPort), global, c.Logo.Name, micros(c.Created), micros(c.Updated)).
		Scan(&id)
	return id, err
}

func addClientSecrets(ctx context.Context, t *tx, c issuer.Client) error {
	for _, v := range c.Secrets {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO issuer_client_secrets (account_id, product, client_id, digest, hint, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			c.Account, c.Product, c.ID, v.Digest.Bytes(), v.Hint, micros(v.Created), orNull(v.Expires)); err != nil {
			return err
		}
	}
	return nil
}

func (s issuerStore) ReplaceClient(ctx context.Context, old, next issuer.Client, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_clients SET identifier = $1, name = $2, description = $3, company = $4, kind = $5, user_id = $6,
				redirect_uris = $7, allowed_scopes = $8, era = $9, any_loopback_port = $10, logo = $11, updated_at = $12
			WHERE account_id = $13 AND product = $14 AND id = $15 AND updated_at = $16`,
			next.Identifier, next.Name, next.Description, next.Company, next.Kind, next.User,
			lines(next.RedirectURIs), next.AllowedScopes.String(), next.Era, truth(next.AnyLoopbackPort), next.Logo.Name, micros(next.Updated),
			old.Account, old.Product, old.ID, micros(old.Updated)); err != nil {
			return taken(err)
		}
		if next.Logo.Name != old.Logo.Name {
			if err := replaceLogo(ctx, t, next); err != nil {
				return err
			}
		}
		return addIssuerEvent(ctx, t, e)
	})
}

func (s issuerStore) ReplaceSecrets(ctx context.Context, old, next issuer.Client, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_clients SET updated_at = $1
			WHERE account_id = $2 AND product = $3 AND id = $4 AND updated_at = $5`,
			micros(next.Updated), old.Account, old.Product, old.ID, micros(old.Updated)); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			DELETE FROM issuer_client_secrets WHERE account_id = $1 AND product = $2 AND client_id = $3`,
			old.Account, old.Product, old.ID); err != nil {
			return err
		}
		if err := addClientSecrets(ctx, t, next); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}

func (s issuerStore) DeleteClient(ctx context.Context, c issuer.Client, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrNotFound, `
			DELETE FROM issuer_clients WHERE account_id = $1 AND product = $2 AND id = $3`, c.Account, c.Product, c.ID); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}
