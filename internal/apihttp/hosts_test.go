package apihttp_test

import (
	"errors"
	"testing"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
)

func TestHosts(t *testing.T) {
	w := newWorld(t)
	hosts := apihttp.Hosts{Store: w.issuer.Store, BaseDomains: []string{"localhost", "zendesk.test"}}
	for host, want := range map[string]string{
		"acme.localhost":         "acme",
		"acme.localhost:4000":    "acme",
		"globex.localhost:4000":  "globex",
		"ACME.LocalHost:4000":    "acme",
		"acme.localhost.":        "acme",
		"acme.localhost.:4000":   "acme",
		"acme.zendesk.test":      "acme",
		"globex.zendesk.test:80": "globex",

		// For clients that cannot resolve names below localhost: the first account.
		"localhost":       "acme",
		"localhost:4000":  "acme",
		"LOCALHOST.":      "acme",
		"127.0.0.1":       "acme",
		"127.0.0.1:4000":  "acme",
		"192.0.2.7":       "acme",
		"[::1]":           "acme",
		"[::1]:4000":      "acme",
		"[2001:db8::1]:1": "acme",

		"":                            "",
		".":                           "",
		":4000":                       "",
		"nobody.localhost":            "",
		"acme":                        "",
		"acme.":                       "",
		".localhost":                  "",
		"acme.localhost..":            "",
		"acme..localhost":             "",
		"x.acme.localhost":            "",
		"acme.x.localhost":            "",
		"acme.localhost.evil.example": "",
		"acmelocalhost":               "",
		"evil.example":                "",
		"acme.zendesk.com":            "",
		"zendesk.test":                "",
		"acme@evil.example":           "",
		"evil@acme.localhost":         "",
		"[acme.localhost]":            "",
		"[acme.localhost]:4000":       "",
		"[localhost]":                 "",
		"[127.0.0.1]":                 "",
		"[::1":                        "",
		"::1]":                        "",
		"acme.localhost]":             "",
		"127.1":                       "",
		"0x7f000001":                  "",
		"2130706433":                  "",
		"acme.localhost:4000:4000":    "",
		"acme%.localhost":             "",
		"a_me.localhost":              "",
	} {
		got, err := hosts.Account(t.Context(), host)
		switch {
		case want == "" && !errors.Is(err, issuer.ErrNotFound):
			t.Errorf("%q is %q (%v), want nobody's", host, got.Subdomain, err)
		case want != "" && (err != nil || got.Subdomain != want):
			t.Errorf("%q is %q (%v), want %q", host, got.Subdomain, err, want)
		}
	}
}

func TestDefaultAccount(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ byDefault, want string }{{"", "acme"}, {"globex", "globex"}, {"gone", ""}} {
		hosts := apihttp.Hosts{Store: w.issuer.Store, BaseDomains: []string{"localhost"}, Default: c.byDefault}
		for _, host := range []string{"127.0.0.1:4000", "localhost", "[::1]"} {
			got, err := hosts.Account(t.Context(), host)
			if got.Subdomain != c.want || (c.want == "") != errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("default %q: %s is %q (%v)", c.byDefault, host, got.Subdomain, err)
			}
		}
		// A name is never the default's.
		if _, err := hosts.Account(t.Context(), "nobody.localhost"); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("default %q: a name that is nobody's is somebody's: %v", c.byDefault, err)
		}
	}
}

func TestNoAccountAtAll(t *testing.T) {
	hosts := apihttp.Hosts{Store: emptyStore(t), BaseDomains: []string{"localhost"}}
	for _, host := range []string{"127.0.0.1", "localhost", "acme.localhost"} {
		if _, err := hosts.Account(t.Context(), host); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("%s: %v", host, err)
		}
	}
}
