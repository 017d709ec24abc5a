package broker_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// enter goes through a sign-in to the broker's own pages.
func (h *house) enter(b *broker.Broker, r broker.SignInRequest) (broker.Arrival, url.Values, secret.Plain, error) {
	h.t.Helper()
	d, err := b.SignIn(h.t.Context(), r)
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	if scope := u.Query().Get("scope"); scope != "users:read" {
		h.t.Errorf("a sign-in asks for %q", scope)
	}
	query := answer(u.Query().Get("state"))
	a, err := b.Callback(h.t.Context(), query, d.Browser)
	return a, query, d.Browser, err
}

// revoking lets the Zendesk end tokens, or not, and counts how often it was asked.
func (h *house) revoking(status *int) (asked *int) {
	asked = new(int)
	h.z.mu.Lock()
	defer h.z.mu.Unlock()
	h.z.paths[zendesk.OAuthTokensCurrentPath] = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			h.z.mu.Lock()
			*asked++
			h.z.mu.Unlock()
			w.WriteHeader(*status)
		}
	}
	return asked
}

// A sign-in to the broker's own pages proves who somebody is, ends its token at
// Zendesk, and leaves no connection behind.
func TestSignInToThePages(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		status := http.StatusNoContent
		asked := h.revoking(&status)
		b := h.replicaWith(func(c *broker.Config) { c.Operators = broker.Operators{"acme"} })
		a, query, browser, err := h.enter(b, broker.SignInRequest{Account: "acme", ReturnTo: "/connections?state=active"})
		if err != nil {
			t.Fatal(err)
		}
		if a.Session.IsZero() || a.Left != nil || a.Flow.ReturnTo != "/connections?state=active" || a.Connection.ID != 0 {
			t.Errorf("arrived as %+v", a)
		}
		if *asked != 1 {
			t.Errorf("the token was ended %d times, want once", *asked)
		}
		if all, err := b.Connections(t.Context(), 0, 10); err != nil || len(all) != 0 {
			t.Errorf("a sign-in left %d connections: %v", len(all), err)
		}
		v, err := b.Viewer(t.Context(), a.Session)
		if err != nil || v.Account != "acme" || v.User.ID != 7 || v.Stale {
			t.Errorf("the session is %+v: %v", v, err)
		}
		// The page loaded again: nobody is signed in a second time.
		again, err := b.Callback(t.Context(), query, browser)
		if err != nil || !again.Again || !again.Session.IsZero() {
			t.Errorf("again: %+v, %v", again, err)
		}
		if _, err := b.Viewer(t.Context(), secret.State(b.Rand)); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("a session that was made up: %v", err)
		}
		h.clock.move(time.Hour)
		if v, err := b.Viewer(t.Context(), a.Session); err != nil || !v.Stale {
			t.Errorf("after an hour: %+v, %v", v, err)
		}
		if err := errors.Join(b.SignOut(t.Context(), a.Session), b.SignOut(t.Context(), a.Session)); err != nil {
			t.Error(err)
		}
		if _, err := b.Viewer(t.Context(), a.Session); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("after signing out: %v", err)
		}
	})
}

// A token that cannot be ended now is kept sealed, is nobody's connection, is said to
// be left, and is ended later.
func TestSignInTokenIsEndedLater(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		status := http.StatusServiceUnavailable
		asked := h.revoking(&status)
		a, query, browser, err := h.enter(h.Broker, broker.SignInRequest{Account: "acme"})
		if err != nil || a.Session.IsZero() || a.Left == nil {
			t.Fatalf("arrived as %+v: %v", a, err)
		}
		if again, err := h.Callback(t.Context(), query, browser); err != nil || !again.Again || again.Connection.ID != 0 {
			t.Errorf("a page loaded again made %+v of it: %v", again, err)
		}
		if all, err := h.Connections(t.Context(), 0, 10); err != nil || len(all) != 0 {
			t.Errorf("what is left is shown as %d connections: %v", len(all), err)
		}
		h.clock.move(10 * time.Minute)
		if err := h.Tidy(t.Context()); err == nil || *asked != 2 {
			t.Errorf("tidying said %v, and asked %d times", err, *asked)
		}
		status = http.StatusNoContent
		if err := h.Tidy(t.Context()); err != nil {
			t.Error(err)
		}
		if err := h.Tidy(t.Context()); err != nil || *asked != 3 {
			t.Errorf("it was ended %d times, want once after two failures: %v", *asked-2, err)
		}
	})
}

