package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskauth/deskauth/internal/store"
)

// counted loads one number after the other.
type counted int

func (c *counted) load() (int, error) { *c++; return int(*c), nil }

func TestRecentRemembersForLessThanASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock stands until all wait
		var r store.Recent
		var loads counted
		want := func(k string, n int) {
			t.Helper()
			if got, err := r.Get(k, loads.load); err != nil || got != n {
				t.Errorf("%s is %d, %v; want %d", k, got, err, n)
			}
		}
		want("a", 1)
		want("a", 1)
		want("b", 2)
		time.Sleep(600 * time.Millisecond)
		want("a", 1)
		want("c", 3)
		time.Sleep(399 * time.Millisecond) // just less than a second
		want("a", 4)
		want("c", 3)
		r.Forget("c")
		want("c", 5)
		want("a", 4)
		r.ForgetAll()
		want("a", 6)
	})
}

// What was read before a write and arrives after it may be older than the write.
func TestRecentForgetsWhatWasBeingRead(t *testing.T) {
	for name, forget := range map[string]func(r *store.Recent){
		"the same": func(r *store.Recent) { r.Forget("a") }, "another": func(r *store.Recent) { r.Forget("b") },
		"all": func(r *store.Recent) { r.ForgetAll() },
	} {
		var r store.Recent
		old, _ := r.Get("a", func() (int, error) { forget(&r); return 1, nil })
		now, _ := r.Get("a", func() (int, error) { return 2, nil })
		if old != 1 || now != 2 {
			t.Errorf("%s: got %d, then %d", name, old, now)
		}
	}
}

func TestRecentDoesNotRememberErrors(t *testing.T) {
	var r store.Recent
	missing := errors.New("missing")
	if _, err := r.Get("a", func() (int, error) { return 0, missing }); !errors.Is(err, missing) {
		t.Errorf("got %v", err)
	}
	if got, err := r.Get("a", func() (int, error) { return 1, nil }); err != nil || got != 1 {
		t.Errorf("after it was added: %d, %v", got, err)
	}
}

// Strangers choose some of the keys.
func TestRecentIsBounded(t *testing.T) {
	var r store.Recent
	var loads counted
	for n := range 3 * store.RecentMost {
		if _, err := r.Get(strconv.Itoa(n), loads.load); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 * store.RecentMost {
		_, _ = r.Get(strconv.Itoa(n), loads.load)
	}
	if again := int(loads) - 3*store.RecentMost; again < store.RecentMost {
		t.Errorf("%d of %d were forgotten", again, 3*store.RecentMost)
	}
}

// Whoever writes the issuer's tables must say what is to be forgotten: those who do
// are the issuer's own steps, and the snapshots of a demo.
func TestWhoWritesTheIssuersTables(t *testing.T) {
	writes := regexp.MustCompile(`(?i)\b(INSERT INTO|UPDATE|DELETE FROM)\s+issuer_`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") || !writes.Match(text) {
			continue
		}
		found++
		if !strings.HasPrefix(name, "issuer") {
			t.Errorf("%s writes the issuer's tables", name)
		}
		if strings.Contains(string(text), "db.step(") {
			t.Errorf("%s has steps that forget nothing: use step, or stepOn", name)
		}
	}
	if found < 5 {
		t.Errorf("found %d files that write: does this still look in the right place?", found)
	}
}
