package store_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// holding makes the test binary a process that holds a file until it is killed.
const holding = "DESKAUTH_TEST_HOLD"

func TestHoldIsForOneProcess(t *testing.T) {
	if path := os.Getenv(holding); path != "" {
		if _, err := store.Hold(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("held\n")
		<-t.Context().Done() // it is killed, or the test's deadline ends it
		return
	}
	path := filepath.Join(t.TempDir(), "with space?#%.lock")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), self, "-test.run=^TestHoldIsForOneProcess$")
	other.Env = append(os.Environ(), holding+"="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatal(line, err)
	}
	if _, err := store.Hold(t.Context(), path); !errors.Is(err, store.ErrHeld) {
		t.Errorf("while another process holds it: %v", err)
	}
	if err := other.Process.Kill(); err != nil { // as a crash would
		t.Fatal(err)
	}
	_ = other.Wait()

	release, err := store.Hold(t.Context(), path)
	if err != nil {
		t.Fatalf("after that crashed: %v", err)
	}
	if _, err := store.Hold(t.Context(), path); !errors.Is(err, store.ErrHeld) {
		t.Errorf("twice in one process: %v", err)
	}
	for range 2 {
		if err := release(); err != nil {
			t.Error(err)
		}
	}
	again, err := store.Hold(t.Context(), path)
	if err != nil {
		t.Fatalf("after its release: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Dir(path) + "/*")
	if err != nil || len(left) != 1 {
		t.Errorf("%v is left: %v", left, err)
	}
}

func TestADatabaseIsHeldByOneOfAKind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.Hold(t.Context(), "issuer"); err != nil {
			t.Fatal(err)
		}
		if err := db.Hold(t.Context(), "broker"); err != nil {
			t.Errorf("another kind: %v", err)
		}
		if db.Engine() == store.Postgres {
			if err := db.Hold(t.Context(), "issuer"); err != nil {
				t.Errorf("a replica: %v", err)
			}
			return
		}
		second := storetest.Open(t, "sqlite:"+db.Path())
		if err := second.Hold(t.Context(), "issuer"); !errors.Is(err, store.ErrHeld) || !strings.Contains(err.Error(), db.Path()) {
			t.Errorf("a second one: %v", err)
		}
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(db.Path(), link); err != nil {
			t.Fatal(err)
		}
		if err := storetest.Open(t, "sqlite:"+link).Hold(t.Context(), "issuer"); !errors.Is(err, store.ErrHeld) {
			t.Errorf("by a link: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := second.Hold(t.Context(), "issuer"); err != nil {
			t.Errorf("after the first was closed: %v", err)
		}
	})
}
