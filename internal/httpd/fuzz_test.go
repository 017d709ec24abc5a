package httpd

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// FuzzClientAddress: whatever is forwarded, only what trusted proxies wrote counts.
func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:1", "1.2.3.4, 10.0.0.2", "https")
	f.Add("9.9.9.9:1", "1.2.3.4", "https")
	f.Add("[::ffff:10.0.0.1]:1", "[2001:db8::1]:80", "HTTP, https")
	f.Add("", ",,,", "gopher")
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, peer, forwarded, proto string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"] = []string{forwarded}, []string{proto}
		ClientAddress(trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			a, scheme := Address(r.Context()), Scheme(r)
			if a.Is4In6() || a.Zone() != "" {
				t.Fatalf("the address %s", a)
			}
			if scheme != "http" && scheme != "https" {
				t.Fatalf("the scheme %q", scheme)
			}
			if from, err := netip.ParseAddrPort(peer); err == nil && !trusted[0].Contains(from.Addr().Unmap()) && a != plain(from.Addr()) {
				t.Fatalf("%s is believed to be %s", peer, a)
			}
			if len(r.Header) != 0 {
				t.Fatalf("a handler sees %v", r.Header)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	})
}

func FuzzParseTrustedProxies(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "::1", "10.0.0.1/33", "fe80::1%eth0", "::ffff:1.2.3.4/96", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseTrustedProxies([]string{text})
		if err != nil {
			return
		}
		for _, p := range all {
			again, err := ParseTrustedProxies([]string{p.String()})
			if err != nil || len(again) != 1 || again[0] != p {
				t.Fatalf("%q became %s and then %v: %v", text, p, again, err)
			}
		}
	})
}
