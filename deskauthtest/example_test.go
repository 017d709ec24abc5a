package deskauthtest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth/deskauthtest"
)

// app is what is under test here: anything that speaks OAuth to Zendesk, here by
// golang.org/x/oauth2. It knows nothing of deskauth.
func app() *oauth2.Config {
	return &oauth2.Config{
		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret,
		RedirectURL: deskauthtest.RedirectURI, Scopes: []string{"read"},
		Endpoint: oauth2.Endpoint{
			AuthURL: "https://acme.zendesk.com/oauth/authorizations/new", TokenURL: "https://acme.zendesk.com/oauth/tokens",
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// In a test one writes z := deskauthtest.New(t), and needs neither the error nor
// Close.
func start() (z *deskauthtest.Zendesk, ctx context.Context, end func()) {
	z, err := deskauthtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	end = func() {
		if err := z.Close(); err != nil {
			log.Fatal(err)
		}
	}
	return z, context.WithValue(context.Background(), oauth2.HTTPClient, z.Client()), end
}

// expiring asks for a life, as one must: Zendesk tells it only to those who ask.
var expiring = oauth2.SetAuthURLParam("expires_in", "1800")

func me(c *http.Client) string {
	resp, err := c.Get("https://acme.zendesk.com/api/v2/users/me.json")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	return resp.Status
}

// A person signs in, allows what the app asks for, and the app calls the API.
func Example_login() {
	z, ctx, end := start()
	defer end()

	callback := z.Allow(deskauthtest.Admin, app().AuthCodeURL("a-state"))
	fmt.Println("state:", callback.Query().Get("state"))
	token, err := app().Exchange(ctx, callback.Query().Get("code"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(me(app().Client(ctx, token)))

	// Another person does not want to.
	fmt.Println(z.Deny(deskauthtest.Agent, app().AuthCodeURL("a-state")).Query().Get("error"))
	// Output:
	// state: a-state
	// 200 OK
	// access_denied
}

// Half an hour passes in no time, and the access token with it.
func Example_expiry() {
	z, ctx, end := start()
	defer end()
	code := z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("code")
	token, err := app().Exchange(ctx, code, expiring)
	if err != nil {
		log.Fatal(err)
	}

	withToken := oauth2.NewClient(ctx, oauth2.StaticTokenSource(token))
	fmt.Println(me(withToken))
	z.Clock.Advance(31 * time.Minute)
	fmt.Println(me(withToken))

	// The app refreshes when its own clock says so; here we say so.
	token.Expiry = z.Clock.Now().Add(-31 * time.Minute)
	fmt.Println(me(app().Client(ctx, token)))
	fmt.Println("rotated:", z.Journal.Count(deskauthtest.Query{Event: "refresh.rotated"}))
	// Output:
	// 200 OK
	// 401 Unauthorized
	// 200 OK
	// rotated: 1
}

// The answer to a refresh is lost: Zendesk has changed the token, and the app does
// not know the new one. An app that tries the old one again has lost its user.
func Example_lostAnswer() {
	z, ctx, end := start()
	defer end()
	code := z.Allow(deskauthtest.Admin, app().AuthCodeURL("")).Query().Get("code")
	token, err := app().Exchange(ctx, code)
	if err != nil {
		log.Fatal(err)
	}

	z.Faults.Add(deskauthtest.Fault{
		Kind: deskauthtest.DropAfterCommit, Route: "POST /oauth/tokens", Grant: "refresh_token", Count: 1,
	})
	before := z.Journal.Mark()
	token.Expiry = time.Now().Add(-time.Minute)
	source := app().TokenSource(ctx, token)
	for range 2 {
		_, err := source.Token()
		fmt.Println("refreshed:", err == nil)
	}
	fmt.Println("rotated:", z.Journal.Count(deskauthtest.Query{Event: "refresh.rotated", Since: before}))
	fmt.Println("used again:", z.Journal.Count(deskauthtest.Query{Event: "refresh.replayed", Client: deskauthtest.ClientID, Since: before}))
	// Output:
	// refreshed: false
	// refreshed: false
	// rotated: 1
	// used again: 1
}
