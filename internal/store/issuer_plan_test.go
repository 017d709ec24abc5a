package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// What is asked of millions of tokens finds its index: a condition that an index
// does not have, or one left out that a partial index wants, reads the whole table,
// and no other test would tell.
func TestTokensAreFoundByAnIndex(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		acme := newPlot(t, db.Issuer(), "acme")
		fillIn(t, dsn, db.Engine(), acme)
		account := fmt.Sprint(acme.Account.ID)
		of := `account_id = ` + account + ` AND product = 'support' AND ended_at IS NULL`
		list := func(more string) string {
			return `SELECT id FROM issuer_tokens WHERE ` + of + more + ` AND id > 0 AND id < 9007199254740991 ORDER BY id DESC LIMIT 101 OFFSET 0`
		}
		const nobody = "9007199254740991"
		for _, tt := range []struct {
			query string
			index []string // any of these
			sorts bool
		}{
			{strings.NewReplacer("$1", "1", "$2", "'revoked'", "$3", account, "$4", nobody).Replace(store.EndFamily), []string{"by_family"}, false},
			{strings.NewReplacer("$1", nobody, "$2", "25").Replace(store.PruneReplaced), []string{"by_family"}, true},
			{strings.NewReplacer("$1", nobody, "$2", "25").Replace(store.PruneLast), []string{"by_family"}, true},
			{list(""), []string{"by_account", "pkey"}, false},
			{list(` AND client_id = ` + nobody), []string{"by_client"}, false},
			{list(` AND user_id = ` + nobody), []string{"by_user"}, false},
			{`DELETE FROM issuer_tokens WHERE account_id = ` + account + ` AND user_id = ` + nobody, []string{"by_user"}, true},
		} {
			plan := planOf(t, db, tt.query)
			if !slices.ContainsFunc(tt.index, func(name string) bool { return strings.Contains(plan, "issuer_tokens_"+name) }) {
				t.Errorf("%s\ndoes not go by %s:\n%s", tt.query, tt.index, plan)
			}
			if sorts := strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort"); sorts && !tt.sorts {
				t.Errorf("%s\nsorts:\n%s", tt.query, plan)
			}
			if strings.Contains(plan, "SCAN issuer_tokens") || strings.Contains(plan, "Seq Scan on issuer_tokens") {
				t.Errorf("%s\nreads the whole table:\n%s", tt.query, plan)
			}
		}
	})
}

// fillIn adds so many tokens that PostgreSQL does not find it cheapest to read all.
func fillIn(t *testing.T, dsn string, engine store.Engine, in issuer.Plot) {
	t.Helper()
	raw, bytesOf := storetest.Raw(t, dsn), "CAST(n AS BLOB)"
	if engine == store.Postgres {
		bytesOf = "int4send(n)"
	}
	storetest.Exec(t, raw, fmt.Sprintf(`
		INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
			access_digest, access_hint, refresh_digest, refresh_hint, created_at, end_reason, over_at)
		SELECT %d, 'support', %d, %d, n, 1, 'authorization_code', 'read', 'read', %s, '', %s, '', 1, '', n FROM (
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000) SELECT n FROM numbers) AS numbers`,
		in.Account.ID, in.Clients[support].ID, in.Users[admin].ID, bytesOf, bytesOf))
	if engine == store.Postgres {
		storetest.Exec(t, raw, `ANALYZE issuer_tokens`)
	}
}

// planOf is how an engine carries out a query.
func planOf(t *testing.T, db *store.DB, query string) string {
	t.Helper()
	var plan strings.Builder
	err := db.Step(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		explain, columns := `EXPLAIN QUERY PLAN `, 4
		if db.Engine() == store.Postgres {
			explain, columns = `EXPLAIN `, 1
		}
		rows, err := tx.QueryContext(ctx, explain+query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			line := make([]any, columns)
			for n := range line {
				line[n] = new(any)
			}
			if err := rows.Scan(line...); err != nil {
				return err
			}
			fmt.Fprintln(&plan, *line[columns-1].(*any))
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return plan.String()
}
