package broker_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// office makes and revokes tokens at a remote, as its admin.
type office struct {
	mu      sync.Mutex
	made    int64
	living  map[int64]bool
	deletes int
	spoil   http.HandlerFunc // answers the next request in its place
}

func newOffice(z *remote) *office {
	o := &office{made: 4710, living: map[int64]bool{}}
	z.serve(zendesk.OAuthClientsPath, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"clients": []any{map[string]any{"id": 7, "identifier": "reports", "name": "Reports", "kind": "confidential"}}, "meta": map[string]any{"has_more": false}})
	})
	z.serve(zendesk.OAuthTokensPath, o.serve)
	for id := int64(4711); id < 4720; id++ {
		z.serve(fmt.Sprintf("%s/%d", zendesk.OAuthTokensPath, id), o.serve)
	}
	return o
}

func (o *office) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	spoil := o.spoil
	if o.spoil = nil; spoil != nil {
		spoil(w, r)
		return
	}
	if r.Method == http.MethodPost {
		o.made++
		o.living[o.made] = true
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
			"id": o.made, "client_id": 7, "user_id": 7, "scopes": []string{"read"}, "full_token": "m4de",
		}})
		return
	}
	var id int64
	_, _ = fmt.Sscanf(r.URL.Path, zendesk.OAuthTokensPath+"/%d", &id)
	o.deletes++
	if !o.living[id] {
		refuse(w, http.StatusNotFound, "RecordNotFound")
		return
	}
	delete(o.living, id)
	w.WriteHeader(http.StatusNoContent)
}

func (o *office) lives(id int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.living[id]
}

func (o *office) next(spoil http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.spoil = spoil
}

// wished is a token for two hours.
func (h *house) wished(c broker.Connection) broker.NewToken {
	return broker.NewToken{Client: "reports", MadeToken: broker.MadeToken{
		Connection: c.ID, Scope: oauth.Scope{"read"}, Ticket: 35, Maker: broker.AtCommand, Due: h.clock.now().Add(2 * time.Hour),
	}}
}

func (h *house) revokeDue() {
	h.t.Helper()
	if err := h.RevokeDue(h.t.Context()); err != nil {
		h.t.Error(err)
	}
}

