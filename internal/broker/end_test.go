package broker_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

func TestDisableAndEnable(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		for range 2 { // the second changes nothing
			if got, err := h.Disable(t.Context(), broker.AtCommand, c.ID); err != nil || got.State != broker.Disabled || got.Reason != broker.SwitchedOff {
				t.Fatalf("disabled: %+v, %v", got, err)
			}
		}
		_, err := h.Token(t.Context(), c.ID, 0)
		if unusable := (*broker.Unusable)(nil); !errors.As(err, &unusable) || unusable.State != broker.Disabled {
			t.Errorf("lent: %v", err)
		}
		h.clock.move(40 * aDay)
		h.tend()
		if h.z.refreshes() != 0 {
			t.Error("it was renewed")
		}
		if got, err := h.Enable(t.Context(), broker.AtCommand, c.ID); err != nil || got.State != broker.Active {
			t.Fatalf("enabled: %+v, %v", got, err)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		if _, err := h.Disable(t.Context(), broker.AtCommand, c.ID+1); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
	})
}

// A renewal that was under way when its connection was disabled keeps its tokens,
// and leaves the connection disabled.
func TestDisableDuringARenewal(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(29 * time.Minute)
		h.z.spoil(func(w http.ResponseWriter, r *http.Request, commit func() map[string]any) {
			if _, err := h.Disable(r.Context(), broker.AtCommand, c.ID); err != nil {
				t.Error(err)
			}
			reply(w, commit())
		})
		h.lent(c.ID)
		if got := h.connection(c.ID); got.State != broker.Disabled || got.Generation != 2 {
			t.Errorf("%s, generation %d", got.State, got.Generation)
		}
		if _, err := h.Enable(t.Context(), broker.AtCommand, c.ID); err != nil {
			t.Fatal(err)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
	})
}

// current serves tokens/current for the live pair.
func (h *house) current() {
	h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+h.live():
			refuse(w, http.StatusUnauthorized, "invalid_token")
		case r.Method == http.MethodDelete:
			h.z.mu.Lock()
			h.z.access, h.z.refresh = "revoked", "revoked"
			h.z.mu.Unlock()
			w.WriteHeader(http.StatusNoContent)
		default:
			reply(w, currentToken(nil))
		}
	})
}

func TestRevoke(t *testing.T) {
	for name, age := range map[string]time.Duration{"alive": 0, "over, so renewed a last time": time.Hour} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				c := h.signIn()
				h.current()
				h.clock.move(age)
				if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); err != nil {
					t.Fatal(err)
				}
				if _, err := h.Connection(t.Context(), c.ID); !errors.Is(err, broker.ErrNotFound) || h.live() != "revoked" {
					t.Errorf("%v; at Zendesk lives %q", err, h.live())
				}
				if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); !errors.Is(err, broker.ErrNotFound) {
					t.Errorf("once more: %v", err)
				}
			})
		})
	}
}

// Tokens of which it is not certain that they are gone are not forgotten.
func TestRevokeMakesSure(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"still taken": func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			reply(w, currentToken(nil))
		},
		"not answered":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"not allowed":         func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusForbidden, "Forbidden") },
		"the look unanswered": revokedThenDown,
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				c := h.signIn()
				h.z.serve(zendesk.OAuthTokensCurrentPath, serve)
				if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); err == nil {
					t.Fatal("it says that it is gone")
				}
				got := h.connection(c.ID)
				if got.State != broker.Disabled || got.Reason != broker.NotRevoked || got.Access.IsZero() {
					t.Errorf("%s: %s", got.State, got.Reason)
				}
				h.current()
				if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); err != nil || h.live() != "revoked" {
					t.Errorf("tried again: %v, %q lives", err, h.live())
				}
			})
		})
	}
}

func revokedThenDown(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// The tokens of a renewal that is under way elsewhere are the ones that are revoked.
func TestRevokeWaitsForARenewal(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.current()
		h.clock.move(29 * time.Minute)
		other, revoked := h.replica(), make(chan error, 1)
		h.z.spoil(func(w http.ResponseWriter, r *http.Request, commit func() map[string]any) {
			go func() { revoked <- h.Revoke(t.Context(), broker.AtCommand, c.ID) }()
			for h.connection(c.ID).State != broker.Disabled {
				<-time.After(time.Millisecond)
			}
			reply(w, commit())
		})
		lentBy(t, other, c.ID)
		if err := <-revoked; err != nil || h.live() != "revoked" || h.connections() != 0 {
			t.Errorf("%v; %q lives, %d connections", err, h.live(), h.connections())
		}
	})
}

// A pair that is renewed a last time is stored before it is used: whatever fails
// afterwards, the next try ends the pair that lives.
func TestRevokeForgetsNoPair(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"not answered":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"the look unanswered": revokedThenDown,
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				c := h.signIn()
				if _, err := h.Disable(t.Context(), broker.AtCommand, c.ID); err != nil {
					t.Fatal(err)
				}
				h.clock.move(time.Hour)
				h.z.serve(zendesk.OAuthTokensCurrentPath, serve)
				if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); err == nil {
					t.Fatal("it says that it is gone")
				}
				got := h.connection(c.ID)
				if got.State != broker.Disabled || got.Reason != broker.NotRevoked || got.Generation != 2 || got.Claim.Owner != "" {
					t.Errorf("left as %s: %s, generation %d, claimed by %q", got.State, got.Reason, got.Generation, got.Claim.Owner)
				}
				h.current()
				if err := h.Revoke(t.Context(), broker.AtCommand, c.ID); err != nil || h.live() != "revoked" || h.connections() != 0 {
					t.Errorf("tried again: %v, %q lives", err, h.live())
				}
			})
		})
	}
}

// A refused grant is an end only where no lost answer explains it.
func TestRevokeOfWhatIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []fault
		tries  int
		want   error // of the last try
	}{
		{"ended by somebody", []fault{with(400, "invalid_grant")}, 1, broker.ErrNotFound},
		{"a lost answer", []fault{loseAnswer}, 3, broker.ErrUnknownPair},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				conn := h.signIn()
				h.current()
				if _, err := h.Disable(t.Context(), broker.AtCommand, conn.ID); err != nil {
					t.Fatal(err)
				}
				h.clock.move(time.Hour)
				h.z.spoil(c.faults...)
				var err error
				for range c.tries {
					err = h.Revoke(t.Context(), broker.AtCommand, conn.ID)
				}
				if errors.Is(c.want, broker.ErrNotFound) {
					if _, gone := h.Connection(t.Context(), conn.ID); err != nil || !errors.Is(gone, c.want) {
						t.Errorf("%v; then %v", err, gone)
					}
					return
				}
				if !errors.Is(err, c.want) || h.connection(conn.ID).Claim.Owner != "" {
					t.Errorf("said %v", err)
				}
				// Who authorizes again has a pair that is known, and can be ended.
				h.signIn()
				if err := h.Revoke(t.Context(), broker.AtCommand, conn.ID); err != nil || h.live() != "revoked" {
					t.Errorf("afterwards: %v, %q lives", err, h.live())
				}
			})
		})
	}
}
