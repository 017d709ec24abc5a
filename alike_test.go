package deskauth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/zendesk"
)

// keeper is what a program may hold a broker by, wherever that runs. A Client's EndOwnKey
// is not among it: a program that embeds the broker goes by no key.
type keeper interface {
	deskauth.Lender
	HTTPClient(connection int64) *http.Client

	Connection(ctx context.Context, id int64) (deskauth.Connection, error)
	Connections(ctx context.Context) iter.Seq2[deskauth.Connection, error]
	Disable(ctx context.Context, id int64) error
	Enable(ctx context.Context, id int64) error
	Renew(ctx context.Context, id int64) error
	Revoke(ctx context.Context, id int64) error

	MakeLink(ctx context.Context, r deskauth.LinkRequest) (deskauth.NewLink, error)
	Links(ctx context.Context) iter.Seq2[deskauth.Link, error]
	RevokeLink(ctx context.Context, id int64) error

	MakePass(ctx context.Context, r deskauth.PassRequest) (deskauth.NewPass, error)
	Pass(ctx context.Context, id int64) (deskauth.Pass, error)
	Passes(ctx context.Context) iter.Seq2[deskauth.Pass, error]
	RevokePass(ctx context.Context, id int64) error

	MakeToken(ctx context.Context, connection int64, r deskauth.MadeTokenRequest) (deskauth.NewMadeToken, error)
	MadeTokens(ctx context.Context, connection int64) iter.Seq2[deskauth.MadeToken, error]
	RevokeMadeToken(ctx context.Context, connection, id int64) error

	MakeKey(ctx context.Context, r deskauth.KeyRequest) (deskauth.NewKey, error)
	Keys(ctx context.Context) iter.Seq2[deskauth.Key, error]
	EndKey(ctx context.Context, id int64) error

	Events(ctx context.Context, f deskauth.EventFilter) iter.Seq2[deskauth.Event, error]
	FollowEvents(ctx context.Context, f deskauth.EventFilter, pause time.Duration) iter.Seq2[deskauth.Event, error]

	Close() error
}

var (
	_ keeper = (*deskauth.Client)(nil)
	_ keeper = (*embedded.Broker)(nil)

	_ oauth2.TokenSource = (*deskauth.TokenSource[*oauth2.Token])(nil)
)

// town is a keeper, and what is round it.
type town struct {
	keeper
	zendesk *deskauthtest.Zendesk
	ada     deskauth.Connection
}

// towns have the same in them, with a broker of each kind.
var towns = map[string]func(t *testing.T) town{
	"client": func(t *testing.T) town {
		w := testWorld(t)
		c := w.client()
		t.Cleanup(func() { closed(t, c) })
		return town{c, w.zendesk, w.ada()}
	},
	"embedded": func(t *testing.T) town {
		z := deskauthtest.New(t)
		b, err := embedded.Open(t.Context(), embedded.Config{
			Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"),
			PublicURL: publicURL, CallbackPath: "/callback", ZendeskURL: z.Base(), Scopes: []string{"read", "write"},
			ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, Now: z.Clock.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closed(t, b) })
		token := tokens(z, deskauthtest.Admin)
		c, err := b.Import(t.Context(), deskauthtest.Subdomain, token.AccessToken, token.RefreshToken, false)
		if err != nil {
			t.Fatal(err)
		}
		return town{b, z, c}
	},
}

