package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/web"
)

var languages = []web.Lang{web.English, "de", "es", "fr", "ja", "pt-BR"}

// Names that are hard on a page: from right to left, and 120 letters without a space.
var (
	hebrew = "מרים בת־שבע אבן־גבירול"
	arabic = "شركة الاتصالات المتقدمة للتذاكر"
	long   = strings.Repeat("Donaudampfschifffahrt", 6)[:120]
)

// TestLanguages signs in and consents in each language, at a phone and by the keyboard
// alone, as people with such names at apps with such names; then somebody changes the
// language on the way.
func TestLanguages(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>App</title><main><h1>Arrived with %s</h1></main></html>`, r.URL.Query().Get("state"))
	}))
	defer app.Close()
	callback := strings.Replace(app.URL, "127.0.0.1", "localhost", 1) + "/callback"

	var users strings.Builder
	var visits []map[string]any
	for i, lang := range languages {
		person, client, id := hebrew, long, "long"
		if i%2 == 1 {
			person, client, id = long, arabic, "arabic"
		}
		email := fmt.Sprintf("person-%d@acme.example", i)
		fmt.Fprintf(&users, "      - {email: %s, name: %q, role: agent, password: a-password-of-this-test}\n", email, person)
		visits = append(visits, visit(lang, email, person, client, id))
	}
	fmt.Fprintf(&users, "      - {email: last@acme.example, name: %q, role: admin, password: a-password-of-this-test}\n", hebrew)

	data := t.TempDir()
	seed := filepath.Join(data, "seed.yaml")
	yaml := fmt.Sprintf(`accounts:
  - subdomain: acme
    name: %q
    users:
%s    clients:
      - {identifier: long, name: %q, company: %q, description: %q, kind: confidential, secret: a-secret-of-this-test, redirect_uri: [%q]}
      - {identifier: arabic, name: %q, company: %q, description: %q, kind: confidential, secret: a-secret-of-this-test, redirect_uri: [%q]}
`, arabic, users.String(), long, arabic, hebrew, callback, arabic, long, hebrew+" "+long, callback)
	if err := os.WriteFile(seed, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	d := journey.Start(t, "issuer", nil, "issuer", "--seed", seed, "--listen", "127.0.0.1:"+journey.FreePort(t),
		"--db", "sqlite:"+filepath.Join(data, "issuer.db"))
	var said struct{ Done bool }
	Run(t, "languages", map[string]any{
		"zendesk": d.Find(`(http://acme\.localhost:\d+)`), "callback": callback, "password": "a-password-of-this-test", "visits": visits,
		"english": visit(web.English, "last@acme.example", hebrew, arabic, "arabic"), "japanese": visit("ja", "last@acme.example", hebrew, arabic, "arabic"),
	}, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}

// visit is who comes, for which app, and what the pages say to them.
func visit(lang web.Lang, email, person, client, id string) map[string]any {
	return map[string]any{
		"lang": lang, "name": web.T(lang, "language"), "email": email, "person": person, "client": id,
		"labels": map[string]string{
			"email": web.T(lang, "sign_in.email"), "password": web.T(lang, "sign_in.password"), "signIn": web.T(lang, "sign_in.submit"),
			"allow": web.T(lang, "consent.allow"), "deny": web.T(lang, "consent.deny"),
		},
		"signIn": []string{
			web.T(lang, "sign_in.title", arabic), web.T(lang, "sign_in.to_continue", client), web.T(lang, "footer.issuer"),
		},
		"consent": []string{
			web.T(lang, "consent.title", client), web.T(lang, "consent.will", client), web.T(lang, "scope.read"),
			web.T(lang, "scope.impersonate"), web.T(lang, "scope.tickets.write"), web.T(lang, "consent.grave"), person, web.T(lang, "role.agent"),
		},
		"wrong": web.T(lang, "sign_in.problem.credentials"),
	}
}
