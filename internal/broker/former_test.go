package broker_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// ends notes which tokens are asked to end, and answers by status.
type ends struct {
	mu      sync.Mutex
	bearers []string
	status  int
}

func (e *ends) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Method == http.MethodDelete {
		e.bearers = append(e.bearers, r.Header.Get("Authorization"))
	}
	w.WriteHeader(e.status)
}

func (e *ends) become(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

func (e *ends) asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.bearers)
}

func (h *house) ends(status int) *ends {
	e := &ends{status: status}
	h.z.serve(zendesk.OAuthTokensCurrentPath, e.ServeHTTP)
	return e
}

// again signs in by a replica, whose end waits for what it does behind.
func (h *house) again(edit func(*broker.Config)) broker.Connection {
	h.t.Helper()
	first := h.Broker
	defer func() { h.Broker = first }()
	h.Broker = h.replicaWith(edit)
	c := h.signIn()
	if err := h.Close(context.Background()); err != nil {
		h.t.Error(err)
	}
	return c
}

func asItIs(*broker.Config) {}

// told are the events of kinds, as kind, actor and detail.
func (h *house) toldOf(id broker.ConnectionID, kinds ...broker.EventKind) (all []string) {
	h.t.Helper()
	events, err := h.Events(h.t.Context(), broker.EventFilter{Connection: id}, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range events {
		if slices.Contains(kinds, e.Kind) {
			all = append(all, string(e.Kind)+" by "+e.By.String()+": "+e.Detail)
		}
	}
	return all
}

func (h *house) left() int {
	h.t.Helper()
	all, err := h.Store.LeftBehind(h.t.Context(), h.clock.now().Add(time.Hour), 10)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

// Whoever authorizes again leaves no pair behind that lives at Zendesk, and never loses
// the one that they have now.
func TestAuthorizingAgainEndsTheFormerPair(t *testing.T) {
	const ended, stays = "former_tokens_revoked by broker: support", "former_tokens_left by broker: "
	for _, c := range []struct {
		name  string
		begin func(h *house, c broker.Connection) // between the two sign-ins
		asked []string                            // to end
		told  []string
	}{
		{"alive", func(*house, broker.Connection) {}, []string{"Bearer access-1"}, []string{ended}},
		{"over, so refreshed a last time", func(h *house, _ broker.Connection) {
			h.clock.move(time.Hour)
			h.z.spoil(nil, func(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) {
				reply(w, map[string]any{"access_token": "access-last", "token_type": "bearer"})
			})
		}, []string{"Bearer access-last"}, []string{ended}},
		{"refused, so gone", func(h *house, _ broker.Connection) { h.clock.move(time.Hour) }, nil, []string{ended}},
		{"both over", func(h *house, _ broker.Connection) { h.clock.move(40 * aDay) }, nil, nil},
		{"the same tokens again", func(h *house, _ broker.Connection) {
			h.z.edit = func(a map[string]any) { a["access_token"], a["refresh_token"] = "access-1", "refresh-1" }
			h.z.serve(zendesk.UsersMePath, func(w http.ResponseWriter, _ *http.Request) {
				reply(w, map[string]any{"user": map[string]any{"id": 7, "role": "admin"}})
			})
		}, nil, nil},
		{"the same refresh token", func(h *house, _ broker.Connection) {
			h.z.edit = func(a map[string]any) { a["refresh_token"] = "refresh-1" }
		}, nil, nil},
		{"in doubt", func(h *house, c broker.Connection) {
			if err := h.Store.Condemn(h.t.Context(), withState(c, broker.InDoubt, broker.AnswerLost), broker.Event{}); err != nil {
				h.t.Fatal(err)
			}
		}, []string{"Bearer access-1"}, []string{stays + "answer_lost", ended}},
		{"disabled", func(h *house, c broker.Connection) {
			if _, err := h.Disable(h.t.Context(), broker.AtCommand, c.ID); err != nil {
				h.t.Fatal(err)
			}
		}, []string{"Bearer access-1"}, []string{ended}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				first, e := h.signIn(), h.ends(http.StatusNoContent)
				c.begin(h, first)
				second := h.again(asItIs)
				if second.ID != first.ID || second.Generation != 2 {
					t.Fatalf("connection %d became %+v", first.ID, second)
				}
				if diff := cmp.Diff(c.asked, e.asked()); diff != "" {
					t.Errorf("asked to end (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.told, h.toldOf(first.ID, broker.FormerEnded, broker.FormerLeft)); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if n := h.left(); n != 0 || h.connections() != 1 {
					t.Errorf("%d pairs left, %d connections", n, h.connections())
				}
			})
		})
	}
}

