package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// What cannot be opened is told in one clear line that names the path, and never
// in one that repeats a password.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := file("text.db", []byte(strings.Repeat("These are notes and no database.\n", 200)))
	for name, tt := range map[string]struct{ dsn, says string }{
		"nothing":               {"", "unknown database"},
		"another engine":        {"mysql://root:hunter2@localhost/db", "unknown database"},
		"a path alone":          {"/var/lib/hunter2.db", "unknown database"},
		"no path":               {"sqlite:", "needs a path"},
		"memory":                {"sqlite::memory:", "needs a file"},
		"a directory":           {"sqlite:" + dir, dir},
		"below a file":          {"sqlite:" + filepath.Join(text, "x.db"), text},
		"text":                  {"sqlite:" + text, text},
		"a damaged file":        {"sqlite:" + file("damaged.db", damaged(t)), "damaged.db"},
		"a broken address":      {"postgres://u:hunter2@localhost:notaport/db", "not a valid postgres:// URL"},
		"nobody listens":        {"postgres://u:hunter2@127.0.0.1:1/db?connect_timeout=5", "127.0.0.1:1/db"},
		"a database not there":  {strings.Replace(storetest.Empty(t, store.Postgres), "/deskauth_", "/nothing_", 1), "nothing_"},
		"a user who may not in": {strings.Replace(storetest.Empty(t, store.Postgres), "//postgres@", "//nobody:hunter2@", 1), "deskauth_"},
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), tt.dsn)
			if err == nil {
				_ = db.Close()
				t.Fatal("it was opened")
			}
			said := err.Error()
			if !strings.Contains(said, tt.says) {
				t.Errorf("%q does not say %q", said, tt.says)
			}
			if strings.ContainsAny(said, "\r\n") || len(said) > 400 {
				t.Errorf("not one clear line: %q", said)
			}
			if strings.Contains(said, "hunter2") {
				t.Errorf("it repeats the password: %q", said)
			}
		})
	}
	if got, err := os.ReadFile(text); err != nil || !bytes.HasPrefix(got, []byte("These are notes")) {
		t.Error("the file that is no database was altered")
	}
	if _, err := os.Stat(":memory:"); err == nil {
		t.Error("a file named :memory: was made")
	}
}

// damaged is a database whose first page holds nonsense after its header.
func damaged(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sound.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.MigrateIssuer(t.Context()), db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 100; n < 4096; n++ {
		content[n] = 0xa5
	}
	return content
}

func TestOpenPaths(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "q?mark&and=b.db", "hash#tag.db", "per%20cent.db", "new/dir/x.db", "ünï.db"} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.ContainsAny(name, "?") {
				t.Skip("Windows knows no such name")
			}
			path := filepath.Join(t.TempDir(), filepath.FromSlash(name))
			db := storetest.Open(t, "sqlite:"+path)
			newPlot(t, db.Issuer(), "acme")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal("the database is not where it was named:", err)
			}
			if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("others may read it: %v", info.Mode())
			}
			if _, err := store.Open(t.Context(), "sqlite:"+path); err != nil {
				t.Error("a second process:", err)
			}
		})
	}
}

// The settings on which the promises rest.
func TestSQLiteSettings(t *testing.T) {
	db := storetest.Open(t, storetest.DSN(t, store.SQLite))
	err := db.Step(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "mmap_size": "0",
		} {
			var got string
			if err := tx.QueryRowContext(ctx, `PRAGMA `+pragma).Scan(&got); err != nil {
				return err
			}
			if got != want {
				t.Errorf("%s is %s, want %s", pragma, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
