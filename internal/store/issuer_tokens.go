package store

import (
	"context"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) Token(ctx context.Context, a issuer.AccountID, p issuer.Product, id issuer.TokenID) (issuer.Token, error) {
	v, err := scanUsedToken(s.db.reads.QueryRowContext(ctx,
		`SELECT `+usedTokenColumns+` FROM issuer_tokens WHERE account_id = $1 AND product = $2 AND id = $3`, a, p, id))
	return v, found(err, issuer.ErrNotFound)
}

// Tokens leaves a client that stands for a global one to the filter by that.
func (s issuerStore) Tokens(ctx context.Context, a issuer.AccountID, p issuer.Product, f issuer.TokenFilter, now time.Time, r issuer.Range) (issuer.Page[issuer.Token], error) {
	from, args := `issuer_tokens WHERE account_id = $1 AND product = $2 AND ended_at IS NULL`, []any{a, p}
	narrow := func(condition string, arg any) {
		args = append(args, arg)
		from += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.User != 0 {
		narrow(`user_id = $%d`, f.User)
	}
	if f.Client != 0 {
		narrow(`client_id = $%d AND client_id IN (
			SELECT id FROM issuer_clients WHERE account_id = $1 AND product = $2 AND global_client_id IS NULL)`, f.Client)
	}
	if f.Global != 0 {
		narrow(`client_id IN (
			SELECT id FROM issuer_clients WHERE account_id = $1 AND product = $2 AND global_client_id = $%d)`, f.Global)
	}
	if !f.Expired {
		narrow(`(access_expires_at IS NULL OR access_expires_at > $%d)`, micros(now))
	}
	return listed(ctx, s.db, r, usedTokenColumns, from, "id", scanUsedToken, args...)
}
