package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
)

// A key for a program elsewhere, which asks a broker on the same database.
func ExampleBroker_MakeKey() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()

	key, err := b.MakeKey(ctx, deskauth.KeyRequest{Name: "nightly export", Can: []string{"lend"}, Connections: []int64{c.ID}, ExpiresIn: 24 * 3600})
	fmt.Println(key, key.Can, err) // what it is stands in Secret, and is not printed
	// Output: deskauth.NewKey(1, [secret]) [lend] <nil>
}

func ExampleBroker_Keys() {
	_, b, _, end := connected()
	defer end()
	ctx := context.Background()

	key, err := b.MakeKey(ctx, deskauth.KeyRequest{Name: "nightly export", Can: []string{"lend"}})
	if err == nil {
		err = b.EndKey(ctx, key.ID)
	}
	fmt.Println(err)
	for k, err := range b.Keys(ctx) {
		fmt.Println(k.ID, k.Name, "ended:", k.EndedAt != nil, err)
	}
	// Output:
	// <nil>
	// 1 nightly export ended: true <nil>
}

func ExampleBroker_EndKey() {
	_, b, _, end := connected()
	defer end()

	fmt.Println(errors.Is(b.EndKey(context.Background(), 99), deskauth.ErrNotFound))
	// Output: true
}

// What happened to a connection, from the audit trail.
func ExampleBroker_Events() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()
	if err := b.Disable(ctx, c.ID); err != nil {
		fmt.Println(err)
	}

	for e, err := range b.Events(ctx, deskauth.EventFilter{Connection: c.ID}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Kind, e.Result, "by", e.By, e.Detail)
	}
	// Output:
	// connected done by broker support
	// state_changed done by broker disabled: switched_off
}

// A program hears of events as they come, until it has heard enough.
func ExampleBroker_FollowEvents() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()
	fmt.Println(b.Disable(ctx, c.ID))

	for e, err := range b.FollowEvents(ctx, deskauth.EventFilter{Kind: "state_changed"}, time.Second) {
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

// A token of a few scopes for a script that runs once, which is revoked when it is due.
func ExampleBroker_MakeToken() {
	_, b, c, end := connected()
	defer end()
	ctx := context.Background()

	token, err := b.MakeToken(ctx, c.ID, deskauth.MadeTokenRequest{
		Client: deskauthtest.ClientID, Scope: []string{"tickets:read"}, For: "2h", Ticket: 4711, Why: "export for the auditors",
	})
	fmt.Println(token, token.State, token.Scope, err) // what it is stands in AccessToken, and is not printed

	// The script is done early.
	fmt.Println(b.RevokeMadeToken(ctx, c.ID, token.ID))
	for t, err := range b.MadeTokens(ctx, c.ID) {
		fmt.Println(t.Ticket, t.Why, t.State, err)
	}
	// Output:
	// deskauth.NewMadeToken(1, [secret]) living tickets:read <nil>
	// <nil>
	// 4711 export for the auditors revoked <nil>
}
