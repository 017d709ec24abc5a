package journey

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/testlog"
)

// Account is the account of the journeys.
const Account = "acme"

// Town is a seed: an account, who lives there, and the clients that they allow.
type Town struct {
	Path         string // of the seed file
	People       []Person
	App          App // without an issuer
	BrokerID     string
	BrokerSecret string
}

func randomText() string { return rand.Text() }

// NewTown writes a seed file with a number of people, the first an admin, an app,
// and a client for a broker at an address. Every secret is new, and noted.
func NewTown(t testing.TB, people int, broker string) Town {
	t.Helper()
	secretOf := func() string { return strings.ToLower(randomText() + randomText()) }
	town := Town{
		Path: filepath.Join(t.TempDir(), "seed.yaml"), BrokerID: "journey_broker", BrokerSecret: secretOf(),
		App: App{T: t, ID: "journey_app", Secret: secretOf(), Redirect: "http://localhost:1/callback"},
	}
	var text strings.Builder
	fmt.Fprintf(&text, "accounts:\n  - subdomain: %s\n    name: Acme Inc.\n    users:\n", Account)
	for i := range people {
		p := Person{Email: fmt.Sprintf("agent%d@acme.example", i), Password: secretOf(), Name: fmt.Sprintf("Grace Agent %d", i), Role: "agent"}
		if i == 0 {
			p = Person{Email: "admin@acme.example", Password: secretOf(), Name: "Ada Admin", Role: "admin"}
		}
		town.People = append(town.People, p)
		fmt.Fprintf(&text, "      - {email: %s, name: %s, role: %s, password: %q}\n", p.Email, p.Name, p.Role, p.Password)
		testlog.Issued(t, p.Password)
	}
	text.WriteString("    clients:\n")
	for _, c := range [][3]string{
		{town.App.ID, town.App.Secret, town.App.Redirect},
		{town.BrokerID, town.BrokerSecret, broker + "/zendesk/oauth/callback"},
	} {
		fmt.Fprintf(&text, "      - {identifier: %s, name: %s, kind: confidential, secret: %q, redirect_uri: [%q]}\n", c[0], c[0], c[1], c[2])
		testlog.Issued(t, c[1])
	}
	if err := os.WriteFile(town.Path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return town
}

// Issuer starts an issuer of the town at a port.
func (town Town) Issuer(t testing.TB, name, dsn, port string) *Daemon {
	t.Helper()
	return Start(t, name, nil, "issuer", "--listen", "127.0.0.1:"+port, "--db", dsn, "--seed", town.Path)
}

// IssuerURL is the account's root at an issuer's port.
func IssuerURL(port string) string { return "http://" + Account + ".localhost:" + port }

// Broker starts a broker for the issuer at a port. Its files are in dir.
func (town Town) Broker(t testing.TB, dsn, dir, port, issuerPort string) *Daemon {
	t.Helper()
	return Start(t, "broker", []string{"DESKAUTH_CLIENT_SECRET=" + town.BrokerSecret},
		"broker", "--listen", "127.0.0.1:"+port, "--db", dsn, "--client-id", town.BrokerID,
		"--sealing-keys", filepath.Join(dir, "sealing-keys.json"),
		"--zendesk-url", "http://{subdomain}.localhost:"+issuerPort)
}
