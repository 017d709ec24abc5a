package zendesk_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func TestKnown(t *testing.T) {
	for scope, want := range map[string]bool{
		"read": true, "write": true, "impersonate": true, "tickets": true, "tickets:read": true, "tickets:write": true,
		"users:read": true, "auditlogs": true, "auditlogs:read": true, "auditlogs:write": false, "any_channel:write": true,
		"any_channel:read": false, "web_widget:write": true, "security:write": false, "ticket_views:read": true,
		"": false, ":": false, ":read": false, "tickets:": false, "tickets:delete": false, "tickets:impersonate": false,
		"Read": false, "user:read": false, `["read",`: false, "read:tickets": false, "tickets:read:write": false, "tickets:r": false,
	} {
		if got := zendesk.Known(scope); got != want {
			t.Errorf("%q: %v", scope, got)
		}
	}
}

func TestPermissions(t *testing.T) {
	got := zendesk.Permissions(oauth.ParseScope("tickets nonsense tickets:read read impersonate security"))
	want := []zendesk.Permission{
		{"tickets", "read"}, {"tickets", "write"}, {"", "read"}, {"", "impersonate"}, {"security", "read"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var keys, scopes []string
	for _, p := range got {
		keys, scopes = append(keys, p.Key()), append(scopes, p.String())
	}
	if diff := cmp.Diff([]string{"scope.tickets.read", "scope.tickets.write", "scope.read", "scope.impersonate", "scope.security.read"}, keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"tickets:read", "tickets:write", "read", "impersonate", "security:read"}, scopes); diff != "" {
		t.Error(diff)
	}
}

// The catalogue of August 2026 has 52 scopes that name a resource and an access.
func TestCatalogueIsComplete(t *testing.T) {
	seen := map[zendesk.Permission]bool{}
	for _, p := range zendesk.AllPermissions() {
		if !zendesk.Known(p.String()) || seen[p] {
			t.Errorf("%v is unknown or there twice", p)
		}
		seen[p] = true
	}
	if len(seen) != 52+3 {
		t.Errorf("%d permissions", len(seen))
	}
}

func TestSplit(t *testing.T) {
	known, unknown := zendesk.Split(oauth.ParseScope("read scopes tickets:read tickets:reed"))
	if diff := cmp.Diff(oauth.Scope{"read", "tickets:read"}, known); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(oauth.Scope{"scopes", "tickets:reed"}, unknown); diff != "" {
		t.Error(diff)
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		granted  string
		accepted []string
		want     bool
	}{
		{"read", []string{"users:read", "read"}, true},
		{"users:read", []string{"users:read", "read"}, true},
		{"users", []string{"users:read"}, true},
		{"users", []string{"users:write"}, true},
		{"read", []string{"users:read"}, true},
		{"tickets:read", []string{"read"}, false},
		{"write", []string{"users:read", "read"}, false},
		{"write", []string{"tickets:write"}, true},
		{"users:write", []string{"users:read"}, false},
		{"read", []string{"users"}, false},
		{"read write", []string{"users"}, true},
		{"read write", []string{"impersonate"}, false},
		{"impersonate", []string{"read"}, false},
		{"impersonate", []string{"impersonate"}, true},
		{`["read", "write"]`, []string{"read"}, false},
		{"", []string{"read"}, false},
		{"read", nil, false},
		{"nonsense", []string{"nonsense"}, false},
		{"organizations:write read", []string{"organizations:read"}, true},
	} {
		if got := zendesk.Covers(oauth.ParseScope(c.granted), c.accepted...); got != c.want {
			t.Errorf("%q for %q: %v", c.granted, c.accepted, got)
		}
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct{ requested, allowed, outside string }{
		{"read write impersonate nonsense", "", ""},
		{"read", "read write", ""},
		{"tickets:read", "read", ""},
		{"tickets", "read tickets:write", ""},
		{"tickets", "read", "tickets"},
		{"read", "tickets:read", "read"},
		{"read tickets:write users:write", "read tickets:write", "users:write"},
		{"impersonate", "read write", "impersonate"},
		{"nonsense", "read", "nonsense"},
		{"nonsense", "nonsense", ""},
		{"", "read", ""},
	} {
		if got := zendesk.Within(oauth.ParseScope(c.requested), oauth.ParseScope(c.allowed)).String(); got != c.outside {
			t.Errorf("%q within %q: %q outside, want %q", c.requested, c.allowed, got, c.outside)
		}
	}
}

func FuzzScope(f *testing.F) {
	f.Add("read tickets:write", "tickets users:read")
	f.Add("tickets", "impersonate nonsense")
	f.Fuzz(func(t *testing.T, a, b string) {
		granted, asked := oauth.ParseScope(a), oauth.ParseScope(b)
		known, unknown := zendesk.Split(asked)
		if !known.Equal(asked.Minus(unknown)) {
			t.Fatalf("%q is not %q and %q", asked, known, unknown)
		}
		if outside := zendesk.Within(granted, granted); !outside.IsEmpty() {
			t.Fatalf("%q lies outside itself", outside)
		}
		if granted.IsEmpty() {
			return
		}
		outside := zendesk.Within(known, granted)
		for _, word := range known {
			if zendesk.Covers(granted, word) == outside.Has(word) {
				t.Fatalf("%q under %q: Covers and Within disagree", word, granted)
			}
		}
	})
}
