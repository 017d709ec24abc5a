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
)

const onwardSeed = `accounts:
  - subdomain: acme
    name: Acme Inc.
    users: [{email: ada@acme.example, name: Ada Admin, role: admin, password: a-password-of-this-test}]
    clients: [{identifier: onward, name: An app, kind: public, redirect_uri: ["%s/callback"]}]
`

// TestCallbackThatRedirectsOn has an app whose callback sends the browser on to an
// origin that no page of ours has heard of. Chromium holds form-action against the
// whole chain of redirects that a form begins: Allow, and a sign-in after which
// consent is skipped, must not be such a form.
func TestCallbackThatRedirectsOn(t *testing.T) {
	third := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>App</title><main><h1>Arrived</h1></main></html>`)
	}))
	defer third.Close()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, third.URL+"/", http.StatusFound)
	}))
	defer app.Close()
	address := strings.Replace(app.URL, "127.0.0.1", "localhost", 1)

	data := t.TempDir()
	seed := filepath.Join(data, "seed.yaml")
	if err := os.WriteFile(seed, fmt.Appendf(nil, onwardSeed, address), 0o600); err != nil {
		t.Fatal(err)
	}
	d := journey.Start(t, "issuer", nil, "issuer", "--seed", seed, "--listen", "127.0.0.1:"+journey.FreePort(t),
		"--db", "sqlite:"+filepath.Join(data, "issuer.db"))
	var said struct{ Done bool }
	Run(t, "onward", map[string]any{
		"callback": address + "/callback", "third": third.URL + "/", "zendesk": d.Find(`(http://acme\.localhost:\d+)`),
		"email": "ada@acme.example", "password": "a-password-of-this-test",
	}, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}