// A sign-in whose user is nobody lets nobody in.
func TestSignInOfNobody(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		status := http.StatusNoContent
		asked := h.revoking(&status)
		h.z.userID = nil
		a, _, _, err := h.enter(h.Broker, broker.SignInRequest{Account: "acme"})
		var failure *broker.Failure
		if !errors.As(err, &failure) || failure.Kind != broker.Anonymous || failure.Purpose != broker.SigningIn || !a.Session.IsZero() {
			t.Errorf("nobody arrived as %+v: %v", a, err)
		}
		if *asked != 1 {
			t.Errorf("the token was ended %d times", *asked)
		}
	})
}

func TestFirstOperator(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		status := http.StatusNoContent
		h.revoking(&status)
		if p, err := h.replicaWith(func(c *broker.Config) { c.Operators = broker.Operators{"acme"} }).Invite(t.Context()); err != nil || !p.IsZero() {
			t.Errorf("an invitation, though there are operators: %v", err)
		}
		old, err := h.Invite(t.Context())
		if err != nil || old.IsZero() {
			t.Fatalf("no invitation: %v", err)
		}
		invitation, err := h.Invite(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Invited(t.Context(), old); !errors.Is(err, broker.ErrNotInvited) {
			t.Errorf("the older invitation: %v", err)
		}
		if err := h.Invited(t.Context(), invitation); err != nil {
			t.Error(err)
		}
		late, err := h.SignIn(t.Context(), broker.SignInRequest{Account: "acme", Invitation: invitation})
		if err != nil {
			t.Fatal(err)
		}
		a, _, _, err := h.enter(h.Broker, broker.SignInRequest{Account: "acme", Invitation: invitation})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := h.Viewer(t.Context(), a.Session); err != nil || !v.Operator {
			t.Errorf("the first one is %+v: %v", v, err)
		}
		// Whoever opened the same link in a second window comes too late.
		u, err := url.Parse(late.URL)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := h.Callback(t.Context(), answer(u.Query().Get("state")), late.Browser); !errors.Is(err, broker.ErrNotInvited) || !a.Session.IsZero() {
			t.Errorf("the second one arrived as %+v: %v", a, err)
		}
		if p, err := h.Invite(t.Context()); err != nil || !p.IsZero() {
			t.Errorf("an invitation, though there is an operator: %v", err)
		}
		// Later, without a link, they are an operator still.
		if a, _, _, err = h.enter(h.Broker, broker.SignInRequest{Account: "acme"}); err != nil {
			t.Fatal(err)
		}
		if v, err := h.Viewer(t.Context(), a.Session); err != nil || !v.Operator {
			t.Errorf("the first one came back as %+v: %v", v, err)
		}
	})
}

func TestInvitationEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		invitation, err := h.Invite(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h.clock.move(15 * time.Minute)
		if _, err := h.SignIn(t.Context(), broker.SignInRequest{Account: "acme", Invitation: invitation}); !errors.Is(err, broker.ErrNotInvited) {
			t.Errorf("after fifteen minutes: %v", err)
		}
	})
}

// Operators need not be customers, and customers' people are let in as far as they may
// connect. Nobody else's account is asked for anything.
func TestWhoMaySignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		b := h.replicaWith(func(c *broker.Config) {
			c.Accounts, c.Operators = broker.Accounts{"customer"}, broker.Operators{"acme"}
		})
		for account, want := range map[string]broker.Kind{"customer": "", "acme": "", "stranger": broker.NotServed, "support": broker.NotServed} {
			_, err := b.SignIn(t.Context(), broker.SignInRequest{Account: account})
			var failure *broker.Failure
			if got := kindOf(err, &failure); got != want {
				t.Errorf("%s: %v, want %q", account, err, want)
			}
		}
		var failure *broker.Failure
		if _, err := b.Connect(t.Context(), broker.ConnectRequest{Account: "acme"}); kindOf(err, &failure) != broker.NotServed {
			t.Errorf("the operators' account is a customer's: %v", err)
		}
	})
}

func kindOf(err error, failure **broker.Failure) broker.Kind {
	if errors.As(err, failure) {
		return (*failure).Kind
	}
	return ""
}
