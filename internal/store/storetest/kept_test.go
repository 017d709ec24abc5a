package storetest_test

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

const insertAccount = `INSERT INTO issuer_accounts (subdomain, name, era, basic_auth, password_access, token_access, password_grant, token_format, revoke_replayed, chat, plan, created_at, updated_at)
	VALUES ('acme', 'Acme', 'enforced', 'off', 0, 0, 0, '', 0, 'off', 'none', 1, 1)`

// What a test does to its database, and whether the next may have the same one.
var deeds = map[string]struct {
	statement string
	again     bool
}{
	"nothing":                   {`SELECT 1`, true},
	"rows":                      {insertAccount, true},
	"a column that may be null": {`ALTER TABLE issuer_accounts ALTER COLUMN subdomain DROP NOT NULL`, false},
	"a trigger": {`CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
		CREATE TRIGGER g BEFORE INSERT ON issuer_accounts FOR EACH ROW EXECUTE FUNCTION f()`, false},
	"a newer version": {`INSERT INTO issuer_migrations (version_id, is_applied) VALUES (99, true)`, false},
}

// Whatever a test leaves, the next one has all tables, no row, and numbers from 1.
func TestKeptDatabasesAreAsNew(t *testing.T) {
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) {
			var raw *sql.DB
			again := false
			for range 20 { // another package's tests may take it in between
				before := ""
				t.Run("before", func(t *testing.T) {
					raw := storetest.Raw(t, storetest.DSN(t, store.Postgres))
					before = id(t, raw)
					storetest.Exec(t, raw, deed.statement)
				})
				raw = storetest.Raw(t, storetest.DSN(t, store.Postgres))
				if again = id(t, raw) == before; again || !deed.again {
					break
				}
			}
			if again != deed.again {
				t.Errorf("the same database again: %v", again)
			}
			if n := storetest.Count(t, raw, `SELECT count(*) FROM issuer_accounts`); n != 0 {
				t.Errorf("%d accounts are left", n)
			}
			if n := storetest.Count(t, raw, insertAccount+` RETURNING id`); n != 1 {
				t.Errorf("the first account has the number %d", n)
			}
			if n := storetest.Count(t, raw, `SELECT count(*) FROM issuer_events`); n != 0 {
				t.Errorf("%d events are left", n)
			}
		})
	}
}

// id tells databases apart that have the same name, one after the other.
func id(t *testing.T, raw *sql.DB) (oid string) {
	t.Helper()
	if err := raw.QueryRowContext(t.Context(), `SELECT oid::text FROM pg_database WHERE datname = current_database()`).Scan(&oid); err != nil {
		t.Fatal(err)
	}
	return oid
}

// Two tests at the same time have a database each.
func TestNobodyHasTheSameDatabase(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			one, other := storetest.DSN(t, engine), storetest.DSN(t, engine)
			if one == other {
				t.Errorf("both have %s", one)
			}
			storetest.Exec(t, storetest.Raw(t, one), insertAccount)
			if n := storetest.Count(t, storetest.Raw(t, other), `SELECT count(*) FROM issuer_accounts`); n != 0 {
				t.Error("one sees the rows of the other")
			}
		})
	}
}

// A database that DSN names is what Open would have made of an empty one.
func TestEmptyHasNoTables(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.Empty(t, engine)
			raw := storetest.Raw(t, dsn)
			if _, err := raw.ExecContext(t.Context(), `SELECT 1 FROM issuer_accounts`); err == nil || errors.Is(err, t.Context().Err()) {
				t.Errorf("there is a table: %v", err)
			}
			storetest.Open(t, dsn)
			if n := storetest.Count(t, raw, `SELECT count(*) FROM issuer_accounts`); n != 0 {
				t.Error("there are rows")
			}
		})
	}
}
