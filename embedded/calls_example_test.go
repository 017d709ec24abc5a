package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/zendesk"
)

// connected is a local Zendesk, a broker that keeps its time, and a connection of the
// program's own client.
func connected() (z *deskauthtest.Zendesk, b *embedded.Broker, c deskauth.Connection, end func()) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "deskauth-example-")
	if err != nil {
		log.Fatal(err)
	}
	if z, err = deskauthtest.Start(); err != nil {
		log.Fatal(err)
	}
	if b, err = embedded.Open(ctx, embedded.Config{
		Path: filepath.Join(dir, "connections.db"), SealingKeys: filepath.Join(dir, "sealing-keys.json"),
		PublicURL: "http://localhost:8080", ZendeskURL: z.Base(), Scopes: []string{"read", "write"},
		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, Now: z.Clock.Now,
	}); err != nil {
		log.Fatal(err)
	}
	if c, err = b.ConnectClient(ctx, deskauthtest.Subdomain); err != nil {
		log.Fatal(err)
	}
	return z, b, c, func() {
		if err := errors.Join(b.Close(), z.Close(), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "deskauth-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	b, err := embedded.Open(context.Background(), embedded.Config{
		Path: filepath.Join(dir, "connections.db"), SealingKeys: filepath.Join(dir, "sealing-keys.json"),
		PublicURL: "https://app.example", Accounts: []string{"acme"}, ClientID: "my_app", ClientSecret: "the client's secret",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(b.RedirectURL(), b.Close())
	// Output: https://app.example/zendesk/oauth/callback <nil>
}

func ExampleBroker_RedirectURL() {
	_, b, _, end := connected()
	defer end()

	fmt.Println("register at Zendesk:", b.RedirectURL())
	// Output: register at Zendesk: http://localhost:8080/zendesk/oauth/callback
}

// A program mounts it at "/" of its own mux.
func ExampleBroker_Handler() {
	_, b, _, end := connected()
	defer end()

	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://localhost:8080/connect", nil))
	fmt.Println(w.Code)
	// Output: 200
}

func ExampleBroker_HTTPClient() {
	z, b, c, end := connected()
	defer end()

	for range 3 {
		resp, err := b.HTTPClient(c.ID).Get(c.URL + "/api/v2/users/me.json")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp.Status, resp.Body.Close())
		z.Clock.Advance(24 * time.Hour) // the token is over, and nobody notices
	}
	// Output:
	// 200 OK <nil>
	// 200 OK <nil>
	// 200 OK <nil>
}

func ExampleBroker_API() {
	_, b, c, end := connected()
	defer end()

	for u, err := range b.API(c).Users(context.Background(), []string{"admin"}) {
		fmt.Println(u.Name, err)
	}
	// Output: Ada Admin <nil>
}

func ExampleBroker_Token() {
	_, b, c, end := connected()
	defer end()

	token, err := b.Token(context.Background(), c.ID, deskauth.MinTTL(10*time.Minute))
	fmt.Println(token, token.Generation, err)
	// Output: deskauth.Token([secret]) 1 <nil>
}

func ExampleBroker_Connection() {
	_, b, c, end := connected()
	defer end()

	again, err := b.Connection(context.Background(), c.ID)
	fmt.Println(again.User.Name, again.State, err)
	// Output: Ada Admin active <nil>
}

func ExampleBroker_Connections() {
	_, b, _, end := connected()
	defer end()

	for c, err := range b.Connections(context.Background()) {
		fmt.Println(c.ID, c.Account, c.Scope, err)
	}
	// Output: 1 acme read write <nil>
}

func ExampleBroker_ConnectClient() {
	_, b, _, end := connected()
	defer end()

	_, err := b.ConnectClient(context.Background(), "nobody")
	fmt.Println(err != nil) // there is no such account
	// Output: true
}

