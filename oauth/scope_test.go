package oauth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

func TestParseScope(t *testing.T) {
	for in, want := range map[string]oauth.Scope{
		"":                      nil,
		"   ":                   nil,
		"read write":            {"read", "write"},
		"  write   read ":       {"write", "read"},
		"read write read":       {"read", "write"},
		`["read", "write"]`:     {`["read",`, `"write"]`},
		"users:read\ttickets":   {"users:read\ttickets"},
		"organizations:write a": {"organizations:write", "a"},
	} {
		if diff := cmp.Diff(want, oauth.ParseScope(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestScopeSets(t *testing.T) {
	rw, wr, r := oauth.ParseScope("read write"), oauth.ParseScope("write read"), oauth.ParseScope("read")
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"order does not matter", rw.Equal(wr), true},
		{"a part is not equal", rw.Equal(r), false},
		{"nor the other way", r.Equal(rw), false},
		{"contains a part", rw.Contains(r), true},
		{"a part does not contain all", r.Contains(rw), false},
		{"all contain nothing", r.Contains(nil), true},
		{"has", r.Has("read"), true},
		{"has not the empty word", r.Has(""), false},
		{"minus", rw.Minus(r), oauth.Scope{"write"}},
		{"minus all", rw.Minus(wr), oauth.Scope(nil)},
		{"empty", oauth.Scope(nil).IsEmpty(), true},
		{"not empty", r.IsEmpty(), false},
		{"string", wr.String(), "write read"},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func FuzzScope(f *testing.F) {
	f.Add("read write", "write")
	f.Add("  a a b", "")
	f.Add(`["read", "write"]`, "\x00 é")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := oauth.ParseScope(a), oauth.ParseScope(b)
		if diff := cmp.Diff(x, oauth.ParseScope(x.String())); diff != "" {
			t.Fatal(diff)
		}
		rest := x.Minus(y)
		if !x.Contains(rest) || len(rest) > 0 && y.Contains(rest) {
			t.Fatalf("%q minus %q = %q", x, y, rest)
		}
		both := oauth.ParseScope(a + " " + b)
		if !both.Contains(x) || !both.Contains(y) || !both.Minus(x).Minus(y).IsEmpty() {
			t.Fatalf("%q and %q make %q", x, y, both)
		}
		for _, word := range x {
			if word == "" || strings.Contains(word, " ") {
				t.Fatalf("%q is no word", word)
			}
		}
	})
}

// A list that somebody else made long must not keep the reader busy.
func TestLongScopesTakeNoLongTime(t *testing.T) {
	var b strings.Builder
	const words = 200_000
	for i := range words {
		fmt.Fprintf(&b, "%x ", i)
	}
	before := time.Now()
	long := oauth.ParseScope(b.String())
	rest := long.Minus(long[:words/2])
	if len(long) != words || len(rest) != words/2 || !long.Contains(rest) || !rest.Equal(rest) {
		t.Errorf("%d words, %d of them left", len(long), len(rest))
	}
	if took := time.Since(before); took > 5*time.Second {
		t.Errorf("took %v", took) // some 40 ms; compared pairwise, minutes
	}
}
