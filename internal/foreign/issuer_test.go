package foreign

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// The issuer of these tests and who is in it, as testdata/seed.yaml has them.
const (
	redirectURI  = "http://localhost:8080/handle_user_decision"
	confidential = "confidential_app"
	clientSecret = "a-secret-for-the-confidential-app"
	public       = "public_app"
)

var ada = journey.Person{Email: "ada@acme.example", Password: "a-password-for-ada"}

func TestMain(m *testing.M) { os.Exit(journey.Main(m)) }

// startIssuer runs `deskauth issuer` until the test ends, and returns the address that
// clients use which cannot resolve names below localhost.
func startIssuer(t *testing.T) string {
	t.Helper()
	d := journey.Start(t, "issuer", nil, "issuer", "--seed", filepath.Join("testdata", "seed.yaml"),
		"--db", "sqlite:"+filepath.Join(t.TempDir(), "issuer.db"), "--listen", "127.0.0.1:"+journey.FreePort(t))
	return d.Find(`(http://127\.0\.0\.1:\d+)`)
}

// allow opens an authorization URL in a new browser, signs in as Ada, allows, and
// returns where the issuer sent the browser, which has to be the client's address.
func allow(t *testing.T, authorize string) *url.URL {
	t.Helper()
	b := journey.NewBrowser()
	b.Halt = redirectURI + "?"
	page, err := b.Get(t.Context(), authorize)
	if err == nil {
		page, err = b.SignIn(t.Context(), page, ada, "allow")
	}
	if err != nil {
		t.Fatal(err)
	}
	if page.Location == "" {
		t.Fatalf("the way ends on the page %q (%s, status %d)", page.Title(), page.URL, page.Status)
	}
	to, err := url.Parse(page.Location)
	if err != nil {
		t.Fatal(err)
	}
	testlog.Issued(t, to.Query().Get("code"))
	testlog.Issued(t, b.Cookies(authorize)...)
	return to
}
