package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) APITokens(ctx context.Context, a issuer.AccountID, r issuer.Range) (issuer.Page[issuer.APIToken], error) {
	return listed(ctx, s.db, r, apiTokenColumns, `issuer_api_tokens WHERE account_id = $1`, "id", scanAPIToken, a)
}

func (s issuerStore) APITokenByID(ctx context.Context, a issuer.AccountID, id issuer.APITokenID) (issuer.APIToken, error) {
	v, err := scanAPIToken(s.db.reads.QueryRowContext(ctx,
		`SELECT `+apiTokenColumns+` FROM issuer_api_tokens WHERE account_id = $1 AND id = $2`, a, id))
	return v, found(err, issuer.ErrNotFound)
}

func (s issuerStore) AddAPIToken(ctx context.Context, v issuer.APIToken, e issuer.Event) (issuer.APIToken, error) {
	err := s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO issuer_api_tokens (account_id, digest, hint, description, active, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			v.Account, v.Digest.Bytes(), v.Hint, v.Description, truth(v.Active), micros(v.Created), micros(v.Updated)).Scan(&v.ID); err != nil {
			return err
		}
		return addEventOf(ctx, t, e, int64(v.ID))
	})
	return v, err
}

func (s issuerStore) ReplaceAPIToken(ctx context.Context, old, next issuer.APIToken, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_api_tokens SET description = $1, active = $2, updated_at = $3
			WHERE account_id = $4 AND id = $5 AND updated_at = $6`,
			next.Description, truth(next.Active), micros(next.Updated), old.Account, old.ID, micros(old.Updated)); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}

func (s issuerStore) DeleteAPIToken(ctx context.Context, a issuer.AccountID, id issuer.APITokenID, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrNotFound,
			`DELETE FROM issuer_api_tokens WHERE account_id = $1 AND id = $2`, a, id); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}
