package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
)

// usedTokenColumns are for those who ask when a token was used. Whoever presents one
// does not, and is spared the look into another table.
const usedTokenColumns = tokenColumns + `, (SELECT used_at FROM issuer_token_uses WHERE token_id = issuer_tokens.id)`

func scanUsedToken(row scanner) (issuer.Token, error) {
	var used sql.NullInt64
	v, err := scanToken(row, &used)
	v.Used = fromNull(used)
	return v, err
}

// usesAtOnce is how many uses one statement writes. There is one text for any number
// of them, which is compiled once: places that are left over name no token.
const usesAtOnce = 100

// markUses passes over tokens that are gone, or of another account. It takes them in
// one order, so that two replicas that tell of the same ones do not wait for each
// other in a circle. SQLite would take ON for that of a join, but for WHERE.
var markUses = sync.OnceValue(func() string {
	return `
	INSERT INTO issuer_token_uses (token_id, used_at)
	SELECT t.id, uses.column3 FROM (VALUES ` + usesPlaces() + `) AS uses
	JOIN issuer_tokens t ON t.id = uses.column2 AND t.account_id = uses.column1
	WHERE uses.column2 > 0 ORDER BY t.id
	ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at WHERE issuer_token_uses.used_at < excluded.used_at`
})

// usesPlaces tells PostgreSQL by the first row that all are numbers.
func usesPlaces() string {
	places := []string{`(CAST ($1 AS BIGINT), CAST ($2 AS BIGINT), CAST ($3 AS BIGINT))`}
	for n := 1; n < usesAtOnce; n++ {
		places = append(places, fmt.Sprintf(`($%d, $%d, $%d)`, 3*n+1, 3*n+2, 3*n+3))
	}
	return strings.Join(places, ", ")
}

// MarkUsed changes nothing that is remembered.
func (s issuerStore) MarkUsed(ctx context.Context, tokens map[issuer.TokenRef]time.Time, apiTokens map[issuer.APITokenRef]time.Time) error {
	inOrder := slices.SortedFunc(maps.Keys(tokens), func(a, b issuer.TokenRef) int { return cmp.Compare(a.ID, b.ID) })
	apiInOrder := slices.SortedFunc(maps.Keys(apiTokens), func(a, b issuer.APITokenRef) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	return s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) error {
		clients := map[usedClient]int64{}
		for some := range slices.Chunk(inOrder, usesAtOnce) {
			args := make([]any, 0, 3*usesAtOnce)
			for _, ref := range some {
				c, at := usedClient{ref.Account, ref.Client}, micros(tokens[ref])
				args, clients[c] = append(args, ref.Account, ref.ID, at), max(clients[c], at)
			}
			for len(args) < cap(args) {
				args = append(args, 0)
			}
			if _, err := t.ExecContext(ctx, markUses(), args...); err != nil {
				return err
			}
		}
		if err := markClients(ctx, t, clients); err != nil {
			return err
		}
		for _, ref := range apiInOrder {
			if _, err := t.ExecContext(ctx, `
				UPDATE issuer_api_tokens SET last_used_at = $1
				WHERE account_id = $2 AND id = $3 AND (last_used_at IS NULL OR last_used_at < $1)`,
				micros(apiTokens[ref]), ref.Account, ref.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

type usedClient struct {
	account issuer.AccountID
	id      issuer.ClientID
}

// markClients keeps when a client was used beyond the life of its tokens.
func markClients(ctx context.Context, t *tx, uses map[usedClient]int64) error {
	inOrder := slices.SortedFunc(maps.Keys(uses), func(a, b usedClient) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.id, b.id))
	})
	for _, c := range inOrder {
		if _, err := t.ExecContext(ctx, `
			UPDATE issuer_clients SET used_at = $1
			WHERE account_id = $2 AND id = $3 AND (used_at IS NULL OR used_at < $1)`, uses[c], c.account, c.id); err != nil {
			return err
		}
	}
	return nil
}
