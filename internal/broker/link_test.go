package broker_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/oauth"
)

// makeLink makes a link and returns its secret too.
func (h *house) makeLink(n broker.NewLink) (broker.ConnectLink, secret.Plain) {
	h.t.Helper()
	made, err := h.MakeLink(h.t.Context(), broker.AtCommand, n)
	if err != nil {
		h.t.Fatal(err)
	}
	plain, found := strings.CutPrefix(made.URL.Reveal(), "http://localhost:4002/link/")
	if !found {
		h.t.Error("it leads elsewhere")
	}
	testlog.Issued(h.t, plain)
	return made.ConnectLink, secret.Of(plain)
}

// follow begins the sign-in of a link, and come ends it.
func (h *house) follow(plain secret.Plain) broker.Departure {
	h.t.Helper()
	d, err := h.FollowLink(h.t.Context(), plain, broker.ConnectRequest{Account: "acme"})
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func (h *house) come(d broker.Departure) (broker.Arrival, error) {
	h.t.Helper()
	u, err := url.Parse(d.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.Callback(h.t.Context(), answer(u.Query().Get("state")), d.Browser)
}

func failedAs(err error) broker.Kind {
	var failure *broker.Failure
	if errors.As(err, &failure) {
		return failure.Kind
	}
	return ""
}

func (h *house) setUser(id int64) {
	h.z.mu.Lock()
	defer h.z.mu.Unlock()
	h.z.userID = id
}

func TestLinkIsSpentByTheSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		_, plain := h.makeLink(broker.NewLink{ReturnTo: "/welcome", Scope: oauth.Scope{"tickets:read"}, Maker: "reports"})
		for range 3 { // opening it does nothing
			if l, _, err := h.OpenLink(t.Context(), plain); err != nil || l.Maker != "reports" {
				t.Fatalf("%+v, %v", l, err)
			}
		}
		first, second := h.follow(plain), h.follow(plain)
		a, err := h.come(first)
		if err != nil || a.Flow.ReturnTo != "/welcome" || !a.Connection.Asked.Equal(oauth.Scope{"tickets:read"}) {
			t.Fatalf("%+v, %v", a, err)
		}
		if again, err := h.come(first); err != nil || !again.Again {
			t.Errorf("loaded again: %+v, %v", again, err)
		}
		h.setUser(8)
		if _, err := h.come(second); failedAs(err) != broker.LinkOver {
			t.Errorf("the second window: %v", err)
		}
		if _, _, err := h.OpenLink(t.Context(), plain); failedAs(err) != broker.LinkOver {
			t.Errorf("opened afterwards: %v", err)
		}
		links, err := h.Links(t.Context(), 0, 0, 10)
		if err != nil || len(links) != 1 || links[0].State(h.clock.now()) != "spent" || links[0].Made != a.Connection.ID {
			t.Errorf("%+v, %v", links, err)
		}
		if all, err := h.Connections(t.Context(), 0, 10); err != nil || len(all) != 1 {
			t.Errorf("%d connections, %v", len(all), err)
		}
	})
}

func TestLinkForOnePerson(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		if err := h.Store.Condemn(t.Context(), withState(c, broker.Reauthorize, broker.RefreshRefused), broker.Event{}); err != nil {
			t.Fatal(err)
		}
		_, plain := h.makeLink(broker.NewLink{Connection: c.ID})
		// Another client serves the account by now: the connection stays of its own.
		if err := h.UseClient(t.Context(), broker.AtCommand, "acme", broker.Support, "another", secret.Of("an0ther s3cret")); err != nil {
			t.Fatal(err)
		}
		h.setUser(8)
		if _, err := h.come(h.follow(plain)); failedAs(err) != broker.WrongPerson {
			t.Errorf("another person: %v", err)
		}
		if all, err := h.Connections(t.Context(), 0, 10); err != nil || len(all) != 1 || all[0].State != broker.Reauthorize {
			t.Errorf("%+v, %v", all, err)
		}
		events, err := h.Events(t.Context(), broker.EventFilter{Connection: c.ID, Kind: broker.LinkRefused}, 0, 10)
		if err != nil || len(events) != 1 || events[0].Detail != "wrong_person" {
			t.Errorf("%+v, %v", events, err)
		}
		h.setUser(7)
		a, err := h.come(h.follow(plain))
		if err != nil || a.Connection.ID != c.ID || a.Connection.State != broker.Active {
			t.Errorf("the same person: %+v, %v", a, err)
		}
	})
}

func TestLinksEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		mine, plain := h.makeLink(broker.NewLink{Key: 5})
		begun := h.follow(plain)
		if err := h.RevokeLink(t.Context(), broker.AtCommand, 6, mine.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("by another key: %v", err)
		}
		if all, err := h.Links(t.Context(), 6, 0, 10); err != nil || len(all) != 0 {
			t.Errorf("another key sees %d, %v", len(all), err)
		}
		if err := h.RevokeLink(t.Context(), broker.AtCommand, 5, mine.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.RevokeLink(t.Context(), broker.AtCommand, 0, mine.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("twice: %v", err)
		}
		if _, err := h.come(begun); failedAs(err) != broker.LinkOver {
			t.Errorf("a sign-in that began before: %v", err)
		}
		// One that began in time may end later.
		_, late := h.makeLink(broker.NewLink{Life: 10 * time.Minute})
		h.clock.move(9 * time.Minute)
		begun = h.follow(late)
		h.clock.move(2 * time.Minute)
		if _, _, err := h.OpenLink(t.Context(), late); failedAs(err) != broker.LinkOver {
			t.Errorf("over: %v", err)
		}
		if _, err := h.come(begun); err != nil {
			t.Errorf("begun in time: %v", err)
		}
		for name, n := range map[string]broker.NewLink{
			"too short":  {Life: time.Minute},
			"too long":   {Life: 8 * 24 * time.Hour},
			"a slip":     {Scope: oauth.Scope{"read", "raed"}},
			"two in one": {Scope: oauth.Scope{"read write"}},
			"elsewhere":  {ReturnTo: "//evil.example"},
			"product":    {Product: "talk"},
			"account":    {Account: "-"},
			"connection": {Connection: 1, Account: "globex"},
		} {
			var invalid *broker.Invalid
			if _, err := h.MakeLink(t.Context(), broker.AtCommand, n); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := h.MakeLink(t.Context(), broker.AtCommand, broker.NewLink{Connection: 99}); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("no connection: %v", err)
		}
	})
}