// Nobody waits for the end of the former pair.
func TestAuthorizingAgainWaitsForNothing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		asked, goOn := make(chan struct{}), make(chan struct{})
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) {
			close(asked)
			<-goOn
			w.WriteHeader(http.StatusNoContent)
		})
		h.signIn()
		<-asked
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		close(goOn)
	})
}

// What cannot be ended is said, and tried again, and in the end given up.
func TestFormerPairThatStays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c, e := h.signIn(), h.ends(http.StatusServiceUnavailable)
		h.again(asItIs)
		want := []string{"former_tokens_left by broker: not_revoked"}
		if diff := cmp.Diff(want, h.toldOf(c.ID, broker.FormerEnded, broker.FormerLeft)); diff != "" || h.left() != 1 {
			t.Errorf("%d left; told (-want +got):\n%s", h.left(), diff)
		}
		if all, err := h.Connections(t.Context(), 0, 10); err != nil || len(all) != 1 {
			t.Errorf("it is listed as a connection: %+v, %v", all, err)
		}
		h.clock.move(10 * time.Minute)
		if err := h.Tidy(t.Context()); err == nil || h.left() != 1 {
			t.Errorf("tidied while Zendesk is away: %v, %d left", err, h.left())
		}
		e.become(http.StatusNoContent)
		if err := h.Tidy(t.Context()); err != nil || h.left() != 0 {
			t.Errorf("tidied: %v, %d left", err, h.left())
		}
		want = append(want, "former_tokens_revoked by broker: support")
		if diff := cmp.Diff(want, h.toldOf(c.ID, broker.FormerEnded, broker.FormerLeft)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		if got := e.asked(); slices.Contains(got, "Bearer access-2") {
			t.Errorf("asked to end %v", got)
		}
	})
}

// A former pair that is over is renewed a last time, and the new one is kept until it is
// ended: whoever dies in between has something to try it again with.
func TestFormerPairThatIsOver(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if _, _, err := h.AddWebhook(t.Context(), broker.AtCommand, broker.NewWebhook{URL: "http://localhost:9/hooks"}); err != nil {
			t.Fatal(err)
		}
		notices := func() int {
			n, err := h.Store.FanOut(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		c, e := h.signIn(), h.ends(http.StatusServiceUnavailable)
		h.again(asItIs)
		if notices() == 0 {
			t.Error("webhooks are told of no sign-in")
		}
		h.clock.move(31 * time.Minute)
		h.z.spoil(func(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) {
			reply(w, map[string]any{"access_token": "access-last", "token_type": "bearer", "expires_in": 1800, "refresh_token": "refresh-last"})
		})
		if err := h.Tidy(t.Context()); err == nil || h.left() != 1 {
			t.Errorf("tidied while nothing can be ended: %v, %d left", err, h.left())
		}
		sent := h.z.refreshes()
		e.become(http.StatusNoContent)
		if err := h.Tidy(t.Context()); err != nil || h.left() != 0 || h.z.refreshes() != sent {
			t.Errorf("tidied: %v, %d left, %d refreshes more", err, h.left(), h.z.refreshes()-sent)
		}
		if got := e.asked(); got[len(got)-1] != "Bearer access-last" {
			t.Errorf("asked to end %q", got)
		}
		want := []string{"former_tokens_left by broker: not_revoked", "former_tokens_revoked by broker: support"}
		if diff := cmp.Diff(want, h.toldOf(c.ID, broker.FormerEnded, broker.FormerLeft)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if told := notices(); told != 0 {
			t.Errorf("webhooks are told of it %d times", told)
		}
	})
}

// Its last answer may be lost: then it is not said that it was ended.
func TestFormerPairWhoseAnswerWasLost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.ends(http.StatusServiceUnavailable)
		h.again(asItIs)
		h.clock.move(31 * time.Minute)
		h.z.spoil(hangUp)
		if err := h.Tidy(t.Context()); err == nil || h.left() != 1 {
			t.Errorf("tidied without an answer: %v, %d left", err, h.left())
		}
		h.z.spoil(with(http.StatusBadRequest, "invalid_grant"))
		if err := h.Tidy(t.Context()); err != nil || h.left() != 0 {
			t.Errorf("tidied: %v, %d left", err, h.left())
		}
		want := []string{"former_tokens_left by broker: not_revoked", "former_tokens_left by broker: answer_lost"}
		if diff := cmp.Diff(want, h.toldOf(c.ID, broker.FormerEnded, broker.FormerLeft)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestFormerPairIsGivenUp(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.edit = func(a map[string]any) { delete(a, "refresh_token"); a["expires_in"] = 90 * 86400 }
		c := h.signIn()
		h.ends(http.StatusForbidden)
		h.again(asItIs)
		h.clock.move(31 * aDay)
		if err := h.Tidy(t.Context()); err == nil || h.left() != 0 {
			t.Errorf("%v, %d left", err, h.left())
		}
		if told := h.toldOf(c.ID, broker.FormerLeft); len(told) != 2 {
			t.Errorf("told %q", told)
		}
	})
}

