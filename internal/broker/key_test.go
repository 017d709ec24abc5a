package broker_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

func TestKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		k, plain, err := h.MakeKey(t.Context(), broker.Key{
			Name: " reports ", Can: []broker.Power{broker.Lend}, Connections: []broker.ConnectionID{c.ID}, Expires: h.clock.now().Add(time.Hour),
		})
		if err != nil || k.Name != "reports" || !strings.HasPrefix(plain.Reveal(), "deskauth_") || len(plain.Reveal()) < 50 {
			t.Fatalf("made %+v, %v", k, err)
		}
		got, err := h.KeyOf(t.Context(), plain)
		if err != nil || got.ID != k.ID || !got.Allows(broker.Lend, c.ID) || got.Allows(broker.Lend, c.ID+1) || got.Allows(broker.Link, 0) {
			t.Errorf("found %+v, %v", got, err)
		}
		for name, wrong := range map[string]secret.Plain{"another": secret.Of(plain.Reveal() + "a"), "none": {}, "its name": secret.Of("reports")} {
			if _, err := h.KeyOf(t.Context(), wrong); !errors.Is(err, broker.ErrKeyRefused) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.clock.move(time.Hour)
		if _, err := h.KeyOf(t.Context(), plain); !errors.Is(err, broker.ErrKeyRefused) {
			t.Errorf("when it is over: %v", err)
		}
	})
}

func TestKeyEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		k, plain, err := h.MakeKey(t.Context(), broker.Key{Name: "ops", Can: []broker.Power{broker.Admin}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.KeyOf(t.Context(), plain); err != nil || !got.Allows(broker.Lend, 5) {
			t.Fatal(err)
		}
		if err := h.EndKey(t.Context(), broker.AtCommand, k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.KeyOf(t.Context(), plain); !errors.Is(err, broker.ErrKeyRefused) {
			t.Errorf("after its end: %v", err)
		}
		if err := h.EndKey(t.Context(), broker.AtCommand, k.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("ended again: %v", err)
		}
		all, err := h.Keys(t.Context())
		if err != nil || len(all) != 1 || all[0].Ended.IsZero() {
			t.Errorf("listed %+v, %v", all, err)
		}
	})
}

func TestKeyBadInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		known := h.signIn().ID
		lend := []broker.Power{broker.Lend}
		for name, k := range map[string]broker.Key{
			"no name":                  {Can: lend},
			"a long name":              {Name: strings.Repeat("a", 101), Can: lend},
			"no power":                 {Name: "a"},
			"a power that there isn't": {Name: "a", Can: []broker.Power{"everything"}},
			"no such connection":       {Name: "a", Can: lend, Connections: []broker.ConnectionID{99}},
			"over":                     {Name: "a", Can: lend, Expires: h.clock.now()},
			"an admin of one":          {Name: "a", Can: []broker.Power{broker.Lend, broker.Admin}, Connections: []broker.ConnectionID{known}},
		} {
			_, _, err := h.MakeKey(t.Context(), k)
			if invalid := (*broker.Invalid)(nil); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A program's word that a token was refused is checked: a wrong one ends nothing.
func TestTokenRefused(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.current()
		for range 3 {
			if g, err := h.TokenRefused(t.Context(), c.ID, 1); err != nil || g.Access.Reveal() != "access-1" || h.z.refreshes() != 0 {
				t.Fatalf("a token that Zendesk takes: %v, %v, %d refreshes", g.Connection.Generation, err, h.z.refreshes())
			}
		}
		h.z.end()
		if g, err := h.TokenRefused(t.Context(), c.ID, 1); err != nil || g.Access.Reveal() != "access-2" {
			t.Errorf("one that it does not: %v, %v", g.Connection.Generation, err)
		}
		if g, err := h.TokenRefused(t.Context(), c.ID, 1); err != nil || g.Access.Reveal() != "access-2" || h.z.refreshes() != 1 {
			t.Errorf("an older one: %v, %v, %d refreshes", g.Connection.Generation, err, h.z.refreshes())
		}
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		_, err := h.TokenRefused(t.Context(), c.ID, 2)
		if soft := (*broker.Unavailable)(nil); !errors.As(err, &soft) {
			t.Errorf("nobody tells: %v", err)
		}
	})
}

// A token that is refused because it is over says nothing against its connection,
// however often in a row a program says so.
func TestTokenRefusedForBeingOver(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.current()
		for refused := range int64(3) {
			h.clock.move(31 * time.Minute)
			h.z.end()
			g, err := h.TokenRefused(t.Context(), c.ID, refused+1)
			if err != nil || g.Connection.Generation != refused+2 || g.Connection.Forced {
				t.Fatalf("generation %d refused: lent %d, %v", refused+1, g.Connection.Generation, err)
			}
		}
		// One that should live and is refused after all is what it always was.
		for _, want := range []broker.State{broker.Active, broker.Reauthorize} {
			h.z.end()
			_, err := h.TokenRefused(t.Context(), c.ID, h.connection(c.ID).Generation)
			if got := h.connection(c.ID).State; got != want {
				t.Errorf("left as %s, want %s: %v", got, want, err)
			}
		}
	})
}

// A generation that was not asked about is not refused, whatever number a program
// names.
func TestTokenRefusedNamesTheFuture(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.z.end()
		var asked atomic.Int32
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 1 { // meanwhile another comes through
				if g, err := h.TokenRefused(r.Context(), c.ID, 1000); err != nil || g.Connection.Generation != 2 {
					t.Errorf("the other: generation %d, %v", g.Connection.Generation, err)
				}
			}
			refuse(w, http.StatusUnauthorized, "invalid_token")
		})
		g, err := h.TokenRefused(t.Context(), c.ID, 1000)
		if err != nil || g.Connection.Generation != 2 || g.Access.Reveal() != h.live() || asked.Load() != 2 {
			t.Errorf("lent generation %d, %v; asked %d times", g.Connection.Generation, err, asked.Load())
		}
		if got := h.connection(c.ID); got.State != broker.Active {
			t.Errorf("left as %s: %s", got.State, got.Reason)
		}
	})
}

// Of many that meet a client's refusal at the same time, one says it.
func TestCircuitIsSaidOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		client, err := h.Store.ClientFor(t.Context(), "acme", broker.Support)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			circuit := broker.Circuit{Client: client.ID, Account: "acme"}.Open(h.clock.now(), broker.CredentialsWrong)
			circuit.RetryAt = circuit.RetryAt.Add(time.Duration(-n) * time.Second)
			if err := h.Store.OpenCircuit(t.Context(), circuit, broker.Event{At: h.clock.now(), Kind: broker.CircuitOpened, Account: "acme"}); err != nil {
				t.Fatal(err)
			}
		}
		h.clock.move(time.Hour)
		events, err := h.Store.PruneEvents(t.Context(), h.clock.now(), 100)
		if err != nil || events != 2 { // the other is that of the client's secrets
			t.Errorf("%d events, %v", events, err)
		}
		got, err := h.Store.Circuit(t.Context(), client.ID, "acme")
		if want := h.clock.now().Add(-59 * time.Minute); err != nil || !got.RetryAt.Equal(want) {
			t.Errorf("open until %v, want %v, %v", got.RetryAt, want, err)
		}
	})
}
