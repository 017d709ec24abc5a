package httpd

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClientAddress(t *testing.T) {
	const proxies = "10.0.0.0/8 2001:db8:1::/48"
	for _, tt := range []struct {
		name, peer string
		header     http.Header
		address    string
		scheme     string
	}{
		{"direct", "203.0.113.9:1", nil, "203.0.113.9", "http"},
		{
			"direct, lying", "203.0.113.9:1",
			http.Header{"X-Forwarded-For": {"1.1.1.1"}, "X-Forwarded-Proto": {"https"}},
			"203.0.113.9", "http",
		},
		{
			"one proxy", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}},
			"203.0.113.9", "https",
		},
		{
			"client lied to the proxy", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9"}},
			"203.0.113.9", "http",
		},
		{
			"client lied that it is a proxy", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"10.9.9.9, 203.0.113.9"}},
			"203.0.113.9", "http",
		},
		{
			"two proxies", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9, 10.0.0.2"}},
			"203.0.113.9", "http",
		},
		{
			"two lines of it", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"1.1.1.1", "203.0.113.9,10.0.0.2"}},
			"203.0.113.9", "http",
		},
		{
			"all trusted", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}},
			"10.0.0.3", "http",
		},
		{"proxy silent", "10.0.0.1:1", nil, "10.0.0.1", "http"},
		{
			"nonsense", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"203.0.113.9, unknown"}},
			"10.0.0.1", "http",
		},
		{
			"nonsense behind a proxy", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"1.1.1.1, unknown, 10.0.0.2"}},
			"10.0.0.2", "http",
		},
		{
			"with ports", "10.0.0.1:1",
			http.Header{"X-Forwarded-For": {"203.0.113.9:4711, 10.0.0.2:80"}},
			"203.0.113.9", "http",
		},
		{
			"IPv6", "[2001:db8:1::1]:1",
			http.Header{"X-Forwarded-For": {"2001:db8:2::9"}},
			"2001:db8:2::9", "http",
		},
		{
			"IPv6 in brackets", "[2001:db8:1::1]:1",
			http.Header{"X-Forwarded-For": {"[2001:db8:2::9]:443"}},
			"2001:db8:2::9", "http",
		},
		{
			"IPv4 in IPv6", "[::ffff:10.0.0.1]:1",
			http.Header{"X-Forwarded-For": {"::ffff:203.0.113.9"}},
			"203.0.113.9", "http",
		},
		{"zone", "[fe80::1%eth0]:1", nil, "fe80::1", "http"},
		{
			"nearest proxy's scheme", "10.0.0.1:1",
			http.Header{"X-Forwarded-Proto": {"http, HTTPS"}},
			"10.0.0.1", "https",
		},
		{
			"no scheme", "10.0.0.1:1",
			http.Header{"X-Forwarded-Proto": {"javascript"}},
			"10.0.0.1", "http",
		},
		{"socket", "@", http.Header{"X-Forwarded-For": {"1.1.1.1"}}, "", "http"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trusted, err := ParseTrustedProxies([]string{"10.0.0.0/8", "2001:db8:1::/48"})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.peer
			for name, values := range tt.header {
				r.Header[name] = values
			}
			r.Header.Set("Forwarded", "for=1.1.1.1")
			r.Header.Set("X-Real-IP", "1.1.1.1")
			r.Header.Set("X-Forwarded-Host", "evil.example")
			r.Header.Set("Accept", "text/html")
			h := func(_ http.ResponseWriter, r *http.Request) {
				if got := addressText(Address(r.Context())); got != tt.address {
					t.Errorf("address %s, want %s (proxies %s)", got, tt.address, proxies)
				}
				if got := Scheme(r); got != tt.scheme {
					t.Errorf("scheme %s, want %s", got, tt.scheme)
				}
				if diff := cmp.Diff(http.Header{"Accept": {"text/html"}}, r.Header); diff != "" {
					t.Errorf("headers that the handler sees (-want +got):\n%s", diff)
				}
			}
			ClientAddress(trusted)(http.HandlerFunc(h)).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}

func TestParseTrustedProxies(t *testing.T) {
	got, err := ParseTrustedProxies([]string{" 10.1.2.3/8 ", "192.0.2.1", "::1", "::ffff:192.0.2.0/120", "::ffff:192.0.2.9"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"10.0.0.0/8", "192.0.2.1/32", "::1/128", "192.0.2.0/24", "192.0.2.9/32"}
	var text []string
	for _, p := range got {
		text = append(text, p.String())
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("prefixes (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "proxy.internal", "10.0.0.0/33", "10.0.0/8", "fe80::1%eth0", "10.0.0.1-10.0.0.9"} {
		if got, err := ParseTrustedProxies([]string{"::1", bad}); err == nil {
			t.Errorf("%q: taken for %v", bad, got)
		}
	}
}

func TestAddressOutsideOfARequest(t *testing.T) {
	if got := Address(t.Context()); got != (netip.Addr{}) {
		t.Errorf("address %v", got)
	}
}
