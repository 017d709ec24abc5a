package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
)

// PostgreSQL databases stay on their server and are used again, by all test processes:
//
//	claim ─► is there one that nobody has? ─► empty ─► as it was when it was made
//	                     │ no                    │ something in it is not
//	                     └──► create, migrate ◄──┘
//
// A claim is an advisory lock on a connection of the process, so that it ends when the
// process does, however that ends.

// claims are what this process has of a server.
var claims struct {
	sync.Mutex
	conn  *sql.Conn
	taken map[int32]bool
}

// version tells databases of different tables apart. It is part of their names, so
// that whoever changes a migration gets new ones.
var version = sync.OnceValues(func() ([]byte, error) {
	sum := sha256.New()
	err := fs.WalkDir(store.Migrations(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(store.Migrations(), path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	return sum.Sum(nil)[:4], err
})

// claim names a database with all tables and no rows that nobody else has until the
// test ends.
func claim(t testing.TB, server *url.URL) string {
	t.Helper()
	v, err := version()
	if err != nil {
		t.Fatal(err)
	}
	class := int32(binary.BigEndian.Uint32(v))
	n, err := take(context.WithoutCancel(t.Context()), server, class)
	if err != nil {
		t.Fatal("claim a database:", err)
	}
	t.Cleanup(func() {
		if err := giveBack(context.WithoutCancel(t.Context()), class, n); err != nil {
			t.Error("give back a database:", err)
		}
	})
	name := fmt.Sprintf("deskauth_kept_%x_%d", v, n)
	dsn := on(server, name).String()
	if err := empty(t.Context(), dsn); err != nil {
		admin(t, server, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		admin(t, server, `CREATE DATABASE `+name)
		furnish(t, dsn)
		print, err := fingerprint(t, dsn)
		if err != nil {
			t.Fatal(err)
		}
		admin(t, server, `COMMENT ON DATABASE `+name+` IS '`+print+`'`)
	}
	return dsn
}

// take locks the first database that nobody has.
func take(ctx context.Context, server *url.URL, class int32) (int32, error) {
	claims.Lock()
	defer claims.Unlock()
	if claims.conn == nil {
		db, err := sql.Open("pgx", server.String())
		if err != nil {
			return 0, err
		}
		if claims.conn, err = db.Conn(ctx); err != nil {
			return 0, err
		}
		claims.taken = map[int32]bool{}
	}
	for n := int32(1); ; n++ {
		if claims.taken[n] { // whoever has a lock gets it again
			continue
		}
		var free bool
		if err := claims.conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1, $2)`, class, n).Scan(&free); err != nil {
			return 0, err
		}
		if free {
			claims.taken[n] = true
			return n, nil
		}
	}
}

func giveBack(ctx context.Context, class, n int32) error {
	claims.Lock()
	defer claims.Unlock()
	delete(claims.taken, n)
	_, err := claims.conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1, $2)`, class, n)
	return err
}

func furnish(t testing.TB, dsn string) {
	t.Helper()
	db, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	migrate(t, db)
}

// catalogue sums up the shape of a database and which migrations it has had: the
// transactions that wrote its catalogue. VACUUM writes there, too, but in place.
const catalogue = `SELECT concat_ws(' ',
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_class),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_attribute),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_attrdef),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_index),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_constraint),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_trigger),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_proc),
	(SELECT concat(count(*), '/', sum(xmin::text::bigint)) FROM pg_namespace),
	(SELECT concat(count(*), '/', sum(version_id)) FROM issuer_migrations),
	(SELECT concat(count(*), '/', sum(version_id)) FROM desk_migrations),
	(SELECT concat(count(*), '/', sum(version_id)) FROM control_migrations),
	(SELECT concat(count(*), '/', sum(version_id)) FROM broker_migrations))`

func fingerprint(t testing.TB, dsn string) (print string, err error) {
	t.Helper()
	db := Raw(t, dsn)
	defer db.Close() // a test may wait until it is alone
	err = db.QueryRowContext(t.Context(), catalogue).Scan(&print)
	return print, err
}

var errOther = errors.New("this is not the database that was made")

// empty makes a database that was used what it was when it was made. It fails where it
// cannot tell that it has.
func empty(ctx context.Context, dsn string) error {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var was *string // there is none while it is being made
	if err := db.QueryRowContext(ctx, `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()`).Scan(&was); err != nil {
		return err
	}
	// Of a process that was killed.
	if _, err := db.ExecContext(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`); err != nil {
		return err
	}
	var is string
	if err := db.QueryRowContext(ctx, catalogue).Scan(&is); err != nil {
		return err
	}
	if was == nil || *was != is {
		return errOther
	}
	tables, err := written(ctx, db)
	if err != nil || len(tables) == 0 {
		return err
	}
	var deletes []string // those that name others come later, and go first
	for _, table := range tables {
		deletes = append(deletes, `DELETE FROM `+table)
	}
	if _, err := db.ExecContext(ctx, strings.Join(deletes, `; `)); err != nil {
		return err
	}
	// A file without rows is cut to nothing, so that new rows lie in it in the order
	// in which they come.
	if _, err := db.ExecContext(ctx, `VACUUM `+strings.Join(tables, `, `)); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `SELECT setval(seqrelid::regclass, seqstart, false)
		FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid WHERE relname NOT LIKE '%\_migrations\_%'`); err != nil {
		return err
	}
	if tables, err = written(ctx, db); err == nil && len(tables) > 0 {
		err = errOther
	}
	return err
}

// written are the tables that have, or had, rows, the last made first.
func written(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, `SELECT relname FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
		AND relname NOT LIKE '%\_migrations' AND relname <> 'deskauth_migrating' ORDER BY oid DESC`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, rows.Err()
}
