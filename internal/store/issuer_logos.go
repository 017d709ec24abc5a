package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) Logo(ctx context.Context, a issuer.AccountID, name string) (png []byte, err error) {
	err = s.db.reads.QueryRowContext(ctx,
		`SELECT png FROM issuer_client_logos WHERE account_id = $1 AND name = $2 LIMIT 1`, a, name).Scan(&png)
	return png, found(err, issuer.ErrNotFound)
}

func replaceLogo(ctx context.Context, t *tx, c issuer.Client) error {
	if _, err := t.ExecContext(ctx, `
		DELETE FROM issuer_client_logos WHERE account_id = $1 AND product = $2 AND client_id = $3`,
		c.Account, c.Product, c.ID); err != nil {
		return err
	}
	return addLogo(ctx, t, c)
}

func addLogo(ctx context.Context, t *tx, c issuer.Client) error {
	if c.Logo.Name == "" {
		return nil
	}
	_, err := t.ExecContext(ctx, `
		INSERT INTO issuer_client_logos (account_id, product, client_id, name, png) VALUES ($1, $2, $3, $4, $5)`,
		c.Account, c.Product, c.ID, c.Logo.Name, c.Logo.PNG)
	return err
}
