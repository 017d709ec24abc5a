package browsertest

import (
	"os"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/web"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// TestSignIn walks the founding journey in a browser: one command, then "Sign in to
// Zendesk", Ada's password, Allow, and her name.
func TestSignIn(t *testing.T) {
	broker, zendesk := startDev(t)
	person := func(email, password, greeting string) map[string]any {
		return map[string]any{"email": email, "password": password, "greeting": greeting}
	}
	input := person("admin@acme.example", "ada-demo-password", "Hi, Ada Admin! Your Zendesk Support user role is admin.")
	input["broker"], input["zendesk"], input["subdomain"] = broker, zendesk, "acme"
	input["others"] = []any{
		person("agent@acme.example", "grace-demo-password", "Hi, Grace Agent! Your Zendesk Support user role is agent."),
		person("customer@acme.example", "carl-demo-password", "Hi, Carl Customer! Your Zendesk Support user role is end-user."),
	}
	input["french"] = map[string]any{
		"greeting": web.T("fr", "connected.hi", "Carl Customer", "Support", web.T("fr", "connected.role.end-user")),
		"words": map[string]string{
			"subdomain": web.T("fr", "connect_home.subdomain"), "connect": web.T("fr", "connect_home.submit"),
			"email": web.T("fr", "sign_in.email"), "password": web.T("fr", "sign_in.password"), "signIn": web.T("fr", "sign_in.submit"),
		},
	}
	var said struct{ Done bool }
	Run(t, "signin", input, &said)
	if !said.Done && !t.Failed() {
		t.Error("the journey did not come to its end")
	}
}

// startDev runs `deskauth dev` on data of its own until the test ends. It returns the
// addresses of the broker and of account acme.
func startDev(t *testing.T) (broker, zendesk string) {
	t.Helper()
	d := journey.Start(t, "dev", nil, "dev", "--data", t.TempDir(), "--control", "",
		"--issuer-listen", "127.0.0.1:"+journey.FreePort(t), "--broker-listen", "127.0.0.1:"+journey.FreePort(t))
	return d.Find(`Open (http://localhost:\d+)`), d.Find(`(http://acme\.localhost:\d+)`)
}
