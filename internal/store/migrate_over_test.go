package store_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// before makes the tables of a part as they were before a migration.
func before(t *testing.T, dsn string, engine store.Engine, part, file string) *sql.DB {
	t.Helper()
	older := fstest.MapFS{}
	dir := "migrations/" + string(engine) + "/" + part
	files, err := fs.ReadDir(store.Migrations(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() >= file {
			break
		}
		text, err := fs.ReadFile(store.Migrations(), dir+"/"+f.Name())
		if err != nil {
			t.Fatal(err)
		}
		older[f.Name()] = &fstest.MapFile{Data: text}
	}
	raw := storetest.Raw(t, dsn)
	dialect := map[store.Engine]goose.Dialect{store.SQLite: goose.DialectSQLite3, store.Postgres: goose.DialectPostgres}[engine]
	provider, err := goose.NewProvider(dialect, raw, older, goose.WithTableName(part+"_migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return raw
}

// plantTokenOwner adds what a token needs: an account, its admin and a client, each 1.
func plantTokenOwner(t *testing.T, raw *sql.DB) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO issuer_accounts (id, subdomain, name, era, basic_auth, password_access, token_access, password_grant, token_format, revoke_replayed, chat, plan, created_at, updated_at)
			VALUES (1, 'acme', 'Acme', 'enforced', 'allowed', 1, 1, 0, '', 0, 'support', 'none', 1, 1)`,
		`INSERT INTO issuer_users (id, account_id, email, name, role, password_hash, suspended, created_at, updated_at)
			VALUES (1, 1, 'ada@acme.example', 'Ada', 'admin', '', 0, 1, 1)`,
		`INSERT INTO issuer_clients (id, account_id, product, identifier, name, description, company, kind, user_id, redirect_uris, allowed_scopes, era, any_loopback_port, created_at, updated_at)
			VALUES (1, 1, 'support', 'app', 'App', '', '', 'confidential', 1, '', '', '', 0, 1, 1)`,
	} {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// Tokens of before 0004 are over at the moment that a new one of their kind would be:
// pruning takes none that can still be used, or whose replay is still to be known.
func TestTokensThatWereThereBeforeOver(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.Empty(t, engine)
			raw := before(t, dsn, engine, "issuer", "0004_over.sql")
			plantTokenOwner(t, raw)
			const never = -1 // NULL
			rows := []struct {
				name                   string
				family, generation     int64
				access, refresh, ended int64
				hasRefresh             bool
				reason                 string
				over                   int64
			}{
				{"lives, without an end", 1, 1, never, never, never, false, "", never},
				{"lives, without a refresh token", 2, 1, 500, never, never, false, "", 500},
				{"lives, a pair", 3, 1, 500, 900, never, true, "", 900},
				{"lives, a pair whose refresh token ends first", 4, 1, 900, 500, never, true, "", 900},
				{"lives, a pair whose refresh token has no end", 5, 1, 500, never, never, true, "", never},
				{"lives, a pair whose access token has no end", 6, 1, never, 900, never, true, "", never},
				{"revoked", 7, 1, 500, 900, 300, true, "revoked", 300},
				{"replaced, and the next one lives", 8, 1, 500, 900, 300, true, "replaced", never},
				{"the next one", 8, 2, 600, 1000, never, true, "", 1000},
				{"replaced, and the next one was revoked", 9, 1, 500, 900, 300, true, "replaced", never},
				{"the next one, revoked", 9, 2, 600, 1000, 400, true, "revoked", 400},
				{"replaced, and the next one is gone", 10, 1, 500, 900, 300, true, "replaced", 300},
				{"replaced, the first of three", 11, 1, 500, 900, 300, true, "replaced", never},
				{"replaced, the second of three", 11, 2, 600, 1000, 400, true, "replaced", never},
				{"the third of three", 11, 3, 700, 1100, never, true, "", 1100},
			}
			null := func(n int64) sql.NullInt64 { return sql.NullInt64{Int64: n, Valid: n != never} }
			want := map[string]int64{}
			for n, r := range rows {
				want[r.name] = r.over
				var refresh []byte
				if r.hasRefresh {
					refresh = fmt.Appendf(nil, "refresh %d", n)
				}
				if _, err := raw.ExecContext(t.Context(), `
					INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope, access_digest, access_hint,
						access_expires_at, refresh_digest, refresh_hint, refresh_expires_at, created_at, ended_at, end_reason)
					VALUES (1, 'support', 1, 1, $1, $2, 'api', 'read', 'read', $3, $4, $5, $6, '', $7, 100, $8, $9)`,
					r.family, r.generation, fmt.Appendf(nil, "access %d", n), r.name, null(r.access), refresh, null(r.refresh), null(r.ended), r.reason); err != nil {
					t.Fatalf("%s: %v", r.name, err)
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
			found, err := raw.QueryContext(t.Context(), `SELECT access_hint, over_at FROM issuer_tokens`)
			if err != nil {
				t.Fatal(err)
			}
			defer found.Close()
			for found.Next() {
				var name string
				var over sql.NullInt64
				if err := found.Scan(&name, &over); err != nil {
					t.Fatal(err)
				}
				got[name] = never
				if over.Valid {
					got[name] = over.Int64
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || found.Err() != nil {
				t.Errorf("over at (-want +got):\n%s%v", diff, found.Err())
			}
		})
	}
}