// A token that the program has already is taken over. Its refresh token would be renewed
// at once with rotate.
func ExampleBroker_Import() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()

	token, err := b.Token(ctx, c.ID)
	if err != nil {
		log.Fatal(err)
	}
	taken, err := b.Import(ctx, "acme", token.AccessToken, "", false)
	fmt.Println(taken.User.Name, err)
	// Output: Ada Admin <nil>
}

func ExampleBroker_Disable() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()

	fmt.Println(b.Disable(ctx, c.ID))
	_, err := b.Token(ctx, c.ID)
	fmt.Println(err)
	fmt.Println(b.Enable(ctx, c.ID))
	// Output:
	// <nil>
	// deskauth: connection 1 is disabled: switched_off
	// <nil>
}

func ExampleBroker_Enable() {
	_, b, c, end := connected()
	defer end()

	fmt.Println(b.Enable(context.Background(), c.ID)) // it is
	// Output: <nil>
}

func ExampleBroker_Renew() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()

	fmt.Println(b.Renew(ctx, c.ID))
	c, err := b.Connection(ctx, c.ID)
	fmt.Println(c.Generation, err)
	// Output:
	// <nil>
	// 2 <nil>
}

func ExampleBroker_Revoke() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()

	fmt.Println(b.Revoke(ctx, c.ID))
	_, err := b.Token(ctx, c.ID)
	fmt.Println(errors.Is(err, deskauth.ErrNotFound))
	// Output:
	// <nil>
	// true
}

func ExampleBroker_Links() {
	_, b, _, end := connected()
	defer end()
	ctx := context.Background()

	link, err := b.MakeLink(ctx, deskauth.LinkRequest{Account: "acme"})
	if err == nil {
		err = b.RevokeLink(ctx, link.ID)
	}
	fmt.Println(err)
	for l, err := range b.Links(ctx) {
		fmt.Println(l.Account, l.State, err)
	}
	// Output:
	// <nil>
	// acme revoked <nil>
}

func ExampleBroker_RevokeLink() {
	_, b, _, end := connected()
	defer end()

	fmt.Println(errors.Is(b.RevokeLink(context.Background(), 99), deskauth.ErrNotFound))
	// Output: true
}

// Carl has no account here, and sends his logs to one ticket. Handler serves the page.
func ExampleBroker_MakePass() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()
	ticket, err := b.API(c).CreateTicket(ctx, zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}})
	if err != nil {
		log.Fatal(err)
	}

	pass, err := b.MakePass(ctx, deskauth.PassRequest{Name: "Carl", Connection: c.ID, Ticket: ticket.ID, ExpiresIn: "72h"})
	fmt.Println(pass, pass.State, err) // pass.Link and pass.Curl are for Carl alone
	for p, err := range b.Passes(ctx) {
		fmt.Println(p.Name, p.Can, err)
	}
	fmt.Println(b.RevokePass(ctx, pass.ID))
	p, err := b.Pass(ctx, pass.ID)
	fmt.Println(p.State, err)
	// Output:
	// deskauth.NewPass(1, [secret]) good <nil>
	// Carl [upload comment] <nil>
	// <nil>
	// revoked <nil>
}

func ExampleBroker_Pass() {
	_, b, _, end := connected()
	defer end()

	_, err := b.Pass(context.Background(), 99)
	fmt.Println(errors.Is(err, deskauth.ErrNotFound))
	// Output: true
}

func ExampleBroker_Passes() {
	_, b, _, end := connected()
	defer end()

	for p, err := range b.Passes(context.Background()) {
		fmt.Println(p.Name, err)
	}
	fmt.Println("no more")
	// Output: no more
}

func ExampleBroker_RevokePass() {
	_, b, _, end := connected()
	defer end()

	fmt.Println(errors.Is(b.RevokePass(context.Background(), 99), deskauth.ErrNotFound))
	// Output: true
}

func ExampleBroker_Close() {
	_, b, c, end := connected()
	defer end()

	fmt.Println(b.Close())
	_, err := b.Token(context.Background(), c.ID)
	fmt.Println(err != nil)
	// Output:
	// <nil>
	// true
}
