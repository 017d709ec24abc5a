package issuer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// No secret lives longer than it would have, and the new one is the one shown.
func TestClientRoll(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	of := func(hint string, expires time.Time) ClientSecret {
		return ClientSecret{Digest: secret.Of(hint).Digest(), Hint: hint, Expires: expires}
	}
	fresh := of("new", time.Time{})
	for _, tt := range []struct {
		name string
		have []ClientSecret
		life time.Duration
		want []ClientSecret
	}{
		{"at once", []ClientSecret{of("old", time.Time{})}, 0, []ClientSecret{fresh}},
		{"in an hour", []ClientSecret{of("old", time.Time{})}, time.Hour, []ClientSecret{of("old", now.Add(time.Hour)), fresh}},
		{"sooner than it would", []ClientSecret{of("old", now.Add(2*time.Hour))}, time.Hour, []ClientSecret{of("old", now.Add(time.Hour)), fresh}},
		{"no later than it would", []ClientSecret{of("old", now.Add(time.Minute))}, time.Hour, []ClientSecret{of("old", now.Add(time.Minute)), fresh}},
		{"it has ended", []ClientSecret{of("old", now)}, time.Hour, []ClientSecret{fresh}},
		{"there was none", nil, time.Hour, []ClientSecret{fresh}},
	} {
		got := Client{Secrets: tt.have, Updated: now}.roll(now, fresh, tt.life)
		if diff := cmp.Diff(tt.want, got.Secrets); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if got.SecretHint() != "new" || !got.Updated.After(now) {
			t.Errorf("%s: hint %q, updated %s", tt.name, got.SecretHint(), got.Updated)
		}
	}
}

// What was changed later must look later, even where time stands still or went
// back: swaps tell states apart by it.
func TestTouchedIsLater(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 1500, time.UTC)
	for _, tt := range []struct{ before, now, want time.Time }{
		{now.Add(-time.Hour), now, now.Truncate(time.Microsecond)},
		{now.Truncate(time.Microsecond), now, now.Truncate(time.Microsecond).Add(time.Microsecond)},
		{now.Add(time.Hour), now, now.Add(time.Hour + time.Microsecond)},
	} {
		if got := touched(tt.before, tt.now); !got.Equal(tt.want) {
			t.Errorf("after %s at %s: %s", tt.before, tt.now, got)
		}
	}
}

func TestScopeOf(t *testing.T) {
	words := []string{"read", "", "tickets:read", "read", "a b", "tab\t", "nul\x00", `qu"ote`, `back\slash`, "ä", "any-string", string(make([]byte, 101))}
	if diff := cmp.Diff(oauth.Scope{"read", "tickets:read", "any-string"}, scopeOf(words)); diff != "" {
		t.Error(diff)
	}
	if got := scopeOf(nil); got == nil || len(got) != 0 {
		t.Errorf("of nothing: %#v", got)
	}
}

// A token that a person made for themselves is no consent to anything.
func TestHandedTokenIsNoConsent(t *testing.T) {
	got := Client{ID: 3, Account: 1, Product: Support}.hand(time.Unix(1, 0), User{ID: 2}, []string{"read"}, Pair{Access: secret.Of("0123456789abcdef")})
	want := Token{
		Account: 1, Product: Support, Client: 3, User: 2, Generation: 1, Origin: "api", Scope: oauth.Scope{"read"}, Created: time.Unix(1, 0),
		Access: secret.Of("0123456789abcdef").Digest(), AccessHint: "0123456789",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCallerBy(t *testing.T) {
	from := Origin{Address: "192.0.2.1"}
	if got := (Caller{User: User{ID: 2}}).By(from); got != (By{2, from}) {
		t.Errorf("%+v", got)
	}
	if got := (Caller{User: User{ID: 2}, Actor: 1}).By(from); got != (By{1, from}) {
		t.Errorf("on behalf: %+v", got)
	}
}

func TestUserChanges(t *testing.T) {
	ada := User{Name: "Ada", Role: Admin}
	for want, next := range map[string]User{
		"":                                  ada,
		"name":                              {Name: "Ada L.", Role: Admin},
		"role admin to end-user, suspended": {Name: "Ada", Role: EndUser, Suspended: true},
	} {
		if got := next.changes(ada); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := ada.changes(User{Name: "Ada", Role: Admin, Suspended: true}); got != "no longer suspended" {
		t.Errorf("%q", got)
	}
}
