package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
)

// A second handle of one process leaves the locks of the first: without them another
// process would take the write-ahead log for nobody's, and empty it.
func TestOpenTwiceKeepsLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broker.db")
	first, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	if err := first.MigrateBroker(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-shm"} {
		if locked(t, name) == 0 {
			t.Fatalf("%s: no lock before, so the test shows nothing", filepath.Base(name))
		}
	}
	second, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-shm"} {
		if locked(t, name) == 0 {
			t.Errorf("%s: its locks went when it was opened again", filepath.Base(name))
		}
	}
}

// locked is how many locks this process has on a file.
func locked(t *testing.T, name string) (n int) {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	inode := fmt.Sprintf(":%d", info.Sys().(*syscall.Stat_t).Ino) //nolint:forcetypeassert // on Linux
	text, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		// 1: POSIX  ADVISORY  READ 4711 fd:01:1234 128 128
		if f := strings.Fields(line); len(f) >= 6 && f[4] == fmt.Sprint(os.Getpid()) && strings.HasSuffix(f[5], inode) {
			n++
		}
	}
	return n
}
