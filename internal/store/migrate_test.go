package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func migrateAll(ctx context.Context, db *store.DB) error {
	for _, migrate := range []func(context.Context) error{db.MigrateIssuer, db.MigrateDesk, db.MigrateBroker} {
		if err := migrate(ctx); err != nil {
			return err
		}
	}
	return nil
}

func TestMigrateTwice(t *testing.T) {
	eachDSN(t, func(t *testing.T, _ string, db *store.DB) {
		acme := newPlot(t, db.Issuer(), "acme")
		// The writer holds its connection now: a migration must not wait for it.
		if err := migrateAll(patiently(t), db); err != nil {
			t.Fatal(err)
		}
		a, err := db.Issuer().Account(t.Context(), "acme")
		if err != nil || a != acme.Account {
			t.Errorf("after the second migration: %+v, %v", a, err)
		}
	})
}

// The parts of the house may come to a database that already serves.
func TestMigrateAPartLater(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			db, err := store.Open(t.Context(), storetest.Empty(t, engine))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if err := db.MigrateIssuer(t.Context()); err != nil {
				t.Fatal(err)
			}
			newPlot(t, db.Issuer(), "acme")
			ctx := patiently(t)
			if err := errors.Join(db.MigrateDesk(ctx), db.MigrateBroker(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
}

// Replicas start together: each finds the tables in place, or makes them.
func TestMigrateByEightAtOnce(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.Empty(t, engine)
			var all sync.WaitGroup
			start := make(chan struct{})
			for n := range 8 {
				all.Go(func() {
					<-start
					db, err := store.Open(t.Context(), dsn)
					if err != nil {
						t.Errorf("starter %d: open: %v", n, err)
						return
					}
					defer func() { _ = db.Close() }()
					if err := migrateAll(patiently(t), db); err != nil {
						t.Errorf("starter %d: migrate: %v", n, err)
						return
					}
					if _, err := db.Issuer().Accounts(t.Context()); err != nil {
						t.Errorf("starter %d: %v", n, err)
					}
				})
			}
			close(start)
			all.Wait()
			raw := storetest.Raw(t, dsn)
			for _, part := range []string{"issuer", "desk", "broker"} {
				if n := storetest.Count(t, raw, `SELECT count(*) FROM `+part+`_migrations WHERE version_id = 1`); n != 1 {
					t.Errorf("the first %s migration is recorded %d times", part, n)
				}
			}
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		newPlot(t, db.Issuer(), "acme")
		storetest.Exec(t, storetest.Raw(t, dsn), `INSERT INTO issuer_migrations (version_id, is_applied) VALUES (99, $1)`, true)
		err := db.MigrateIssuer(patiently(t))
		if !errors.Is(err, store.ErrNewer) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
		if err := errors.Join(db.MigrateDesk(patiently(t)), db.MigrateBroker(patiently(t))); err != nil {
			t.Error("the parts keep their versions apart:", err)
		}
		if _, err := db.Issuer().Account(t.Context(), "acme"); err != nil {
			t.Error("what a newer one wrote is not there any more:", err)
		}
	})
}

