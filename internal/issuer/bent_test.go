package issuer

import (
	"testing"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// A fault bends what was decided, and never widens it.
func TestBent(t *testing.T) {
	covers := func(granted oauth.Scope, s string) bool { return granted.Has(s) }
	plain := Policy{
		Expires: true, Covers: covers, Known: func(string) bool { return true },
		Access: Bounds{time.Minute, time.Hour, 30 * time.Minute}, Refresh: Bounds{time.Hour, 48 * time.Hour, 24 * time.Hour},
	}
	granted := oauth.ParseScope("read write")
	asked := int64(3600)
	for name, tt := range map[string]struct {
		bent            Bent
		era             Era
		scope           string
		access, refresh time.Duration // zero: for ever
	}{
		"not at all":                   {Bent{}, Enforced, "read write", time.Hour, 24 * time.Hour},
		"narrowed":                     {Bent{Narrow: oauth.Scope{"read"}}, Enforced, "read", time.Hour, 24 * time.Hour},
		"narrowed to what is not held": {Bent{Narrow: oauth.Scope{"read", "users:read"}}, Enforced, "read", time.Hour, 24 * time.Hour},
		"narrowed to nothing":          {Bent{Narrow: oauth.Scope{}}, Enforced, "", time.Hour, 24 * time.Hour},
		"shortened":                    {Bent{Access: time.Second}, Enforced, "read write", time.Second, 24 * time.Hour},
		"shortened, both":              {Bent{Access: time.Second, Refresh: time.Minute}, Enforced, "read write", time.Second, time.Minute},
		"never lengthened":             {Bent{Access: 1000 * time.Hour, Refresh: 1000 * time.Hour}, Enforced, "read write", time.Hour, 24 * time.Hour},
	} {
		p := plain.bent(tt.bent)
		c := Client{Era: tt.era}
		scope, err := c.narrow(granted, TokenRequest{}, p)
		if err != nil || scope.String() != tt.scope {
			t.Errorf("%s: scope %q, %v; want %q", name, scope, err, tt.scope)
		}
		l, err := c.lifetimes(Account{}, p, Lifetimes{ExpiresIn: &asked})
		if err != nil || *l.access != tt.access || *l.refresh != tt.refresh {
			t.Errorf("%s: lives %v and %v, %v; want %v and %v", name, l.access, l.refresh, err, tt.access, tt.refresh)
		}
	}
	// A token that would live for ever ends, too.
	l, err := Client{Era: Legacy}.lifetimes(Account{}, plain.bent(Bent{Access: time.Second}), Lifetimes{})
	if err != nil || l.access == nil || *l.access != time.Second {
		t.Errorf("legacy, shortened: %v, %v", l.access, err)
	}
}