// The tokens of a renewal that a sign-in overtook are nobody's, and end too.
func TestRenewalThatASignInOvertook(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c, e := h.signIn(), h.ends(http.StatusNoContent)
		h.clock.move(29 * time.Minute)
		other := h.replica()
		h.z.spoil(func(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) {
			h.again(asItIs)
			reply(w, map[string]any{"access_token": "access-late", "token_type": "bearer", "expires_in": 1800, "refresh_token": "refresh-late"})
		})
		if got := lentBy(t, other, c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		if err := other.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"Bearer access-1", "Bearer access-late"}, e.asked()); diff != "" || h.left() != 0 {
			t.Errorf("%d left; asked to end (-want +got):\n%s", h.left(), diff)
		}
	})
}

// A pair that is brought again, or descends from the one that is there, is not ended by
// its own import.
func TestImportAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c, e := h.signIn(), h.ends(http.StatusNoContent)
		same := broker.Import{Account: "acme", Access: secret.Of("access-1"), Refresh: secret.Of("refresh-1")}
		if _, err := h.Import(t.Context(), broker.AtCommand, same); err != nil {
			t.Fatal(err)
		}
		h.clock.move(time.Hour)
		h.z.commit()
		next := broker.Import{Account: "acme", Access: secret.Of("access-2"), Refresh: secret.Of("refresh-2")}
		if _, err := h.Import(t.Context(), broker.AtCommand, next); err != nil {
			t.Fatal(err)
		}
		if err := h.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := e.asked(); len(got) != 0 || h.z.refreshes() != 0 {
			t.Errorf("asked to end %q, %d refreshes", got, h.z.refreshes())
		}
		if diff := cmp.Diff([]string{"former_tokens_left by broker: imported"}, h.toldOf(c.ID, broker.FormerLeft, broker.FormerEnded)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestScopesLost(t *testing.T) {
	grants := func(h *house, scope string) {
		h.z.mu.Lock()
		defer h.z.mu.Unlock()
		h.z.edit = func(a map[string]any) { a["scope"] = scope }
	}
	eachHouse(t, func(t *testing.T, h *house) {
		h.ends(http.StatusNoContent)
		grants(h, "read tickets:write")
		c := h.signIn()
		for range 2 { // the second time is no loss, and what is missing stays missing
			grants(h, "read")
			c = h.again(asItIs)
			if got := h.connection(c.ID); got.Granted.String() != "read" || got.Missing().String() != "tickets:write" {
				t.Errorf("granted %q, missing %q", got.Granted, got.Missing())
			}
		}
		grants(h, "read write")
		if c = h.again(asItIs); !c.Missing().IsEmpty() {
			t.Errorf("missing %q", c.Missing())
		}
		if diff := cmp.Diff([]string{"scopes_lost by user acme/7: tickets:write"}, h.toldOf(c.ID, broker.ScopesLost)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestReconnectScopes(t *testing.T) {
	for _, c := range []struct {
		grant                            oauth.GrantType
		asked, had, asks, gets           string
		wantAsked, wantMissing, wantLost string
	}{
		{oauth.GrantAuthorizationCode, "read", "read", "read", "read", "read", "", ""},
		{oauth.GrantAuthorizationCode, "read write", "read write", "read", "read", "read write", "write", "write"},
		{oauth.GrantAuthorizationCode, "read write", "read", "read", "read", "read write", "write", ""},
		{oauth.GrantAuthorizationCode, "tickets:read", "tickets:read", "read", "read", "read", "", ""},
		{oauth.GrantAuthorizationCode, "read", "read tickets:write", "read", "read", "read tickets:write", "tickets:write", "tickets:write"},
		{oauth.GrantAuthorizationCode, "read", "read", "read write", "read", "read write", "write", ""},
		{oauth.GrantClientCredentials, "read write", "read write", "read", "read", "read", "", "write"},
	} {
		old := broker.Connection{Grant: c.grant, Asked: oauth.ParseScope(c.asked), Granted: oauth.ParseScope(c.had)}
		next := old.Reconnect(broker.Connection{Asked: oauth.ParseScope(c.asks)}, broker.Pair{Scope: oauth.ParseScope(c.gets)})
		got := []string{next.Asked.String(), next.Missing().String(), next.Lost(old).String()}
		if diff := cmp.Diff([]string{c.wantAsked, c.wantMissing, c.wantLost}, got); diff != "" {
			t.Errorf("%+v: asked, missing, lost (-want +got):\n%s", c, diff)
		}
	}
}
