package expiry_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/examples/expiry"
)

// start is a local Zendesk, and a broker with a connection of Ada's.
func start(t *testing.T) (*deskauthtest.Zendesk, *embedded.Broker, deskauth.Connection) {
	t.Helper()
	z := deskauthtest.New(t)
	b, err := embedded.Open(t.Context(), embedded.Config{
		Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"), PublicURL: "http://localhost:8080",
		ZendeskURL: z.Base(), ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, Now: z.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	app := &oauth2.Config{
		ClientID: deskauthtest.ClientID, RedirectURL: deskauthtest.RedirectURI, Scopes: []string{"read"},
		ClientSecret: deskauthtest.ClientSecret, Endpoint: oauth2.Endpoint{
			AuthURL: z.URL("acme") + "/oauth/authorizations/new", TokenURL: z.URL("acme") + "/oauth/tokens", AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, z.Client())
	token, err := app.Exchange(ctx, z.Allow(deskauthtest.Admin, app.AuthCodeURL("")).Query().Get("code"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Import(t.Context(), deskauthtest.Subdomain, token.AccessToken, token.RefreshToken, true)
	if err != nil {
		t.Fatal(err)
	}
	return z, b, c
}

func greets(t *testing.T, b expiry.Keeper, c deskauth.Connection, want string) {
	t.Helper()
	if got, err := expiry.Greeting(t.Context(), b, c); err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// An hour passes in no time, and the access token with it.
func TestExpiry(t *testing.T) {
	z, b, c := start(t)
	greets(t, b, c, "Hi, Ada Admin!")
	z.Clock.Advance(time.Hour)
	greets(t, b, c, "Hi, Ada Admin!")
	if n := z.Journal.Count(deskauthtest.Query{Event: "refresh.rotated"}); n != 2 { // one at the import
		t.Errorf("refreshed %d times", n)
	}
}

// Zendesk refuses for a moment: the request never reached it, and nobody notices.
func TestACutLine(t *testing.T) {
	z, b, c := start(t)
	z.Clock.Advance(time.Hour)
	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.RefuseBeforeCommit, Route: "POST /oauth/tokens", Count: 1})
	greets(t, b, c, "Hi, Ada Admin!")
}

// The answer to a refresh is lost, and with it the tokens: the person is told where to
// sign in.
func TestALostAnswer(t *testing.T) {
	z, b, c := start(t)
	z.Clock.Advance(time.Hour)
	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.DropAfterCommit, Route: "POST /oauth/tokens", Count: 1})
	greets(t, b, c, "Please sign in again: http://localhost:8080/connect?account=acme")
}

// Somebody has ended the program's access at Zendesk.
func TestAccessIsTakenBack(t *testing.T) {
	z, b, c := start(t)
	z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.RevokeNow, Route: "/api/v2/users/me", Count: 1})
	if got, err := expiry.Greeting(t.Context(), b, c); err == nil { // the call that notices
		t.Errorf("%q", got)
	}
	greets(t, b, c, "Please sign in again: http://localhost:8080/connect?account=acme")
}
