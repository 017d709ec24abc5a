//go:build unix

package pgserver

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

func TestOpen(t *testing.T) {
	outer := t.TempDir()
	inner := filepath.Join(outer, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(outer, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{
		"/":                  true,
		"/usr":               true,
		inner:                false, // below a directory that is closed
		"/nonexistent/place": false,
	} {
		if got := open(path); got != want {
			t.Errorf("open(%q) = %v, want %v", path, got, want)
		}
	}
}

// What was committed is there after a restart and after a crash, at the same address.
func TestRestart(t *testing.T) {
	s, err := Start(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	db, err := sql.Open("pgx", s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxIdleConns(0) // a session that the server ended is not to be used again
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE t (n integer)`); err != nil {
		t.Fatal(err)
	}
	for n, inOrder := range []bool{true, false} {
		if _, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES (1)`); err != nil {
			t.Fatal(err)
		}
		before := s.cmd.Process.Pid
		if err := s.Restart(inOrder); err != nil {
			t.Fatal(err)
		}
		var count int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM t`).Scan(&count); err != nil || count != n+1 || s.cmd.Process.Pid == before {
			t.Errorf("in order %v: %d rows, %v", inOrder, count, err)
		}
	}
}
