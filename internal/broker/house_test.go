package broker_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// clock is protocol time, moved by the test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a broker on a database, with a Zendesk before it.
type house struct {
	*broker.Broker
	t     testing.TB
	z     *remote
	db    *store.DB
	keys  seal.Source
	ring  *seal.Ring
	clock *clock
}

const redirectURI = "http://localhost:4002/zendesk/oauth/callback"

// quick are timings that let a test see a lease run out.
var quick = broker.Timing{
	Lease: 300 * time.Millisecond, Poll: 5 * time.Millisecond, Post: 2 * time.Second,
	Other: 200 * time.Millisecond, Flight: 10 * time.Second,
}

// eachHouse runs f on both engines.
func eachHouse(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		// As a server does: on SQLite it lends from memory.
		if err := errors.Join(db.Hold(t.Context(), "broker"), db.MigrateBroker(t.Context())); err != nil {
			t.Fatal(err)
		}
		f(t, newHouse(t, db))
	})
}

func newHouse(t testing.TB, db *store.DB) *house {
	t.Helper()
	keys := seal.File(filepath.Join(t.TempDir(), "keys.json"))
	ring, err := keys.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, z: newRemote(t), db: db, keys: keys, ring: ring, clock: &clock{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}
	h.Broker = h.replica()
	if err := h.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "app", secret.Of(h.z.secret)); err != nil {
		t.Fatal(err)
	}
	return h
}

// replica is another broker on the same database.
func (h *house) replica() *broker.Broker {
	h.t.Helper()
	return h.replicaWith(func(*broker.Config) {})
}

// replicaWith is one whose configuration differs.
func (h *house) replicaWith(edit func(*broker.Config)) *broker.Broker {
	h.t.Helper()
	config := broker.Config{
		Store: h.db.Broker(), Ring: h.ring, Source: h.keys, Base: h.z.base, RedirectURI: redirectURI, Now: h.clock.now, Timing: quick,
	}
	edit(&config)
	b, err := broker.New(h.t.Context(), config)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
	return b
}

// depart begins a sign-in and returns the state that Zendesk would echo.
func (h *house) depart() (state string, browser secret.Plain) {
	h.t.Helper()
	d, err := h.Connect(h.t.Context(), broker.ConnectRequest{Account: "acme", ReturnTo: "/back"})
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(d.URL)
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Query().Get("state"), d.Browser
}

func answer(state string) url.Values { return url.Values{"code": {"c0de"}, "state": {state}} }

// signIn goes through a whole sign-in.
func (h *house) signIn() broker.Connection {
	h.t.Helper()
	state, browser := h.depart()
	a, err := h.Callback(h.t.Context(), answer(state), browser)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.Connection
}

// lent is the token that the broker lends, or its error in words.
func (h *house) lent(id broker.ConnectionID) string { return lentBy(h.t, h.Broker, id) }

func lentBy(t testing.TB, b *broker.Broker, id broker.ConnectionID) string {
	g, err := b.Token(t.Context(), id, 0)
	if err != nil {
		return fmt.Sprintf("%T: %v", err, err)
	}
	return g.Access.Reveal()
}

func (h *house) connection(id broker.ConnectionID) broker.Connection {
	h.t.Helper()
	c, err := h.Connection(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// outcomes are those of the attempts on a generation.
func (h *house) outcomes(id broker.ConnectionID, generation int64) (all []broker.Outcome) {
	h.t.Helper()
	attempts, err := h.Store.Attempts(h.t.Context(), id, generation)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, a := range attempts {
		if a.Number != i+1 {
			h.t.Errorf("attempt %d has number %d", i+1, a.Number)
		}
		all = append(all, a.Outcome)
	}
	return all
}
