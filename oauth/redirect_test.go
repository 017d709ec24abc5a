package oauth_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/oauth"
)

func TestCheckRedirectURI(t *testing.T) {
	for uri, part := range map[string]string{
		"https://example.com/callback":                 "",
		"https://example.com":                          "",
		"https://example.com:8443/cb?x=1":              "",
		"https://192.0.2.1/cb":                         "",
		"https://[2001:db8::1]/cb":                     "",
		"http://localhost":                             "",
		"http://localhost:8080/handle_user_decision":   "",
		"http://127.0.0.1:3000/zendesk/oauth/callback": "",
		"http://[::1]:80/":                             "",

		"":                                       "empty",
		"/callback":                              "absolute",
		"example.com/callback":                   "absolute",
		"//example.com/cb":                       "absolute",
		"http://example.com/":                    "https",
		"http://localhost.evil.example":          "https",
		"http://127.0.0.2/":                      "https",
		"myapp://callback":                       "https",
		"javascript:alert(1)":                    "https",
		"urn:ietf:wg:oauth:2.0:oob":              "https",
		"https:example.com":                      "host",
		"https:///cb":                            "host",
		"https://:8080/":                         "host",
		"https://a@example.com/":                 "user name",
		"https://example.com/#x":                 "fragment",
		"https://example.com/#":                  "fragment",
		"https://example.com/a b":                "space",
		"https://example.com/\x00":               "control",
		"https://example.com/\n":                 "control",
		"https://example.com/\u00e9":             "percent-encoded",
		"https://example.com\\@evil":             "percent-encoded",
		"https://example.com:/":                  "plain host",
		"https://example.com:0/":                 "plain host",
		"https://example.com:99999/":             "plain host",
		"https://evil;script-src/":               "plain host",
		"https://a,b/":                           "plain host",
		"https://*/":                             "plain host",
		"https://[fe80::1%25eth0]/":              "plain host",
		"https://example.com/%zz":                "cannot be read",
		"https://a/" + strings.Repeat("x", 2048): "longer",
	} {
		err := oauth.CheckRedirectURI(uri)
		switch {
		case part == "" && err != nil:
			t.Errorf("%q: %v", uri, err)
		case part != "" && (err == nil || !strings.Contains(err.Error(), part)):
			t.Errorf("%q: %v, want something about %q", uri, err, part)
		}
		if got := oauth.RedirectOrigin(uri); (got == "") != (err != nil) {
			t.Errorf("%q: origin %q", uri, got)
		}
	}
}

func TestMatchRedirectURI(t *testing.T) {
	registered := []string{"https://a.example/cb", "http://127.0.0.1:19186/cb?x=1", "http://[::1]/", "http://localhost:80/"}
	for _, c := range []struct {
		uri            string
		exact, anyPort bool
	}{
		{"https://a.example/cb", true, true},
		{"https://a.example/cb/", false, false},
		{"https://a.example:443/cb", false, false},
		{"https://A.example/cb", false, false},
		{"http://a.example/cb", false, false},
		{"https://a.example/cb?", false, false},
		{"", false, false},
		{"http://127.0.0.1:19186/cb?x=1", true, true},
		{"http://127.0.0.1:5/cb?x=1", false, true},
		{"http://127.0.0.1/cb?x=1", false, true},
		{"http://127.0.0.1:99999/cb?x=1", false, false},
		{"http://127.0.0.1:5/cb?x=2", false, false},
		{"http://127.0.0.1:5@evil.example/cb?x=1", false, false},
		{"http://127.0.0.1.evil.example/cb?x=1", false, false},
		{"http://[::1]:7/", false, true},
		{"http://localhost:81/", false, false},
		{"https://127.0.0.1:5/cb?x=1", false, false},
	} {
		if got := oauth.MatchRedirectURI(registered, c.uri); got != c.exact {
			t.Errorf("%q exactly: %v", c.uri, got)
		}
		if got := oauth.MatchLoopbackAnyPort(registered, c.uri); got != c.anyPort {
			t.Errorf("%q at any port: %v", c.uri, got)
		}
	}
}

func TestRedirectURL(t *testing.T) {
	denied := url.Values{"error": {"access_denied"}, "error_description": {"The end-user denied."}}
	for _, c := range []struct {
		uri    string
		params url.Values
		want   string
	}{
		{"https://a/cb", denied, "https://a/cb?error=access_denied&error_description=The+end-user+denied."},
		{"https://a/cb?b=2&a=%2f", url.Values{"code": {"c"}, "state": {"s t"}}, "https://a/cb?b=2&a=%2f&code=c&state=s+t"},
		{"https://a/cb?", url.Values{"code": {"c"}}, "https://a/cb?code=c"},
		{"https://a/cb?x&", url.Values{"code": {"c"}}, "https://a/cb?x&code=c"},
		{"https://a/cb", nil, "https://a/cb"},
	} {
		if got := oauth.RedirectURL(c.uri, c.params); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	if got := oauth.FragmentURL("https://a/cb?x=1", url.Values{"access_token": {"t"}, "scope": {"a b"}}); got != "https://a/cb?x=1#access_token=t&scope=a+b" {
		t.Error(got)
	}
}

func TestRedirectOrigin(t *testing.T) {
	for uri, want := range map[string]string{
		"https://a.example/cb?x=1":      "https://a.example",
		"HTTPS://a.example:8443/":       "https://a.example:8443",
		"http://[::1]:3000/cb":          "http://[::1]:3000",
		"https://evil; script-src *":    "",
		"https://user@a.example/":       "",
		"http://localhost:8080/handle/": "http://localhost:8080",
	} {
		if got := oauth.RedirectOrigin(uri); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}

func FuzzRedirect(f *testing.F) {
	f.Add("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", "code", "a b&c=#")
	f.Add("https://a.example/?x=1", "https://a.example/?x=1", "state", "")
	f.Add("http://[::1]", "http://[::1]:9@evil/", "", "\xff")
	f.Fuzz(func(t *testing.T, registered, requested, name, value string) {
		list := []string{registered}
		if oauth.MatchRedirectURI(list, requested) != (registered == requested && requested != "") {
			t.Fatalf("%q against %q", requested, registered)
		}
		if oauth.CheckRedirectURI(registered) != nil {
			return
		}
		a, err := url.Parse(registered)
		if err != nil {
			t.Fatal(err)
		}
		if oauth.MatchLoopbackAnyPort(list, requested) {
			b, err := url.Parse(requested)
			if err != nil || a.Hostname() != b.Hostname() || a.Scheme != b.Scheme || a.Path != b.Path || a.RawQuery != b.RawQuery || b.User != nil {
				t.Fatalf("%q passes for %q", requested, registered)
			}
		}
		if strings.ContainsAny(oauth.RedirectOrigin(registered), " ;,'\"") {
			t.Fatalf("%q is no origin", oauth.RedirectOrigin(registered))
		}
		u, err := url.Parse(oauth.RedirectURL(registered, url.Values{name: {value}}))
		if err != nil || u.Host != a.Host || u.Path != a.Path || !strings.HasPrefix(u.RawQuery, a.RawQuery) || u.Fragment != "" {
			t.Fatalf("%q became %v, %v", registered, u, err)
		}
		added, err := url.ParseQuery(strings.TrimPrefix(u.RawQuery, a.RawQuery))
		if err != nil || added.Get(name) != value {
			t.Fatalf("%q=%q came back as %q, %v", name, value, added, err)
		}
	})
}
