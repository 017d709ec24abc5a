package broker_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

// abandon leaves a sign-in whose tokens came and whose person could not be found
// out.
func (h *house) abandon() {
	h.t.Helper()
	h.z.serve(zendesk.UsersMePath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	state, browser := h.depart()
	_, err := h.Callback(h.t.Context(), answer(state), browser)
	wantKind(h.t, err, broker.Unreachable)
	h.z.serve(zendesk.UsersMePath, nil)
}

func (h *house) connections() int {
	h.t.Helper()
	all, err := h.Connections(h.t.Context(), 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

func TestTokensOfNobodyAreRevoked(t *testing.T) {
	for _, c := range []struct {
		name    string
		edit    func(answer map[string]any)
		spoil   []fault // of the refresh
		deletes http.HandlerFunc
		wantErr bool
		revoked string // the token that asks for its end
	}{
		{"over by now, so renewed once more", nil, nil, nil, false, "access-2"},
		{"still alive", func(a map[string]any) { a["expires_in"] = 86400 }, nil, nil, false, "access-1"},
		{"over, with nothing to renew it", func(a map[string]any) { delete(a, "refresh_token") }, nil, nil, false, ""},
		{"over at Zendesk too", nil, []fault{with(400, "invalid_grant")}, nil, false, ""},
		{"Zendesk is down", nil, []fault{page(503)}, nil, true, ""},
		{"gone already", func(a map[string]any) { a["expires_in"] = 86400 }, nil, func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusUnauthorized, "invalid_token")
		}, false, ""},
		{"not allowed", func(a map[string]any) { a["expires_in"] = 86400 }, nil, func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusForbidden, "Forbidden")
		}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				h.z.edit = c.edit
				h.abandon()
				kept := h.signIn() // replaces the pair of the remote, which knows one alone
				h.z.mu.Lock()
				h.z.n, h.z.access, h.z.refresh = 1, "access-1", "refresh-1"
				h.z.mu.Unlock()
				var revoked string
				h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, r *http.Request) {
					switch {
					case c.deletes != nil:
						c.deletes(w, r)
					case r.Method != http.MethodDelete || revoked != "":
						t.Errorf("a second request: %s", r.Method)
					default:
						revoked = r.Header.Get("Authorization")
						w.WriteHeader(http.StatusNoContent)
					}
				})
				h.clock.move(59 * time.Minute)
				if err := h.Tidy(t.Context()); err != nil || h.connections() != 2 {
					t.Fatalf("too early: %v, %d connections", err, h.connections())
				}
				h.clock.move(2 * time.Minute)
				h.z.spoil(c.spoil...)
				if err := h.Tidy(t.Context()); (err != nil) != c.wantErr {
					t.Errorf("tidied with %v", err)
				}
				// Whatever Zendesk says, the tokens are not here any more.
				if err := h.Tidy(t.Context()); err != nil || h.connections() != 1 {
					t.Errorf("%d connections, %v", h.connections(), err)
				}
				want := c.revoked
				if want != "" {
					want = "Bearer " + want
				}
				if revoked != want {
					t.Errorf("%q was revoked, want %q", revoked, want)
				}
				h.connection(kept.ID)
			})
		})
	}
}

// A flood of sign-ins that fail leaves no more behind than a short one.
func TestTidyGoesOnUntilNothingIsLeft(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.serve(zendesk.AuthorizePath, func(http.ResponseWriter, *http.Request) {})
		const n = 501 // one more than a batch
		for range n {
			state, browser := h.depart()
			if _, err := h.Callback(t.Context(), url.Values{"error": {"access_denied"}, "state": {state}}, browser); err == nil {
				t.Fatal("it did not fail")
			}
		}
		h.clock.move(2 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		left, err := h.Store.Prune(t.Context(), h.clock.now(), 10*n)
		events, again := h.Store.PruneEvents(t.Context(), h.clock.now(), 10*n)
		// The change of the client is an event too, and stays.
		if err := errors.Join(err, again); err != nil || left != 0 || events != 1 {
			t.Errorf("left %d rows and %d events, %v", left, events, err)
		}
	})
}

func TestEventsAreKeptForAWhile(t *testing.T) {
	for _, c := range []struct {
		keep time.Duration // 0: the default
		age  time.Duration
		gone bool
	}{
		{0, 399 * 24 * time.Hour, false},
		{0, 401 * 24 * time.Hour, true},
		{24 * time.Hour, 23 * time.Hour, false},
		{24 * time.Hour, 25 * time.Hour, true},
	} {
		t.Run(fmt.Sprint(c.keep, " ", c.age), func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				if c.keep != 0 {
					h.EventsKeep = c.keep
				}
				h.signIn()
				h.clock.move(c.age)
				if err := h.Tidy(t.Context()); err != nil {
					t.Fatal(err)
				}
				left, err := h.Store.PruneEvents(t.Context(), h.clock.now(), 100)
				if err != nil || (left == 0) != c.gone {
					t.Errorf("%d events are left, %v; want them gone: %t", left, err, c.gone)
				}
			})
		})
	}
}