// Both engines have the same migrations, by name.
func TestMigrationsComeInPairs(t *testing.T) {
	names := map[string][]string{}
	for _, engine := range storetest.Engines {
		root := "migrations/" + string(engine)
		err := fs.WalkDir(store.Migrations(), root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names[string(engine)] = append(names[string(engine)], strings.TrimPrefix(path, root))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names["sqlite"]) < 3 {
		t.Errorf("migrations: %v", names["sqlite"])
	}
	if diff := cmp.Diff(names["sqlite"], names["postgres"]); diff != "" {
		t.Error("migrations (-sqlite +postgres):\n" + diff)
	}
}

// table is what two engines can agree on.
type table struct {
	Columns []string // "name TYPE" or "name TYPE NOT NULL", in order
	Unique  []string // "a, b", sorted
	Foreign []string // "(a, b) -> t (c, d) CASCADE", sorted
	Indexes []string // those that are not unique, sorted; without an id at the end, which SQLite's have unsaid
}

func TestCataloguesAgree(t *testing.T) {
	lite := storetest.Empty(t, store.SQLite)
	storetest.Open(t, lite)
	big := storetest.Empty(t, store.Postgres)
	storetest.Open(t, big)
	a, b := sqliteCatalogue(t, storetest.Raw(t, lite)), postgresCatalogue(t, storetest.Raw(t, big))
	if len(a) < 15 || len(a["issuer_tokens"].Unique) != 3 || len(a["issuer_tokens"].Foreign) != 2 {
		t.Errorf("the look at the catalogue sees too little: %v", slices.Sorted(maps.Keys(a)))
	}
	for _, tables := range []map[string]table{a, b} {
		for _, one := range tables {
			for n, columns := range one.Indexes {
				one.Indexes[n] = strings.TrimSuffix(columns, ", id")
			}
			slices.Sort(one.Indexes)
		}
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error("tables (-sqlite +postgres):\n" + diff)
	}
}

// ours tells the tables of the house from those of the migrations.
func ours(name string) bool {
	return !strings.HasPrefix(name, "sqlite_") && !strings.HasSuffix(name, "_migrations") && name != "deskauth_migrating"
}

// texts returns the rows of a query, each as its columns.
func texts(t *testing.T, db *sql.DB, query string, args ...any) (all [][]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]string, len(columns)), make([]any, len(columns))
		for n := range row {
			into[n] = &row[n]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func sorted(all [][]string, form string) []string {
	var list []string
	for _, row := range all {
		args := make([]any, len(row))
		for n := range row {
			args[n] = row[n]
		}
		list = append(list, fmt.Sprintf(form, args...))
	}
	slices.Sort(list)
	return list
}

func sqliteCatalogue(t *testing.T, db *sql.DB) map[string]table {
	all := map[string]table{}
	for _, name := range texts(t, db, `SELECT name FROM sqlite_schema WHERE type = 'table'`) {
		name := name[0]
		if !ours(name) {
			continue
		}
		var v table
		for _, c := range texts(t, db, `SELECT name, type, "notnull" + pk FROM pragma_table_info($1) ORDER BY cid`, name) {
			kind := map[string]string{"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}[c[1]]
			if c[2] != "0" {
				kind += " NOT NULL"
			}
			v.Columns = append(v.Columns, c[0]+" "+kind)
		}
		v.Unique = sorted(texts(t, db, `
			SELECT (SELECT group_concat(c.name, ', ' ORDER BY c.seqno) FROM pragma_index_info(i.name) c)
			FROM pragma_index_list($1) i WHERE i."unique"
			UNION ALL
			SELECT name FROM pragma_table_info($1) WHERE pk = 1 AND type = 'INTEGER'
			AND NOT EXISTS (SELECT 1 FROM pragma_table_info($1) WHERE pk > 1)`, name), "%s")
		v.Indexes = sorted(texts(t, db, `
			SELECT (SELECT group_concat(c.name, ', ' ORDER BY c.seqno) FROM pragma_index_info(i.name) c)
			FROM pragma_index_list($1) i WHERE NOT i."unique"`, name), "%s")
		v.Foreign = sorted(texts(t, db, `
			SELECT group_concat("from", ', ' ORDER BY seq), "table", group_concat("to", ', ' ORDER BY seq), on_delete
			FROM pragma_foreign_key_list($1) GROUP BY id, "table", on_delete`, name), "(%s) -> %s (%s) %s")
		all[name] = v
	}
	return all
}

func postgresCatalogue(t *testing.T, db *sql.DB) map[string]table {
	all := map[string]table{}
	columns := func(keys, of string) string {
		return `(SELECT string_agg(a.attname, ', ' ORDER BY k.n)
			FROM unnest(` + keys + `) WITH ORDINALITY k(num, n) JOIN pg_attribute a ON a.attrelid = ` + of + ` AND a.attnum = k.num)`
	}
	for _, name := range texts(t, db, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`) {
		name := name[0]
		if !ours(name) {
			continue
		}
		var v table
		for _, c := range texts(t, db, `
			SELECT column_name, data_type, is_nullable FROM information_schema.columns
			WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`, name) {
			if c[2] == "NO" {
				c[1] += " NOT NULL"
			}
			v.Columns = append(v.Columns, c[0]+" "+c[1])
		}
		index := `SELECT ` + columns("i.indkey::int2[]", "i.indrelid") + ` FROM pg_index i WHERE i.indrelid = $1::regclass AND i.indisunique = `
		v.Unique = sorted(texts(t, db, index+`true`, name), "%s")
		v.Indexes = sorted(texts(t, db, index+`false`, name), "%s")
		v.Foreign = sorted(texts(t, db, `
			SELECT `+columns("c.conkey", "c.conrelid")+`, c.confrelid::regclass::text, `+columns("c.confkey", "c.confrelid")+`,
			CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'a' THEN 'NO ACTION' ELSE 'other' END
			FROM pg_constraint c WHERE c.conrelid = $1::regclass AND c.contype = 'f'`, name), "(%s) -> %s (%s) %s")
		all[name] = v
	}
	return all
}
