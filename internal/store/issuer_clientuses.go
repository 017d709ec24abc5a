package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

func (s issuerStore) ClientUses(ctx context.Context, a issuer.AccountID, p issuer.Product, low, high issuer.ClientID, now time.Time) (map[issuer.ClientID]issuer.ClientUse, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT client_id, count(*), max(used_at) FROM issuer_tokens
		WHERE account_id = $1 AND product = $2 AND client_id >= $3 AND client_id <= $4 AND ended_at IS NULL
		AND (access_expires_at IS NULL OR access_expires_at > $5
			OR (refresh_digest IS NOT NULL AND (refresh_expires_at IS NULL OR refresh_expires_at > $5)))
		GROUP BY client_id`, a, p, low, high, micros(now))
	type use struct {
		issuer.ClientUse
		client issuer.ClientID
	}
	all, err := collect(rows, err, func(row scanner) (u use, err error) {
		var used sql.NullInt64
		err = row.Scan(&u.client, &u.Tokens, &used)
		u.Used = fromNull(used)
		return u, err
	})
	uses := map[issuer.ClientID]issuer.ClientUse{}
	for _, u := range all {
		uses[u.client] = u.ClientUse
	}
	return uses, err
}
