package issuerhttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// serve gives a request to the handler without a network between, and checks what
// holds of every answer. Of a header, a real server takes no control characters.
func (w *world) serve(t *testing.T, method, target, body string, h http.Header) *reply {
	t.Helper()
	w.t, w.witness.t = t, t
	path, rawQuery, _ := strings.Cut(target, "?")
	r, err := http.NewRequestWithContext(t.Context(), method, "http://acme.localhost/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Path, r.URL.RawQuery, r.RemoteAddr = path, rawQuery, "192.0.2.1:4000"
	r.RequestURI = r.URL.RequestURI()
	for name, values := range h {
		if strings.ContainsFunc(values[0], func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			t.Skip("no header")
		}
		r.Header[name] = values
	}
	recorded := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(recorded, r)
	got := &reply{t: t, Status: recorded.Code, Header: recorded.Header(), Body: recorded.Body.String()}
	for _, fault := range faults(got.Status, got.Header, got.Body, &vault{}) {
		t.Fatalf("%s %s: %s\n%s", method, target, fault, got.Body)
	}
	return got
}

// session is the cookie of a browser that signed in, as it is sent.
func (b *browser) session() string {
	b.w.t.Helper()
	for _, c := range b.http.Jar.Cookies(&url.URL{Scheme: b.w.scheme(), Host: b.host, Path: "/"}) {
		if strings.HasSuffix(c.Name, "deskauth_issuer_session") {
			return c.Name + "=" + c.Value
		}
	}
	b.w.t.Fatal("nobody is signed in")
	return ""
}

// FuzzCookies: no cookie but a session's own signs anybody in, and none makes a page
// fail, in whatever language it is asked for.
func FuzzCookies(f *testing.F) {
	w := onSQLite(f, options{})
	for _, cookie := range []string{
		"", "deskauth_issuer_session=", "deskauth_issuer_session=x; deskauth_issuer_language=de", "__Host-deskauth_issuer_session=x",
		"deskauth_issuer_session=\"a b\"; deskauth_issuer_session=y", "=;;=,\"", "deskauth_issuer_language=../../xx", "\xff=\xfe",
	} {
		f.Add(cookie, "de-AT, *;q=0.1, -;q=x")
	}
	f.Fuzz(func(t *testing.T, cookie, accept string) {
		h := header("Cookie", cookie, "Accept-Language", accept)
		for _, path := range []string{settingsPath, "/"} {
			got := w.serve(t, http.MethodGet, path, "", h)
			if path == settingsPath && got.Status != http.StatusSeeOther {
				t.Fatalf("%q opens %s: %d", cookie, path, got.Status)
			}
		}
		w.serve(t, http.MethodGet, signInPath, "", h).want(http.StatusOK)
	})
}

// FuzzLanguageForm: the switch of languages stays at the host.
func FuzzLanguageForm(f *testing.F) {
	w := onSQLite(f, options{})
	for _, form := range []string{"lang=de&back=/", "lang=de&back=//evil.example", "lang=de&back=/%5Cevil.example", "lang=xx&back=/", "lang=fr&back=https://evil.example", "%zz", "lang=ja&back=/%09/evil.example&back=/"} {
		f.Add(form)
	}
	here := &url.URL{Scheme: "http", Host: "acme.localhost", Path: "/"}
	f.Fuzz(func(t *testing.T, form string) {
		got := w.serve(t, http.MethodPost, "/access/language", form, header("Content-Type", "application/x-www-form-urlencoded"))
		if got.Status != http.StatusSeeOther {
			return
		}
		if to, err := here.Parse(got.Header.Get("Location")); err != nil || to.Host != here.Host {
			t.Fatalf("%q leads to %q", form, got.Header.Get("Location"))
		}
	})
}

// FuzzTokenBody: no body of the token endpoints makes them fail, and without a
// client's secret there is no token.
func FuzzTokenBody(f *testing.F) {
	w := onSQLite(f, options{})
	for _, body := range []string{
		"grant_type=authorization_code&code=x&client_id=app&client_secret=y&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback",
		"grant_type=client_credentials&client_id=app", "grant_type=refresh_token&refresh_token=a.b.c&client_id=spa", "grant_type=password&username=a&password=b&client_id=app",
		`{"grant_type":"client_credentials","client_id":"app","client_secret":"x","scope":"read","expires_in":300}`, `{"grant_type":["a"]}`, "{", "%zz", "",
	} {
		for _, kind := range []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			f.Add(true, kind, body, "Basic YXBwOng=")
			f.Add(false, kind, body, "")
		}
	}
	f.Fuzz(func(t *testing.T, support bool, kind, body, authorization string) {
		path := zendesk.TokenPath
		if !support {
			path = chat.TokenPath
		}
		got := w.serve(t, http.MethodPost, path, body, header("Content-Type", kind, "Authorization", authorization))
		if got.Status < 400 || !json.Valid([]byte(got.Body)) {
			t.Fatalf("%q: %d %s", body, got.Status, got.Body)
		}
	})
}

// FuzzAuthorizeQuery: an authorization request leads a browser to an address that
// its client has registered, or to a page here.
func FuzzAuthorizeQuery(f *testing.F) {
	w := onSQLite(f, options{})
	session := w.as(ada).session()
	for _, q := range []url.Values{
		request(), request("redirect_uri", "https://evil.example/"), request("redirect_uri", appCallback+"/../x"), request("response_type", "token"),
		request("scope", "nonsense"), request("state", "\x00\r\n"), request("prompt", "none"), request("client_id", "spa", "redirect_uri", spaCallback),
	} {
		f.Add(true, q.Encode())
		f.Add(false, q.Encode())
	}
	f.Add(true, "client_id=app&client_id=spa&redirect_uri=%zz;x")
	registered := []string{"app.example", "localhost:8080", "single.example", "127.0.0.1:9000", "narrow.example"}
	f.Fuzz(func(t *testing.T, signedIn bool, query string) {
		h := http.Header{}
		if signedIn {
			h.Set("Cookie", session)
		}
		got := w.serve(t, http.MethodGet, zendesk.AuthorizePath+"?"+query, "", h)
		where := got.Header.Get("Location")
		if where == "" {
			return
		}
		to, err := url.Parse(where)
		if err != nil || to.Host == "" && to.Path != signInPath || to.Host != "" && !slices.Contains(registered, to.Host) {
			t.Fatalf("%q leads to %q", query, where)
		}
	})
}

// FuzzClientPage: no form of a client makes its page fail, whatever is in it for a
// logo.
func FuzzClientPage(f *testing.F) {
	w := onSQLite(f, options{})
	session := w.as(ada).session()
	part := func(name, more, value string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" + value + "\r\n"
	}
	named := part("name", "", "N") + part("identifier", "", "n") + part("kind", "", "public") + part("redirect_uris", "", "https://a.example/\r\nx")
	f.Add("multipart/form-data; boundary=x", named+part(web.FieldLogo, "; filename=\"l.gif\"", "GIF89a\x01\x00\x01\x00\x80")+"--x--\r\n")
	f.Add("multipart/form-data; boundary=x", named+part(web.FieldLogo, "; filename=\"l.png\"", "\x89PNG\r\n\x1a\n")+"--x--\r\n")
	f.Add("multipart/form-data; boundary=x", named)
	f.Add("application/x-www-form-urlencoded", "name=N&identifier=n2&kind=confidential&redirect_uris=&scopes=read&scopes=x")
	f.Add("multipart/form-data; boundary=\"", "--")
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, kind, body string) {
		w.serve(t, http.MethodPost, web.PathClients, body, header("Cookie", session, "Content-Type", kind))
	})
}
