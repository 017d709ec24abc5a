package brokerhttp_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
)

// FuzzProxyPath: whatever is written as a target, what reaches Zendesk is what was
// written, below /api/v2/ of the connection's account, with its token and no other
// credential.
func FuzzProxyPath(f *testing.F) {
	p := newProxySite(f)
	p.me = p.api // the broker asks nothing of its own here
	for _, target := range []string{
		"/api/v2/users/me.json?a=%zz", "/api/v2/%2e%2e/oauth/tokens", "/api/v2//x", "/api/v2/a%2Fb", "/api/v2/..;/", "/oauth", "@evil/api/v2/",
		"/api/v2/users/me", "/api/v2/x HTTP/1.1\r\nHost: evil\r\n", "/api/v2/\x00", "/api/v2/\xff", "/api/v2/#y", "/api/v2/..\\..\\x", "/api/v2/%5c..%5c", "/api/v2/%25%32%65",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if strings.ContainsAny(target, " \r\n") {
			t.Skip("that is the end of a target")
		}
		p.t = t
		p.last()
		status, _ := p.wireGet(p.root + target)
		r := p.last()
		if r == nil {
			if status < 300 {
				t.Fatalf("%q: %d, and nothing reached Zendesk", target, status)
			}
			return
		}
		written, _, _ := strings.Cut(target, "?")
		decoded, err := url.PathUnescape(written)
		if err != nil || r.RequestURI != target || r.Host != p.zendesk.URL("acme").Host || r.Method != http.MethodGet ||
			!strings.HasPrefix(written, "/api/v2/") || !strings.HasPrefix(path.Clean(strings.ReplaceAll(decoded, "\\", "/"))+"/", "/api/v2/") {
			t.Fatalf("%q became %q of %q (%v)", target, r.RequestURI, r.Host, err)
		}
		if got := r.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer acc3ss-of-ada" {
			t.Fatalf("%q: %d credentials", target, len(got))
		}
	})
}

// FuzzProxyLocation: where Zendesk points, the caller is led as there: to the proxy for
// its API, to nothing else of this host.
func FuzzProxyLocation(f *testing.F) {
	p := newProxySite(f)
	root := p.zendesk.URL("acme").String()
	for _, to := range []string{
		"/api/v2/x", root + "/api/v2/x?y#z", root + "/hc", "https://evil.example/api/v2/", "//evil.example", "//@", "x", "?y", "", "\\\\evil.example", "/\\evil.example",
		"javascript:alert(1)", root + "@evil.example/api/v2/", strings.ToUpper(root) + "/api/v2/x", "http:/api/v2/x", "/api/v2/%2e%2e/%2e%2e/x", "/v1/connections/1/token",
	} {
		f.Add(to)
	}
	f.Fuzz(func(t *testing.T, to string) {
		if strings.ContainsFunc(to, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Skip("no header")
		}
		p.serves(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{to}
			w.WriteHeader(http.StatusFound)
		})
		w := p.apiSite.serve(t, "GET", p.root+"/api/v2/a/b", "", "Authorization", "Bearer "+p.key)
		if w.Code != http.StatusFound {
			t.Fatalf("%q: %d %s", to, w.Code, w.Body)
		}
		got := w.Header().Get("Location")
		if got == "" {
			return // nobody can read it
		}
		if got == strings.TrimSpace(to) { // untouched: it leads to another host, or it cannot be read
			u, err := url.Parse(got)
			if err == nil && u.Host == "" && u.Scheme == "" {
				t.Fatalf("%q is left to be read as a place of this host", to)
			}
			return
		}
		if !strings.HasPrefix(got, p.root+"/api/v2/") && !strings.HasPrefix(got, root) {
			t.Fatalf("%q became %q", to, got)
		}
	})
}
