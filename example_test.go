package deskauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
)

// A program calls Zendesk as one of a broker's connections. In a program that would be
//
//	client := &deskauth.Client{URL: "https://broker.example", Key: os.Getenv("BROKER_KEY")}
func ExampleClient() {
	_, client, ada, end := start()
	defer end()

	resp, err := client.HTTPClient(ada.ID).Get(ada.URL + "/api/v2/users/me.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// The token is over, and another one is there before anybody notices.
func ExampleClient_HTTPClient() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()

	zendesk := client.HTTPClient(ada.ID)
	for range 3 {
		code, err := status(ctx, zendesk, ada.URL+"/api/v2/users/me.json")
		fmt.Println(code, err)
		w.zendesk.Clock.Advance(time.Hour)
	}
	// Output:
	// 200 <nil>
	// 200 <nil>
	// 200 <nil>
}

func ExampleClient_Token() {
	_, client, ada, end := start()
	defer end()

	// For a job of ten minutes that cannot ask again.
	token, err := client.Token(context.Background(), ada.ID, deskauth.MinTTL(10*time.Minute))
	fmt.Println(token, token.Generation, err)
	// Output: deskauth.Token([secret]) 1 <nil>
}

func ExampleMinTTL() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()

	w.zendesk.Clock.Advance(20 * time.Minute) // of thirty
	for _, ttl := range []time.Duration{5 * time.Minute, 15 * time.Minute} {
		token, err := client.Token(ctx, ada.ID, deskauth.MinTTL(ttl))
		fmt.Println("for", ttl, "generation", token.Generation, err)
	}
	// Output:
	// for 5m0s generation 1 <nil>
	// for 15m0s generation 2 <nil>
}

// A library that takes a token source of golang.org/x/oauth2.
func ExampleNewTokenSource() {
	_, client, ada, end := start()
	defer end()

	var source oauth2.TokenSource = deskauth.NewTokenSource(context.Background(), client, ada.ID, func(t deskauth.Token) *oauth2.Token {
		return &oauth2.Token{AccessToken: t.AccessToken, Expiry: t.Expiry()}
	})
	token, err := source.Token()
	fmt.Println(token.Valid(), err)
	// Output: true <nil>
}

// Somebody has to allow it again, and where is said.
func ExampleReauthorizeError() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()
	w.zendesk.Clock.Advance(60 * 24 * time.Hour) // longer than the refresh token lives

	_, err := client.Token(ctx, ada.ID)
	if again, ok := errors.AsType[*deskauth.ReauthorizeError](err); ok {
		fmt.Println(again.State, "at", again.URL)
	}
	// Output: reauthorize at http://localhost:8080/connect?account=acme
}

func ExampleUnusable() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()
	if err := client.Disable(ctx, ada.ID); err != nil {
		fmt.Println(err)
	}

	_, err := client.Token(ctx, ada.ID)
	if unusable, ok := errors.AsType[*deskauth.Unusable](err); ok {
		fmt.Println(unusable.State, unusable.Reason)
	}
	// Output: disabled switched_off
}

// Zendesk does not answer, and the token is over.
func ExampleUnavailable() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()
	w.zendesk.Clock.Advance(time.Hour)
	w.zendesk.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.ServerError, Route: "POST /oauth/tokens"})

	_, err := client.Token(ctx, ada.ID)
	if later, ok := errors.AsType[*deskauth.Unavailable](err); ok {
		fmt.Println("try again later:", later.Connection == ada.ID)
	}
	// Output: try again later: true
}

func ExampleInvalid() {
	_, client, _, end := start()
	defer end()

	_, err := client.MakeLink(context.Background(), deskauth.LinkRequest{ExpiresIn: 5})
	if invalid, ok := errors.AsType[*deskauth.Invalid](err); ok {
		fmt.Println(invalid.Field, "-", invalid.Why)
	}
	// Output: expires_in - it is 600 to 604800 seconds
}

func ExampleRemoteError() {
	captive := &deskauth.Client{URL: "https://broker.example", Key: "a key", HTTP: &http.Client{
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody, Request: r}, nil
		}),
	}}
	_, err := captive.Token(context.Background(), 1)
	if remote, ok := errors.AsType[*deskauth.RemoteError](err); ok {
		fmt.Println(remote.Status)
	}
	// Output: 502
}

