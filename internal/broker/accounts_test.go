package broker_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

func TestAccountsServe(t *testing.T) {
	for _, c := range []struct {
		named   broker.Accounts
		account string
		want    bool
	}{
		{nil, "acme", true},
		{nil, "www", false},
		{nil, "support", false},
		{broker.Accounts{}, "acme", true},
		{broker.Accounts{"acme"}, "acme", true},
		{broker.Accounts{"acme"}, "mallory", false},
		{broker.Accounts{"acme"}, "acme2", false},
		{broker.Accounts{"acme"}, "", false},
		{broker.Accounts{"acme", "globex"}, "globex", true},
		{broker.Accounts{"support"}, "support", true}, // whoever names it knows that it is one
		{broker.Accounts{"acme"}, "www", false},
	} {
		if got := c.named.Serve(c.account); got != c.want {
			t.Errorf("%q serve %q: %t, want %t", c.named, c.account, got, c.want)
		}
	}
	for _, wrong := range []string{"", "Acme", "acme.zendesk.com", "a", "*"} {
		if err := (broker.Accounts{"acme", wrong}).Check(); err == nil || !strings.Contains(err.Error(), `"`+wrong+`"`) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if err := (broker.Accounts{"acme", "support"}).Check(); err != nil {
		t.Error(err)
	}
}

func TestConnectServesTheNamedAccounts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		asked := 0
		h.z.serve(zendesk.AuthorizePath, func(w http.ResponseWriter, _ *http.Request) { asked++ })
		for account, served := range map[string]bool{"mallory": true, "www": false, "api": false} {
			_, err := h.Connect(t.Context(), broker.ConnectRequest{Account: account})
			if served != (err == nil) {
				t.Errorf("without a list, %s: %v", account, err)
			}
		}
		h.Accounts = broker.Accounts{"acme"}
		_, err := h.Connect(t.Context(), broker.ConnectRequest{Account: "mallory", ReturnTo: "/back"})
		wantKind(t, err, broker.NotServed)
		var f *broker.Failure
		if errors.As(err, &f) && (f.Account != "mallory" || f.ReturnTo != "/back") {
			t.Errorf("failed with %+v", f)
		}
		if asked != 1 {
			t.Errorf("%d accounts were asked, want the one that was served", asked)
		}
		h.z.serve(zendesk.AuthorizePath, nil)
		if c := h.signIn(); c.Account != "acme" {
			t.Errorf("connected %+v", c)
		}
	})
}

// A list that was shortened since the sign-in began, or that another replica does
// not have, counts when the flow ends: no secret goes there, and nobody arrives.
func TestCallbackServesTheNamedAccounts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		unknown, other := h.depart()
		h.z.serve(zendesk.UsersMePath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
		_, err := h.Callback(t.Context(), answer(unknown), other) // its tokens are there, its person is not
		wantKind(t, err, broker.Unreachable)
		h.z.serve(zendesk.UsersMePath, nil)
		posts := len(h.z.posts)

		h.Accounts = broker.Accounts{"globex"}
		for range 2 {
			_, err := h.Callback(t.Context(), answer(state), browser)
			wantKind(t, err, broker.NotServed)
			_, err = h.Callback(t.Context(), answer(unknown), other)
			wantKind(t, err, broker.NotServed)
		}
		if len(h.z.posts) != posts {
			t.Error("a code was exchanged")
		}
		all, err := h.Connections(t.Context(), 0, 10)
		if err != nil || len(all) != 1 || all[0].State != broker.Pending {
			t.Errorf("connections %+v, %v", all, err)
		}
		h.Accounts = nil // spent is spent
		_, err = h.Callback(t.Context(), answer(state), browser)
		wantKind(t, err, broker.NotServed)
	})
}

func TestResultServesTheNamedAccounts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		state, browser := h.depart()
		a, err := h.Callback(t.Context(), answer(state), browser)
		if err != nil {
			t.Fatal(err)
		}
		h.Accounts = broker.Accounts{"globex"}
		_, err = h.Result(t.Context(), a.Flow.ID, browser)
		wantKind(t, err, broker.NotServed)
	})
}

func TestNewRefusesAccounts(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		config := h.Config
		config.Accounts = broker.Accounts{"acme.zendesk.com"}
		if b, err := broker.New(t.Context(), config); err == nil || b != nil || !strings.Contains(err.Error(), "acme.zendesk.com") {
			t.Errorf("began with %v", err)
		}
	})
}