func (h *house) madeTokens() []broker.MadeToken {
	h.t.Helper()
	all, err := h.MadeTokens(h.t.Context(), 0, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// kindsOf are the kinds of the last events, and who did it.
func (h *house) kindsOf(n int) string {
	h.t.Helper()
	all, err := h.Events(h.t.Context(), broker.EventFilter{}, 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var words []string
	for _, e := range all[max(0, len(all)-n):] {
		words = append(words, string(e.Kind)+" by "+e.By.String())
	}
	return strings.Join(words, ", ")
}

// A token is revoked when it is due, by whichever replica comes first, and again until it
// is gone.
func TestMadeTokenIsRevokedWhenDue(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o, c := newOffice(h.z), h.signIn()
		m, plain, err := h.MakeToken(t.Context(), h.wished(c))
		if err != nil || plain.Reveal() != "m4de" || m.Token != 4711 || m.Client != 7 || m.State != broker.TokenLiving {
			t.Fatalf("%+v, %v", m, err)
		}
		if got := h.kindsOf(1); got != "token_made by command" {
			t.Error(got)
		}
		h.clock.move(2*time.Hour - time.Second)
		h.revokeDue()
		if !o.lives(4711) || o.deletes != 0 {
			t.Fatal("it was revoked before it was due")
		}
		// Zendesk cannot, twice: the pauses grow.
		h.clock.move(time.Second)
		for _, pause := range []time.Duration{time.Minute, 2 * time.Minute} {
			o.next(func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusBadGateway, "away") })
			h.revokeDue()
			h.clock.move(pause - time.Second)
			h.revokeDue()
			h.clock.move(time.Second)
		}
		if got := h.madeTokens(); got[0].Tries != 2 || got[0].Reason != broker.NotReached || !o.lives(4711) {
			t.Errorf("%+v", got)
		}
		// Two replicas at once: one asks.
		other := h.replica()
		var both sync.WaitGroup
		for _, b := range []*broker.Broker{h.Broker, other} {
			both.Go(func() {
				if err := b.RevokeDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if got := h.madeTokens(); o.lives(4711) || o.deletes != 1 || got[0].State != broker.TokenEnded || got[0].Ended.IsZero() {
			t.Errorf("%d deletes, %+v", o.deletes, got)
		}
		if got := h.kindsOf(1); got != "token_revoked by broker" {
			t.Error(got)
		}
		// What is gone at Zendesk is gone.
		if m, _, err = h.MakeToken(t.Context(), h.wished(c)); err != nil {
			t.Fatal(err)
		}
		delete(o.living, m.Token)
		if m, err = h.EndToken(t.Context(), broker.AtCommand, c.ID, m.ID); err != nil || m.State != broker.TokenEnded {
			t.Errorf("%+v, %v", m, err)
		}
		h.clock.move(500 * 24 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Error(err)
		}
		if got := h.madeTokens(); len(got) != 0 {
			t.Errorf("kept: %+v", got)
		}
	})
}

// Where nobody heard Zendesk's answer that is told; where Zendesk said no there is nothing.
func TestMadeTokenInDoubt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o, c := newOffice(h.z), h.signIn()
		o.next(func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "Forbidden") })
		_, _, err := h.MakeToken(t.Context(), h.wished(c))
		if refused := (*broker.RefusedToken)(nil); !errors.As(err, &refused) || refused.Status != http.StatusForbidden || refused.Words == "" {
			t.Errorf("%v", err)
		}
		if got := h.madeTokens(); len(got) != 0 {
			t.Errorf("refused, and kept: %+v", got)
		}
		o.next(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		_, _, err = h.MakeToken(t.Context(), h.wished(c))
		lost := (*broker.LostToken)(nil)
		if !errors.As(err, &lost) {
			t.Fatalf("%v", err)
		}
		if got := h.madeTokens(); len(got) != 1 || got[0].ID != lost.ID || got[0].State != broker.TokenInDoubt {
			t.Errorf("%+v", got)
		}
		if got := h.kindsOf(1); got != "token_lost by command" {
			t.Error(got)
		}
		if _, err := h.EndToken(t.Context(), broker.AtCommand, c.ID, lost.ID); err != nil {
			t.Error(err)
		}
		// A broker that died while it asked.
		asked, err := h.Store.AskToken(t.Context(), broker.MadeToken{
			Connection: c.ID, Account: "acme", Client: 7, Scope: oauth.Scope{"read"}, State: broker.TokenAsking, Asked: h.clock.now(), Due: h.clock.now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		h.revokeDue()
		if got, err := h.Store.MadeToken(t.Context(), asked.ID); err != nil || got.State != broker.TokenAsking {
			t.Errorf("another may still be asking: %+v, %v", got, err)
		}
		h.clock.move(3 * time.Minute)
		h.revokeDue()
		if got, err := h.Store.MadeToken(t.Context(), asked.ID); err != nil || got.State != broker.TokenInDoubt {
			t.Errorf("%+v, %v", got, err)
		}
		if got := h.kindsOf(1); got != "token_lost by broker" {
			t.Error(got)
		}
	})
}

// A connection takes what it made along; where it is gone first, that is told.
func TestMadeTokenOfAConnectionThatEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o, c := newOffice(h.z), h.signIn()
		if _, _, err := h.MakeToken(t.Context(), h.wished(c)); err != nil {
			t.Fatal(err)
		}
		_ = h.Revoke(t.Context(), broker.AtCommand, c.ID) // this Zendesk lets go of no connection
		if o.lives(4711) {
			t.Error("what the connection made lives on")
		}
		orphan := broker.MadeToken{Connection: 99, Account: "acme", Client: 7, Scope: oauth.Scope{"read"}, State: broker.TokenAsking, Asked: h.clock.now(), Due: h.clock.now()}
		asked, err := h.Store.AskToken(t.Context(), orphan)
		if err != nil {
			t.Fatal(err)
		}
		living := asked
		living.State, living.Token = broker.TokenLiving, 4712
		if err := h.Store.MoveMadeToken(t.Context(), living, asked, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		h.revokeDue()
		if got, err := h.Store.MadeToken(t.Context(), asked.ID); err != nil || got.State != broker.TokenLeftOn || h.kindsOf(1) != "token_lost by broker" {
			t.Errorf("%+v, %v, %s", got, err, h.kindsOf(1))
		}
	})
}

// The pauses between tries grow up to an hour, and are no shorter than what Zendesk asks.
func TestMadeTokenAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		tries int
		wait  time.Duration
		want  time.Duration
	}{
		{0, 0, time.Minute},
		{1, 0, time.Minute},
		{2, 0, 2 * time.Minute},
		{6, 0, 32 * time.Minute},
		{7, 0, time.Hour},
		{1000, 0, time.Hour},
		{1, 90 * time.Second, 90 * time.Second},
		{1000, 2 * time.Hour, 2 * time.Hour},
	} {
		m := broker.MadeToken{Tries: c.tries}.After(broker.NotReached, c.wait, now)
		if got := m.Next.Sub(now); got != c.want || m.Reason != broker.NotReached {
			t.Errorf("after %d tries, told to wait %v: %v", c.tries, c.wait, got)
		}
	}
}
