package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
)

// What is asked of millions of tokens finds its index: a condition that an index
// does not have, or one left out that a partial index wants, reads the whole table,
// and no other test would tell.
func TestTokensAreFoundByAnIndex(t *testing.T) {
	const of = `account_id = 1 AND product = 'support' AND ended_at IS NULL`
	list := func(more string) string {
		return `SELECT id FROM issuer_tokens WHERE ` + of + more + ` AND id > 0 AND id < 9007199254740991 ORDER BY id DESC LIMIT 101 OFFSET 0`
	}
	filled := strings.NewReplacer("$1", "1", "$2", "2", "$3", "3", "$4", "4", "$5", "5")
	tests := []struct {
		query, index string
		sorts        bool
	}{
		{filled.Replace(store.EndFamily), "by_family", false},
		{filled.Replace(store.PruneReplaced), "by_family", true},
		{filled.Replace(store.PruneLast), "by_family", true},
		{list(""), "by_account", false},
		{list(" AND client_id = 7 "), "by_client", false},
		{list(" AND user_id = 7 "), "by_user", false},
		{`SELECT id FROM issuer_tokens WHERE account_id = 1 AND product = 'support' AND client_id = 7 ORDER BY id DESC LIMIT 11`, "by_client", false},
		{`SELECT consented_scope FROM issuer_tokens WHERE ` + of + ` AND client_id = 7 AND user_id = 8`, "by_", true},
		{`DELETE FROM issuer_tokens WHERE account_id = 1 AND user_id = 8`, "by_user", true},
	}
	eachDSN(t, func(t *testing.T, _ string, db *store.DB) {
		for _, tt := range tests {
			plan := planOf(t, db, tt.query)
			if !strings.Contains(plan, "issuer_tokens_"+tt.index) {
				t.Errorf("%s\ndoes not go by %s:\n%s", tt.query, tt.index, plan)
			}
			if sorts := strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "Sort"); sorts && !tt.sorts {
				t.Errorf("%s\nsorts:\n%s", tt.query, plan)
			}
		}
	})
}

// planOf is how an engine carries out a query.
func planOf(t *testing.T, db *store.DB, query string) string {
	t.Helper()
	var plan strings.Builder
	err := db.Step(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		explain, columns := `EXPLAIN QUERY PLAN `, 4
		if db.Engine() == store.Postgres {
			explain, columns = `EXPLAIN `, 1
			// A table without rows is read whole, unless that is made dear.
			if _, err := tx.ExecContext(ctx, `SET LOCAL enable_seqscan = off`); err != nil {
				return err
			}
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