func ExampleClient_Connections() {
	_, client, _, end := start()
	defer end()

	for c, err := range client.Connections(context.Background()) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(c.ID, c.Account, c.User.Name, c.State)
	}
	// Output: 1 acme Ada Admin active
}

func ExampleClient_Connection() {
	_, client, ada, end := start()
	defer end()

	c, err := client.Connection(context.Background(), ada.ID)
	fmt.Println(c.User.Role, c.Scope, err)
	// Output: admin read write <nil>
}

func ExampleClient_Disable() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()

	fmt.Println(client.Disable(ctx, ada.ID))
	_, err := client.Token(ctx, ada.ID)
	fmt.Println(err)
	fmt.Println(client.Enable(ctx, ada.ID))
	// Output:
	// <nil>
	// deskauth: connection 1 is disabled: switched_off
	// <nil>
}

func ExampleClient_Enable() {
	_, client, ada, end := start()
	defer end()

	fmt.Println(client.Enable(context.Background(), ada.ID)) // it is
	// Output: <nil>
}

func ExampleClient_Renew() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()

	fmt.Println(client.Renew(ctx, ada.ID))
	c, err := client.Connection(ctx, ada.ID)
	fmt.Println(c.Generation, err)
	// Output:
	// <nil>
	// 2 <nil>
}

func ExampleClient_Revoke() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()

	fmt.Println(client.Revoke(ctx, ada.ID))
	_, err := client.Connection(ctx, ada.ID)
	fmt.Println(errors.Is(err, deskauth.ErrNotFound))
	// Output:
	// <nil>
	// true
}

// A link for the person of a connection, to send to them.
func ExampleClient_MakeLink() {
	_, client, ada, end := start()
	defer end()

	link, err := client.MakeLink(context.Background(), deskauth.LinkRequest{Connection: ada.ID, ReturnTo: "/inbox"})
	fmt.Println(link, link.State, err) // its address is in URL, and is not printed
	// Output: deskauth.NewLink(1, [secret]) open <nil>
}

func ExampleClient_Links() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()

	link, err := client.MakeLink(ctx, deskauth.LinkRequest{Connection: ada.ID})
	if err == nil {
		err = client.RevokeLink(ctx, link.ID)
	}
	fmt.Println(err)
	for l, err := range client.Links(ctx) {
		fmt.Println(l.Connection, l.State, err)
	}
	// Output:
	// <nil>
	// 1 revoked <nil>
}

func ExampleClient_RevokeLink() {
	_, client, _, end := start()
	defer end()

	fmt.Println(errors.Is(client.RevokeLink(context.Background(), 99), deskauth.ErrNotFound))
	// Output: true
}

// Carl has no account here, and sends his logs to one ticket.
func ExampleClient_MakePass() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()

	pass, err := client.MakePass(ctx, deskauth.PassRequest{
		Name: "Carl", Connection: ada.ID, Ticket: w.ticket(ada), Types: []string{".log"}, UsesMost: 1, ExpiresIn: "72h",
	})
	fmt.Println(pass, pass.State, err) // pass.Link and pass.Curl are for Carl alone
	p, err := client.Pass(ctx, pass.ID)
	fmt.Println(p.Types, p.UsesMost, len(p.Sendings), err)
	fmt.Println(client.RevokePass(ctx, pass.ID))
	// Output:
	// deskauth.NewPass(1, [secret]) good <nil>
	// [.log] 1 0 <nil>
	// <nil>
}

func ExampleClient_Pass() {
	_, client, _, end := start()
	defer end()

	_, err := client.Pass(context.Background(), 99)
	fmt.Println(errors.Is(err, deskauth.ErrNotFound))
	// Output: true
}

func ExampleClient_Passes() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()

	_, err := client.MakePass(ctx, deskauth.PassRequest{Name: "Carl", Connection: ada.ID, Ticket: w.ticket(ada)})
	fmt.Println(err)
	for p, err := range client.Passes(ctx) {
		fmt.Println(p.Name, p.Can, err)
	}
	// Output:
	// <nil>
	// Carl [upload comment] <nil>
}

func ExampleClient_RevokePass() {
	_, client, _, end := start()
	defer end()

	fmt.Println(errors.Is(client.RevokePass(context.Background(), 99), deskauth.ErrNotFound))
	// Output: true
}

func ExampleClient_Close() {
	client := &deskauth.Client{URL: "https://broker.example", Key: "a key"}
	fmt.Println(client.Close(), client)
	// Output: <nil> deskauth.Client("https://broker.example", [secret])
}
