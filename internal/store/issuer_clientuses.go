package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// ClientUse looks at the newest tokens, since they are the ones that live: what a
// refresh replaced is older than its successor. However many a client has had, it
// costs no more than most rows.
func (s issuerStore) ClientUse(ctx context.Context, c issuer.Client, now time.Time, most int) (u issuer.ClientUse, err error) {
	var used sql.NullInt64
	var seen int
	err = s.db.reads.QueryRowContext(ctx, `
		SELECT (SELECT used_at FROM issuer_clients WHERE account_id = $1 AND product = $2 AND id = $3), count(*),
			count(CASE WHEN ended_at IS NULL AND (access_expires_at IS NULL OR access_expires_at > $4
				OR (refresh_digest IS NOT NULL AND (refresh_expires_at IS NULL OR refresh_expires_at > $4))) THEN 1 END)
		FROM (
			SELECT ended_at, access_expires_at, refresh_digest, refresh_expires_at FROM issuer_tokens
			WHERE account_id = $1 AND product = $2 AND client_id = $3 ORDER BY id DESC LIMIT $5) AS newest`,
		c.Account, c.Product, c.ID, micros(now), most+1).Scan(&used, &seen, &u.Tokens)
	u.Used, u.Tokens, u.More = fromNull(used), min(u.Tokens, most), seen > most
	return u, err
}

func (s issuerStore) UsesOf(ctx context.Context, a issuer.AccountID, p issuer.Product, u issuer.UserID) (map[issuer.ClientID]time.Time, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT t.client_id, max(u.used_at) FROM issuer_tokens t JOIN issuer_token_uses u ON u.token_id = t.id
		WHERE t.account_id = $1 AND t.product = $2 AND t.user_id = $3 GROUP BY t.client_id`, a, p, u)
	type use struct {
		client issuer.ClientID
		at     time.Time
	}
	all, err := collect(rows, err, func(row scanner) (v use, err error) {
		var at int64
		err = row.Scan(&v.client, &at)
		v.at = fromMicros(at)
		return v, err
	})
	uses := map[issuer.ClientID]time.Time{}
	for _, v := range all {
		uses[v.client] = v.at
	}
	return uses, err
}