func closed(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func inEach(t *testing.T, test func(*testing.T, town)) {
	for name, open := range towns {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func (w town) me(ctx context.Context) error {
	code, err := status(ctx, w.HTTPClient(w.ada.ID), w.ada.URL+"/api/v2/users/me.json")
	if err == nil && code != http.StatusOK {
		err = errors.New(http.StatusText(code))
	}
	return err
}

// What is lent, listed and ordered is the same in both.
func TestAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx := t.Context()
		first, err := w.Token(ctx, w.ada.ID)
		if err != nil || first.Generation != w.ada.Generation || first.Expiry().IsZero() {
			t.Fatalf("%+v, %v", first, err)
		}
		testlog.Issued(t, first.AccessToken)
		if err := w.me(ctx); err != nil {
			t.Error(err)
		}
		if got, err := all(w.Connections(ctx)); err != nil || len(got) != 1 || got[0].ID != w.ada.ID || got[0].User.Name != "Ada Admin" {
			t.Errorf("%+v, %v", got, err)
		}
		// It lives for twenty more minutes.
		w.zendesk.Clock.Advance(10 * time.Minute)
		same, err := w.Token(ctx, w.ada.ID, deskauth.MinTTL(15*time.Minute))
		if err != nil || same.Generation != first.Generation {
			t.Errorf("for a quarter of an hour: generation %d, %v", same.Generation, err)
		}
		longer, err := w.Token(ctx, w.ada.ID, deskauth.MinTTL(23*time.Minute))
		if err != nil || longer.Generation != first.Generation+1 {
			t.Errorf("generation %d, then %d, %v", first.Generation, longer.Generation, err)
		}
		if err := w.Renew(ctx, w.ada.ID); err != nil {
			t.Error(err)
		}
		c, err := w.Connection(ctx, w.ada.ID)
		if err != nil || c.Generation != longer.Generation+1 || c.State != deskauth.Active {
			t.Errorf("%+v, %v", c, err)
		}
		if err := w.me(ctx); err != nil {
			t.Errorf("after another renewed it: %v", err)
		}
		w.zendesk.Clock.Advance(31 * time.Minute)
		if err := w.me(ctx); err != nil {
			t.Errorf("after it expired: %v", err)
		}
		source := deskauth.NewTokenSource(ctx, w, w.ada.ID, func(t deskauth.Token) *oauth2.Token {
			return &oauth2.Token{AccessToken: t.AccessToken, Expiry: t.Expiry()}
		})
		if got, err := source.Token(); err != nil || got.AccessToken == "" || got.AccessToken == first.AccessToken {
			t.Errorf("%v", err)
		}
		if err := w.Revoke(ctx, w.ada.ID); err != nil {
			t.Error(err)
		}
		if err := w.me(ctx); !errors.Is(err, deskauth.ErrNotFound) {
			t.Errorf("after it was revoked: %v", err)
		}
	})
}

