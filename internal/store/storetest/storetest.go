// Package storetest opens databases for tests: a fresh SQLite file, and a fresh
// database on the PostgreSQL server that `make test` starts.
//
//	storetest.Each(t, func(t *testing.T, db *store.DB) { … })
//
// A test that uses it runs on both engines or fails. It never skips one.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"github.com/deskauth/deskauth/internal/store"
)

// Variable names the PostgreSQL server for tests: a postgres:// URL of a role
// that may create databases.
const Variable = "DESKAUTH_TEST_POSTGRES"

// Engines are what every store test runs on.
var Engines = []store.Engine{store.SQLite, store.Postgres}

// Each runs f once on each engine, with all tables in place.
func Each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range Engines {
		t.Run(string(engine), func(t *testing.T) {
			f(t, Open(t, DSN(t, engine)))
		})
	}
}

// Open opens a database with all tables in place, and closes it with the test.
func Open(t testing.TB, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error("close the database:", err)
		}
	})
	for _, migrate := range []func(context.Context) error{db.MigrateIssuer, db.MigrateDesk, db.MigrateControl, db.MigrateBroker} {
		if err := migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// DSN names a fresh, empty database of an engine that lasts as long as the test.
func DSN(t testing.TB, engine store.Engine) string {
	t.Helper()
	if engine == store.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "deskauth.db")
	}
	server := os.Getenv(Variable)
	if server == "" {
		t.Fatalf("%s is not set: run the tests by `make test`, or name a PostgreSQL server of your own there", Variable)
	}
	name := "deskauth_" + strings.ToLower(rand.Text())
	admin(t, server, `CREATE DATABASE `+name)
	t.Cleanup(func() { admin(t, server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is no URL", Variable)
	}
	u.Path = "/" + name
	return u.String()
}

func admin(t testing.TB, server, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
