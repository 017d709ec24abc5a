package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
)

// Somebody has ended the app's access at Zendesk. The program notices at its next call,
// and sends a link to the person whose connection it was; their sign-in makes the same
// connection work again.
func ExampleBroker_MakeLink() {
	ctx := context.Background()
	zendesk, err := deskauthtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := zendesk.Close(); err != nil {
			log.Fatal(err)
		}
	}()
	b, end := open(ctx, zendesk)
	defer end()
	c := ada(ctx, zendesk, b)

	_, err = b.API(c).Me(ctx)
	fmt.Println("the call failed:", err != nil)
	if c, err = b.Connection(ctx, c.ID); err != nil || c.State != deskauth.Reauthorize {
		log.Fatal(c.State, err)
	}
	link, err := b.MakeLink(ctx, deskauth.LinkRequest{Connection: c.ID, ReturnTo: "/inbox", ExpiresIn: 3 * 24 * 3600})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link, link.State)

	follow(zendesk, b, link.URL)
	c, err = b.Connection(ctx, c.ID)
	if err != nil {
		log.Fatal(err)
	}
	for l, err := range b.Links(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("connection", c.ID, "is", c.State, "and the link", l.State)
	}
	// Output:
	// the call failed: true
	// deskauth.NewLink(1, [secret]) open
	// back at /inbox
	// connection 1 is active and the link spent
}

// open is a program's broker. The program would serve b.Handler at its PublicURL.
func open(ctx context.Context, zendesk *deskauthtest.Zendesk) (b *embedded.Broker, end func()) {
	dir, err := os.MkdirTemp("", "deskauth-example-")
	if err != nil {
		log.Fatal(err)
	}
	b, err = embedded.Open(ctx, embedded.Config{
		Path: filepath.Join(dir, "connections.db"), SealingKeys: filepath.Join(dir, "sealing-keys.json"),
		PublicURL: "http://localhost:8080", CallbackPath: "/callback", ZendeskURL: zendesk.Base(),
		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, Account: deskauthtest.Subdomain,
		OnConnected: func(w http.ResponseWriter, r *http.Request, _ deskauth.Connection, returnTo string) {
			fmt.Println("back at", returnTo)
			http.Redirect(w, r, returnTo, http.StatusSeeOther)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	return b, func() {
		if err := errors.Join(b.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// ada is a connection whose tokens Zendesk takes no more.
func ada(ctx context.Context, zendesk *deskauthtest.Zendesk, b *embedded.Broker) deskauth.Connection {
	app := oauth2.Config{
		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, RedirectURL: b.RedirectURL(), Scopes: []string{"read", "write"},
		Endpoint: oauth2.Endpoint{
			AuthURL: zendesk.URL("acme") + "/oauth/authorizations/new", TokenURL: zendesk.URL("acme") + "/oauth/tokens",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, zendesk.Client())
	code := zendesk.Allow(deskauthtest.Admin, app.AuthCodeURL("")).Query().Get("code")
	token, err := app.Exchange(ctx, code)
	if err != nil {
		log.Fatal(err)
	}
	c, err := b.Import(ctx, deskauthtest.Subdomain, token.AccessToken, token.RefreshToken, false)
	if err != nil {
		log.Fatal(err)
	}
	end, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.URL+"/api/v2/oauth/tokens/current.json", nil)
	if err != nil {
		log.Fatal(err)
	}
	resp, err := b.HTTPClient(c.ID).Do(end)
	if err != nil {
		log.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNoContent {
		log.Fatal(resp.Status, err)
	}
	return c
}

// follow is what the person's browser does: it opens the link, goes on to Zendesk, where
// the person allows what is asked, and comes back.
func follow(zendesk *deskauthtest.Zendesk, b *embedded.Broker, link string) {
	cookie := ""
	ask := func(method, address string) (status int, to string) {
		r := httptest.NewRequest(method, address, nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, r)
		if set := w.Header().Get("Set-Cookie"); set != "" {
			cookie, _, _ = strings.Cut(set, ";")
		}
		return w.Code, w.Header().Get("Location")
	}
	if status, _ := ask(http.MethodGet, link); status != http.StatusOK {
		log.Fatal("the link's page: ", status)
	}
	status, to := ask(http.MethodPost, link)
	if status != http.StatusSeeOther {
		log.Fatal("the link's form: ", status)
	}
	back := zendesk.Allow(deskauthtest.Admin, to)
	ask(http.MethodGet, back.String())
}
