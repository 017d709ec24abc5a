// Package storetest opens databases for tests: a SQLite file, and a database on the
// PostgreSQL server that `make test` starts.
//
//	storetest.Each(t, func(t *testing.T, db *store.DB) { … })
//
// A test that uses it runs on both engines or fails. It never skips one.
//
// Each test has a database of its own in which no other has left anything. To make
// all tables takes longer than most tests do, so they are made once: SQLite's file is
// a copy, and a PostgreSQL database is emptied and used again (kept.go).
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// Open opens a database and closes it with the test. All tables are in place then: in
// those that DSN names they are already.
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
	if _, made := complete.Load(dsn); !made {
		migrate(t, db)
	}
	return db
}

// complete holds the databases that DSN has named.
var complete sync.Map

func migrate(t testing.TB, db *store.DB) {
	t.Helper()
	for _, part := range []func(context.Context) error{db.MigrateIssuer, db.MigrateDesk, db.MigrateControl, db.MigrateBroker} {
		if err := part(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// DSN names a database of an engine for the test alone, with all tables in place and
// nothing in them.
func DSN(t testing.TB, engine store.Engine) string {
	t.Helper()
	dsn := ""
	if engine == store.SQLite {
		dsn = Empty(t, engine)
		if err := os.WriteFile(strings.TrimPrefix(dsn, "sqlite:"), sqliteFile(t), 0o600); err != nil {
			t.Fatal(err)
		}
	} else {
		dsn = claim(t, server(t))
	}
	complete.Store(dsn, true)
	return dsn
}

// Empty names a fresh database of an engine without any table, which lasts as long as
// the test. It is for tests of how tables come to be.
func Empty(t testing.TB, engine store.Engine) string {
	t.Helper()
	if engine == store.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "deskauth.db")
	}
	server, name := server(t), "deskauth_"+strings.ToLower(rand.Text())
	admin(t, server, `CREATE DATABASE `+name)
	t.Cleanup(func() { admin(t, server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	return on(server, name).String()
}

// made is the file of a SQLite database with all tables, once there is one.
var made struct {
	sync.Mutex
	file []byte
}

func sqliteFile(t testing.TB) []byte {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.file != nil {
		return made.file
	}
	path := filepath.Join(t.TempDir(), "made.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	migrate(t, db)
	if err := db.Close(); err != nil { // which writes back what stands in the WAL
		t.Fatal(err)
	}
	if made.file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return made.file
}

// server is the PostgreSQL server for tests.
func server(t testing.TB) *url.URL {
	t.Helper()
	text := os.Getenv(Variable)
	if text == "" {
		t.Fatalf("%s is not set: run the tests by `make test`, or name a PostgreSQL server of your own there", Variable)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("%s is no URL", Variable)
	}
	return u
}

// on is the address of a database of the server.
func on(server *url.URL, name string) *url.URL {
	u := *server
	u.Path = "/" + name
	return &u
}

func admin(t testing.TB, server *url.URL, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", server.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
