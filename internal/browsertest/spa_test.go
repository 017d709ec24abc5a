package browsertest

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
)

// spa is a whole app: one page, which keeps its token in a variable. It stands on
// an origin that is not Zendesk's.
var spa = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>App</title><main><h1>App</h1>
<p id="said"></p><a id="go" href="#">Sign in with Zendesk</a></main>
<script>
const zendesk = {{.}};
const said = document.getElementById('said');
const scope = new URLSearchParams(location.search).get('scope') ?? 'read';
document.getElementById('go').href = zendesk + '/oauth/authorizations/new?' + new URLSearchParams({
  response_type: 'token', client_id: 'spa', redirect_uri: location.origin + '/', scope, state: 's1' });
const answer = new URLSearchParams(location.hash.slice(1));
history.replaceState(null, '', '/');
if (answer.get('error')) said.textContent = 'Zendesk says ' + answer.get('error');
if (answer.get('access_token') && answer.get('state') === 's1') {
  fetch(zendesk + '/api/v2/users/me.json', { headers: { Authorization: 'Bearer ' + answer.get('access_token') } })
    .then((r) => r.json()).then(({ user }) => { said.textContent = 'Hello, ' + user.name; });
}
</script></html>`))

const spaSeed = `accounts:
  - subdomain: acme
    name: Acme Inc.
    users: [{email: ada@acme.example, name: Ada Admin, role: admin, password: a-password-of-this-test}]
    clients: [{identifier: spa, name: A page, kind: public, redirect_uri: ["%s/"]}]
`

// TestSinglePageApp has a static page do the implicit grant and call the API across
// origins.
func TestSinglePageApp(t *testing.T) {
	var zendesk string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		if err := spa.Execute(w, zendesk); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	app := httptest.NewServer(mux)
	defer app.Close()
	address := strings.Replace(app.URL, "127.0.0.1", "localhost", 1)

	data := t.TempDir()
	seed := filepath.Join(data, "seed.yaml")
	if err := os.WriteFile(seed, fmt.Appendf(nil, spaSeed, address), 0o600); err != nil {
		t.Fatal(err)
	}
	d := journey.Start(t, "issuer", nil, "issuer", "--seed", seed, "--listen", "127.0.0.1:"+journey.FreePort(t),
		"--db", "sqlite:"+filepath.Join(data, "issuer.db"))
	zendesk = d.Find(`(http://acme\.localhost:\d+)`)

	var said struct{ Done bool }
	Run(t, "spa", map[string]any{
		"app": address + "/", "zendesk": zendesk, "email": "ada@acme.example", "password": "a-password-of-this-test", "says": "Hello, Ada Admin",
	}, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}
