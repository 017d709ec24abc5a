package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
)

// A file that others may read, as a copy may be, is private from the start on.
func TestOpenMakesTheFilePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files there have no such mode")
	}
	path := filepath.Join(t.TempDir(), "broker.db")
	for _, before := range []os.FileMode{0, 0o644, 0o660, 0o600} {
		if before != 0 {
			if err := os.Chmod(path, before); err != nil {
				t.Fatal(err)
			}
		}
		db, err := store.Open(t.Context(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			if info, err := os.Stat(name); err == nil && info.Mode().Perm() != 0o600 {
				t.Errorf("%v before: %s has the mode %v", before, filepath.Base(name), info.Mode().Perm())
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