// Errors are of the same types, with the same in them, in both.
func TestErrorsAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx, id := t.Context(), w.ada.ID
		for name, ask := range map[string]func() error{
			"token":      func() error { _, err := w.Token(ctx, 99); return err },
			"connection": func() error { _, err := w.Connection(ctx, 99); return err },
			"disable":    func() error { return w.Disable(ctx, 99) },
			"enable":     func() error { return w.Enable(ctx, 99) },
			"renew":      func() error { return w.Renew(ctx, 99) },
			"revoke":     func() error { return w.Revoke(ctx, 99) },
			"link":       func() error { return w.RevokeLink(ctx, 99) },
			"pass":       func() error { _, err := w.Pass(ctx, 99); return err },
			"end a pass": func() error { return w.RevokePass(ctx, 99) },
			"call":       func() error { _, err := status(ctx, w.HTTPClient(99), w.ada.URL); return err },
			"a link for": func() error { _, err := w.MakeLink(ctx, deskauth.LinkRequest{Connection: 99}); return err },
			"a key":      func() error { return w.EndKey(ctx, 99) },
			"a pass of": func() error {
				_, err := w.MakePass(ctx, deskauth.PassRequest{Name: "A", Connection: 99, Ticket: 1})
				return err
			},
		} {
			if err := ask(); !errors.Is(err, deskauth.ErrNotFound) {
				t.Errorf("%s of what there is not: %v", name, err)
			}
		}
		for name, c := range map[string]struct {
			ask   func() error
			field string
		}{
			"a link's life": {func() error { _, err := w.MakeLink(ctx, deskauth.LinkRequest{ExpiresIn: 1}); return err }, "expires_in"},
			"a pass's life": {func() error { _, err := w.MakePass(ctx, deskauth.PassRequest{ExpiresIn: "soon"}); return err }, "expires_in"},
			"a key's power": {func() error {
				_, err := w.MakeKey(ctx, deskauth.KeyRequest{Name: "A", Can: []string{"fly"}})
				return err
			}, "can"},
			"a key's life":   {func() error { _, err := w.MakeKey(ctx, deskauth.KeyRequest{Name: "A", ExpiresIn: -1}); return err }, "expires_in"},
			"a key for ever": {func() error { _, err := w.MakeKey(ctx, deskauth.KeyRequest{Name: "A", ExpiresIn: 1 << 62}); return err }, "expires_in"},
			"a key of nobody": {func() error {
				_, err := w.MakeKey(ctx, deskauth.KeyRequest{Name: "A", Can: []string{"lend"}, Connections: []int64{99}})
				return err
			}, "connections"},
			"a kind of event": {func() error { _, err := all(w.Events(ctx, deskauth.EventFilter{Kind: "flown"})); return err }, "kind"},
			"whose events":    {func() error { _, err := all(w.Events(ctx, deskauth.EventFilter{By: "a bird"})); return err }, "by"},
			"events of -1":    {func() error { _, err := all(w.Events(ctx, deskauth.EventFilter{Connection: -1})); return err }, "connection"},
			"passes' of -1":   {func() error { _, err := all(w.Events(ctx, deskauth.EventFilter{Pass: -1})); return err }, "pass"},
			"a pass's name": {func() error {
				_, err := w.MakePass(ctx, deskauth.PassRequest{Name: strings.Repeat("n", 101), Connection: id, Ticket: 1})
				return err
			}, "name"},
		} {
			invalid, ok := errors.AsType[*deskauth.Invalid](c.ask())
			if !ok || invalid.Field != c.field || strings.HasPrefix(invalid.Why, c.field) {
				t.Errorf("%s: %+v", name, invalid)
			}
		}
		// Disabled: signing in does not help.
		if err := w.Disable(ctx, id); err != nil {
			t.Fatal(err)
		}
		_, err := w.Token(ctx, id)
		unusable, ok := errors.AsType[*deskauth.Unusable](err)
		if _, again := errors.AsType[*deskauth.ReauthorizeError](err); !ok || again || unusable.State != deskauth.Disabled || unusable.Connection != id {
			t.Errorf("disabled: %v", err)
		}
		if err := w.me(ctx); !errors.As(err, &unusable) {
			t.Errorf("a call of what is disabled: %v", err)
		}
		if err := w.Enable(ctx, id); err != nil {
			t.Fatal(err)
		}
		// Zendesk is away, and the token is over.
		w.zendesk.Clock.Advance(31 * time.Minute)
		fault := w.zendesk.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "POST /oauth/tokens", RetryAfter: 40 * time.Second})
		_, _ = w.Token(ctx, id) // the first one tries
		_, err = w.Token(ctx, id)
		later, ok := errors.AsType[*deskauth.Unavailable](err)
		if !ok || later.Connection != id || later.RetryAfter <= 0 || later.Reason == "" {
			t.Errorf("Zendesk away: %#v %v", later, err)
		}
		w.zendesk.Faults.Remove(fault)
		w.zendesk.Clock.Advance(time.Hour)
		// Somebody ended it at Zendesk.
		if err := (&zendesk.API{Base: rootOf(w.ada), HTTP: w.HTTPClient(id)}).RevokeCurrent(ctx); err != nil {
			t.Fatal(err)
		}
		if err := w.me(ctx); err == nil || err.Error() != "Unauthorized" {
			t.Errorf("the call that notices: %v", err)
		}
		for name, ask := range map[string]func() error{
			"token": func() error { _, err := w.Token(ctx, id); return err },
			"call":  func() error { return w.me(ctx) },
			"renew": func() error { return w.Renew(ctx, id) },
		} {
			err := ask()
			again, ok := errors.AsType[*deskauth.ReauthorizeError](err)
			if !ok || again.URL != publicURL+"/connect?account=acme" || again.State != deskauth.Reauthorize || again.Connection != id || again.Reason == "" {
				t.Errorf("%s: %v", name, err)
			}
			if unusable, ok := errors.AsType[*deskauth.Unusable](err); !ok || unusable.State != deskauth.Reauthorize {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Links and passes are made, seen and ended the same in both.
func TestLinksAndPassesAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx := t.Context()
		link, err := w.MakeLink(ctx, deskauth.LinkRequest{Connection: w.ada.ID, ReturnTo: "/inbox"})
		if err != nil || !strings.HasPrefix(link.URL, publicURL+"/link/") || link.State != "open" {
			t.Fatalf("%v, %v", link, err)
		}
		testlog.Issued(t, strings.TrimPrefix(link.URL, publicURL+"/link/"))
		if err := w.RevokeLink(ctx, link.ID); err != nil {
			t.Error(err)
		}
		if got, err := all(w.Links(ctx)); err != nil || len(got) != 1 || got[0].State != "revoked" {
			t.Errorf("%v, %v", got, err)
		}
		if text := fmt.Sprintf("%v %+v", link, link); strings.Contains(text, link.URL) {
			t.Error(text)
		}

		token, err := w.Token(ctx, w.ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		api := &zendesk.API{Base: rootOf(w.ada), HTTP: w.zendesk.Client(), Bearer: token.AccessToken}
		ticket, err := api.CreateTicket(ctx, zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}})
		if err != nil {
			t.Fatal(err)
		}
		pass, err := w.MakePass(ctx, deskauth.PassRequest{Name: "Carl", Connection: w.ada.ID, Ticket: ticket.ID, Can: []string{"upload"}, ExpiresIn: "2h"})
		if err != nil || !strings.HasPrefix(pass.Link, publicURL+"/pass#") || pass.State != "good" || len(pass.Can) != 1 ||
			pass.ExpiresAt.Sub(pass.CreatedAt).Round(time.Second) != 2*time.Hour {
			t.Fatalf("%+v, %v", pass.Pass, err)
		}
		testlog.Issued(t, strings.TrimPrefix(pass.Link, publicURL+"/pass#"))
		if err := w.RevokePass(ctx, pass.ID); err != nil {
			t.Error(err)
		}
		if got, err := w.Pass(ctx, pass.ID); err != nil || got.State != "revoked" {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := all(w.Passes(ctx)); err != nil || len(got) != 1 || got[0].ID != pass.ID {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Tokens are made for a time, and revoked, the same in both.
func TestMadeTokensAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx, id := t.Context(), w.ada.ID
		wish := deskauth.MadeTokenRequest{Client: deskauthtest.ClientID, Scope: []string{"tickets:read"}, For: "2h", Ticket: 35, Why: "nightly export"}
		var made []deskauth.NewMadeToken
		for range 2 {
			one, err := w.MakeToken(ctx, id, wish)
			if err != nil || one.AccessToken == "" || one.State != "living" || one.Client != deskauthtest.ClientID || one.Ticket != 35 ||
				one.Until.Sub(one.CreatedAt).Round(time.Minute) != 2*time.Hour || strings.Contains(fmt.Sprintf("%v %+v", one, one), one.AccessToken) {
				t.Fatalf("%+v, %v", one.MadeToken, err)
			}
			testlog.Issued(t, one.AccessToken)
			made = append(made, one)
		}
		takes := func(one deskauth.NewMadeToken) bool {
			_, err := (&zendesk.API{Base: rootOf(w.ada), HTTP: w.zendesk.Client(), Bearer: one.AccessToken}).CurrentToken(ctx)
			return err == nil
		}
		if !takes(made[0]) || !takes(made[1]) {
			t.Error("a token that was made opens nothing")
		}
		if err := w.RevokeMadeToken(ctx, id, made[0].ID); err != nil || takes(made[0]) || !takes(made[1]) {
			t.Errorf("revoked: %v", err)
		}
		if err := w.RevokeMadeToken(ctx, id, made[0].ID); err != nil {
			t.Errorf("again: %v", err)
		}
		for name, ask := range map[string]func() error{
			"one that there is not":        func() error { return w.RevokeMadeToken(ctx, id, 99) },
			"of a connection there is not": func() error { return w.RevokeMadeToken(ctx, 99, made[1].ID) },
			"made by it":                   func() error { _, err := w.MakeToken(ctx, 99, wish); return err },
			"listed of it":                 func() error { _, err := all(w.MadeTokens(ctx, 99)); return err },
		} {
			if err := ask(); !errors.Is(err, deskauth.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for field, wrong := range map[string]deskauth.MadeTokenRequest{
			"client": {Client: "nobody", Scope: wish.Scope, For: "2h"},
			"scope":  {Client: wish.Client, For: "2h"},
			"for":    {Client: wish.Client, Scope: wish.Scope},
			"until":  {Client: wish.Client, Scope: wish.Scope, For: "1s"},
			"ticket": {Client: wish.Client, Scope: wish.Scope, For: "2h", Ticket: -1},
		} {
			_, err := w.MakeToken(ctx, id, wrong)
			if invalid, ok := errors.AsType[*deskauth.Invalid](err); !ok || invalid.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		got, err := all(w.MadeTokens(ctx, id))
		if err != nil || len(got) != 2 || got[0].State != "revoked" || got[0].EndedAt == nil || got[1].State != "living" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Keys are made, seen and ended the same in both.
func TestKeysAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx := t.Context()
		before, err := all(w.Keys(ctx))
		if err != nil {
			t.Fatal(err)
		}
		key, err := w.MakeKey(ctx, deskauth.KeyRequest{Name: "nightly", Can: []string{"lend"}, Connections: []int64{w.ada.ID}, ExpiresIn: 3600})
		if err != nil || !strings.HasPrefix(key.Secret, "deskauth_") || strings.Contains(fmt.Sprintf("%v %+v", key, key), key.Secret) ||
			key.ExpiresAt == nil || key.ExpiresAt.Sub(key.CreatedAt).Round(time.Second) != time.Hour {
			t.Fatalf("%+v, %v", key.Key, err)
		}
		testlog.Issued(t, key.Secret)
		for range 2 {
			if err := w.EndKey(ctx, key.ID); err != nil && !errors.Is(err, deskauth.ErrNotFound) {
				t.Error(err)
			}
		}
		got, err := all(w.Keys(ctx))
		if err != nil || len(got) != len(before)+1 {
			t.Fatalf("%+v, %v", got, err)
		}
		if last := got[len(before)]; last.ID != key.ID || last.Name != "nightly" || len(last.Can) != 1 || len(last.Connections) != 1 || last.EndedAt == nil {
			t.Errorf("%+v", last)
		}
	})
}

// The audit trail is read, and followed, the same in both.
func TestEventsAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		changed := deskauth.EventFilter{Kind: "state_changed", Connection: w.ada.ID}
		if err := errors.Join(w.Disable(ctx, w.ada.ID), w.Enable(ctx, w.ada.ID)); err != nil {
			t.Fatal(err)
		}
		first, err := all(w.Events(ctx, changed))
		if err != nil || len(first) != 2 || first[0].Account != deskauthtest.Subdomain || first[0].Connection != w.ada.ID || first[0].Result != "done" || first[0].By == "" {
			t.Fatalf("%+v, %v", first, err)
		}
		for name, f := range map[string]deskauth.EventFilter{
			"another connection": {Connection: w.ada.ID + 1},
			"another account":    {Account: "globex"},
			"another's":          {By: "key 99"},
			"a pass's":           {Pass: 99},
			"later":              {Since: first[1].At.Add(time.Second)},
			"earlier":            {Until: first[0].At.Add(-time.Hour)},
		} {
			if got, err := all(w.Events(ctx, f)); err != nil || len(got) != 0 {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		var followed []int64
		for e, err := range w.FollowEvents(ctx, changed, time.Millisecond) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				break
			}
			switch followed = append(followed, e.ID); len(followed) {
			case 2: // those that there were
				if err := w.Disable(ctx, w.ada.ID); err != nil {
					t.Error(err)
				}
			case 3:
				cancel()
			}
		}
		if len(followed) != 3 || followed[0] != first[0].ID || followed[2] <= followed[1] {
			t.Errorf("%v after %+v", followed, first)
		}
	})
}

// A caller that leaves is not kept, and what a program ends is not asked any more.
func TestContextsAlike(t *testing.T) {
	inEach(t, func(t *testing.T, w town) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, ask := range map[string]func() error{
			"connection":  func() error { _, err := w.Connection(ctx, w.ada.ID); return err },
			"connections": func() error { _, err := all(w.Connections(ctx)); return err },
			"call":        func() error { return w.me(ctx) },
			"keys":        func() error { _, err := all(w.Keys(ctx)); return err },
			"events":      func() error { _, err := all(w.Events(ctx, deskauth.EventFilter{})); return err },
		} {
			if err := ask(); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func rootOf(c deskauth.Connection) *url.URL {
	u, err := url.Parse(c.URL)
	if err != nil {
		panic(err)
	}
	return u
}
