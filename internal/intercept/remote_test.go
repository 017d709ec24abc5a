package intercept

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRemoteMapsNames(t *testing.T) {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		self := "http://" + r.Host
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, self+"/next", http.StatusFound)
		case "/file":
			w.Header().Set("Content-Type", "application/octet-stream")
			fmt.Fprint(w, self)
		default:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			fmt.Fprintf(w, `{"url":"%s/x","host":%q,"same_origin":%t,"other":"http://globex.example"}`, self, r.Host, r.Header.Get("Origin") == self)
		}
	}))
	defer issuer.Close()
	named := strings.Replace(issuer.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{issuer.URL, named, named + "/", strings.Replace(named, "://", "://{subdomain}.", 1)} {
		remote, err := Remote(address)
		if err != nil {
			t.Fatal(err)
		}
		local := "acme." + strings.TrimPrefix(named, "http://")
		ask := func(host, path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, "https://"+host+path, nil)
			r.Header.Set("Origin", "https://"+host)
			r.Header.Set("Accept-Encoding", "gzip")
			w := httptest.NewRecorder()
			remote.ServeHTTP(w, r)
			return w
		}
		want := `{"url":"https://acme.zendesk.com/x","host":"` + local + `","same_origin":true,"other":"http://globex.example"}`
		if got := ask("acme.zendesk.com", "/").Body.String(); got != want {
			t.Errorf("%s: got  %s\nwant %s", address, got, want)
		}
		if got := ask("acme.zendesk.com", "/redirect").Header().Get("Location"); got != "https://acme.zendesk.com/next" {
			t.Errorf("%s: redirects to %s", address, got)
		}
		if got := ask("acme.zendesk.com", "/file").Body.String(); got != "http://"+local {
			t.Errorf("%s: a file was rewritten: %s", address, got)
		}
		for _, host := range []string{"a.b.zendesk.com", "zendesk.com"} {
			if got := ask(host, "/").Code; got != http.StatusNotFound {
				t.Errorf("%s answered %d", host, got)
			}
		}
	}
}

func TestRemoteRefusesWhatIsNoIssuer(t *testing.T) {
	for _, address := range []string{"", "localhost:4000", "ftp://localhost", "http://", "http://localhost:4000/path", "http://u:p@localhost", "https://acme.zendesk.com"} {
		if _, err := Remote(address); err == nil {
			t.Errorf("took %q", address)
		}
	}
}
