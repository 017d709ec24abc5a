package store_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// Uses of before 0006 are still known after it.
func TestUsesThatWereThereBefore(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.Empty(t, engine)
			raw := before(t, dsn, engine, "issuer", "0006_token_uses.sql")
			plantTokenOwner(t, raw)
			for n, used := range []sql.NullInt64{{Int64: 500, Valid: true}, {}, {Int64: 300, Valid: true}} {
				if _, err := raw.ExecContext(t.Context(), `
					INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope, access_digest, access_hint,
						refresh_hint, created_at, used_at, end_reason)
					VALUES (1, 'support', 1, 1, 1, 1, 'api', 'read', 'read', $1, $2, '', 100, $3, '')`,
					fmt.Appendf(nil, "access %d", n), fmt.Sprint("token ", n), used); err != nil {
					t.Fatal(err)
				}
			}
			db, err := store.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if err := db.MigrateIssuer(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := map[string]int64{}
			found, err := raw.QueryContext(t.Context(), `SELECT t.access_hint, u.used_at FROM issuer_token_uses u JOIN issuer_tokens t ON t.id = u.token_id`)
			if err != nil {
				t.Fatal(err)
			}
			defer found.Close()
			for found.Next() {
				var name string
				var used int64
				if err := found.Scan(&name, &used); err != nil {
					t.Fatal(err)
				}
				got[name] = used
			}
			if diff := cmp.Diff(map[string]int64{"token 0": 500, "token 2": 300}, got); diff != "" || found.Err() != nil {
				t.Errorf("used at (-want +got):\n%s%v", diff, found.Err())
			}
		})
	}
}
