package deskauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
)

// A key for a program that lends one connection's token, for a day.
func ExampleClient_MakeKey() {
	w, client, ada, end := start()
	defer end()
	ctx := context.Background()

	key, err := client.MakeKey(ctx, deskauth.KeyRequest{
		Name: "nightly export", Can: []string{"lend"}, Connections: []int64{ada.ID}, ExpiresIn: 24 * 3600,
	})
	fmt.Println(key, err) // what it is stands in Secret, and is not printed

	export := &deskauth.Client{URL: w.url, Key: key.Secret}
	defer func() { _ = export.Close() }()
	_, err = export.Token(ctx, ada.ID)
	fmt.Println("it lends:", err == nil)
	_, err = export.MakeLink(ctx, deskauth.LinkRequest{})
	fmt.Println("it makes links:", !errors.Is(err, deskauth.ErrForbidden))
	// Output:
	// deskauth.NewKey(2, [secret]) <nil>
	// it lends: true
	// it makes links: false
}

func ExampleClient_Keys() {
	_, client, _, end := start()
	defer end()
	ctx := context.Background()

	key, err := client.MakeKey(ctx, deskauth.KeyRequest{Name: "nightly export", Can: []string{"lend"}})
	if err == nil {
		err = client.EndKey(ctx, key.ID)
	}
	fmt.Println(err)
	for k, err := range client.Keys(ctx) {
		fmt.Println(k.ID, k.Name, k.Can, "ended:", k.EndedAt != nil, err)
	}
	// Output:
	// <nil>
	// 1 test [lend connect pass admin] ended: false <nil>
	// 2 nightly export [lend] ended: true <nil>
}

func ExampleClient_EndKey() {
	_, client, _, end := start()
	defer end()

	fmt.Println(errors.Is(client.EndKey(context.Background(), 99), deskauth.ErrNotFound))
	// Output: true
}

// A program whose person signs out ends the key that it went by.
func ExampleClient_EndOwnKey() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()

	fmt.Println(client.EndOwnKey(ctx))
	_, err := client.Token(ctx, ada.ID)
	fmt.Println(errors.Is(err, deskauth.ErrKeyRefused))
	// Output:
	// <nil>
	// true
}

// What happened to a connection, from the audit trail.
func ExampleClient_Events() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()
	if err := client.Disable(ctx, ada.ID); err != nil {
		fmt.Println(err)
	}

	for e, err := range client.Events(ctx, deskauth.EventFilter{Connection: ada.ID}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Kind, e.Result, "by", e.By, e.Detail)
	}
	// Output:
	// imported done by broker support
	// state_changed done by key 1 disabled: switched_off
}

// A program hears of events as they come, until it has heard enough.
func ExampleClient_FollowEvents() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()
	fmt.Println(client.Disable(ctx, ada.ID))

	for e, err := range client.FollowEvents(ctx, deskauth.EventFilter{Kind: "state_changed"}, time.Second) {
		if err != nil {
			fmt.Println(err) // and a loop that goes on hears of what comes after
			return
		}
		fmt.Println("connection", e.Connection, "is", e.Detail)
		return
	}
	// Output:
	// <nil>
	// connection 1 is disabled: switched_off
}

// A token of a few scopes for a script that runs once, which the broker revokes when it
// is due.
func ExampleClient_MakeToken() {
	_, client, ada, end := start()
	defer end()
	ctx := context.Background()

	token, err := client.MakeToken(ctx, ada.ID, deskauth.MadeTokenRequest{
		Client: deskauthtest.ClientID, Scope: []string{"tickets:read"}, For: "2h", Ticket: 4711, Why: "export for the auditors",
	})
	fmt.Println(token, token.State, token.Scope, err) // what it is stands in AccessToken, and is not printed

	// The script is done early.
	fmt.Println(client.RevokeMadeToken(ctx, ada.ID, token.ID))
	for t, err := range client.MadeTokens(ctx, ada.ID) {
		fmt.Println(t.Ticket, t.Why, t.State, err)
	}
	// Output:
	// deskauth.NewMadeToken(1, [secret]) living tickets:read <nil>
	// <nil>
	// 4711 export for the auditors revoked <nil>
}

// An HTTP client that tries again by itself leaves these alone.
func ExampleUnusable_Retryable() {
	for _, err := range []interface{ Retryable() bool }{&deskauth.Unusable{}, &deskauth.Unavailable{}, &deskauth.RemoteError{}} {
		fmt.Println(err.Retryable())
	}
	// Output:
	// false
	// false
	// false
}

// A Lender of one's own takes the options that a Client does.
func ExampleWishOf() {
	var lend lendFunc = func(_ context.Context, _ int64, options ...deskauth.TokenOption) (deskauth.Token, error) {
		return deskauth.Token{AccessToken: "a-token"}, fmt.Errorf("nobody lends for %v", deskauth.WishOf(options...).MinTTL)
	}
	source := deskauth.NewTokenSource(context.Background(), lend, 1, func(t deskauth.Token) string { return t.AccessToken }, deskauth.MinTTL(time.Hour))
	_, err := source.Token()
	fmt.Println(err)
	// Output: nobody lends for 1h0m0s
}

type lendFunc func(context.Context, int64, ...deskauth.TokenOption) (deskauth.Token, error)

func (f lendFunc) Token(ctx context.Context, id int64, options ...deskauth.TokenOption) (deskauth.Token, error) {
	return f(ctx, id, options...)
}

// The API has more than a Client has methods for. What it answers decodes into the types
// here; docs/broker.md and /openapi.yaml of a broker tell of its paths.
func ExampleOAuthClient() {
	w, _, _, end := start()
	defer end()

	var page deskauth.OAuthClientPage
	if err := ask(w, "GET", "/v1/clients", nil, &page); err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range page.Clients {
		fmt.Println(c.Identifier, c.Product, "secrets:", len(c.Secrets), "refused by:", len(c.Circuits), "connections:", c.Connections)
	}

	var gone deskauth.ClientRemoval
	fmt.Println(ask(w, "DELETE", "/v1/clients/1?force=true", nil, &gone), gone.Connections)
	// Output:
	// app support secrets: 1 refused by: 0 connections: 1
	// <nil> 1
}

// A webhook is made with the secret that signs what it is told.
func ExampleWebhook() {
	w, _, _, end := start()
	defer end()

	var made deskauth.Webhook
	err := ask(w, "POST", "/v1/webhooks", map[string]any{"url": "https://hooks.example/deskauth", "types": []string{"connection.in_doubt"}}, &made)
	fmt.Println(made.State, made.Types, strings.HasPrefix(made.Secret, "whsec_"), err)

	var now deskauth.WebhookDetail
	err = ask(w, "GET", fmt.Sprint("/v1/webhooks/", made.ID), nil, &now)
	fmt.Println(now.URL, "told:", len(now.Deliveries), "secret shown again:", now.Secret != "", err)
	// Output:
	// on [connection.in_doubt] true <nil>
	// https://hooks.example/deskauth told: 0 secret shown again: false <nil>
}

// ask sends a request to the broker's API with a key of its.
func ask(w *world, method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, w.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+w.client().Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return errors.New(resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
