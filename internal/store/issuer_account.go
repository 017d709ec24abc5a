package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) ReplaceSettings(ctx context.Context, old, next issuer.Account, e issuer.Event) error {
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_accounts SET password_access = $1, token_access = $2, basic_auth = $3, password_grant = $4,
				token_format = $5, revoke_replayed = $6, era = $7, updated_at = $8
			WHERE id = $9 AND updated_at = $10`,
			truth(next.PasswordAccess), truth(next.TokenAccess), next.BasicAuth, truth(next.PasswordGrant),
			next.TokenFormat, truth(next.RevokeReplayed), next.Era, micros(next.Updated), old.ID, micros(old.Updated)); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}
