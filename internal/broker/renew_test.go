package broker_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func TestRenewal(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		if got := h.lent(c.ID); got != "access-1" || h.z.refreshes() != 0 {
			t.Fatalf("a fresh token: lent %q after %d refreshes", got, h.z.refreshes())
		}
		h.clock.move(29 * time.Minute)
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("a minute before its end: lent %q", got)
		}
		stored := h.connection(c.ID)
		if stored.Generation != 2 || stored.State != broker.Active || stored.Claim.Owner != "" || !stored.RenewedAt.Equal(h.clock.now()) {
			t.Errorf("stored %+v", stored)
		}
		if diff := cmp.Diff([]broker.Outcome{broker.Answered}, h.outcomes(c.ID, 1)); diff != "" {
			t.Error(diff)
		}
		p := h.z.posts[1]
		if p.Get("refresh_token") != "refresh-1" || p.Get("expires_in") != "1800" || p.Get("refresh_token_expires_in") != "2592000" ||
			p.Get("client_secret") != h.z.secret || p.Has("scope") {
			t.Errorf("asked by %v", p)
		}
	})
}

// Many callers, several processes, many expiries: one refresh each.
func TestOneRefreshPerExpiry(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		replicas := []*broker.Broker{h.Broker, h.replica(), h.replica()}
		const rounds, callers = 5, 8
		for round := range rounds {
			h.clock.move(time.Hour)
			var wg sync.WaitGroup
			for _, b := range replicas {
				for range callers {
					wg.Go(func() {
						if got, want := lentBy(t, b, c.ID), fmt.Sprintf("access-%d", round+2); got != want {
							t.Errorf("round %d: lent %q, want %q", round, got, want)
						}
					})
				}
			}
			wg.Wait()
		}
		if n := h.z.refreshes(); n != rounds {
			t.Errorf("%d refreshes in %d rounds", n, rounds)
		}
	})
}

func TestAnswerLost(t *testing.T) {
	for _, c := range []struct {
		name     string
		faults   []fault
		want     string // what is lent
		outcomes []broker.Outcome
		state    broker.State
	}{
		{"before the deed", []fault{hangUp}, "access-2", []broker.Outcome{broker.Unanswered, broker.Answered}, broker.Active},
		{
			"after the deed",
			[]fault{loseAnswer},
			"*broker.Unusable: connection 1 is in_doubt: answer_lost",
			[]broker.Outcome{broker.Unanswered, broker.Refused},
			broker.InDoubt,
		},
		{
			"half of it",
			[]fault{spoilAnswer},
			"*broker.Unusable: connection 1 is in_doubt: answer_lost",
			[]broker.Outcome{broker.Unanswered, broker.Refused},
			broker.InDoubt,
		},
		{
			"twice",
			[]fault{hangUp, hangUp},
			"*broker.Unavailable: connection 1 cannot be renewed now: answer_lost: no answer: EOF",
			[]broker.Outcome{broker.Unanswered, broker.Unanswered},
			broker.Active,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				conn := h.signIn()
				h.clock.move(time.Hour)
				h.z.spoil(c.faults...)
				if got := h.lent(conn.ID); got != c.want {
					t.Errorf("lent %q, want %q", got, c.want)
				}
				if diff := cmp.Diff(c.outcomes, h.outcomes(conn.ID, 1)); diff != "" {
					t.Error(diff)
				}
				if got := h.connection(conn.ID); got.State != c.state || got.Claim.Owner != "" {
					t.Errorf("left as %s, claimed by %q", got.State, got.Claim.Owner)
				}
			})
		})
	}
}

func TestRevokedAtZendesk(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.z.spoil(with(400, "invalid_grant"))
		for range 3 {
			if got, want := h.lent(c.ID), "*broker.Unusable: connection 1 is reauthorize: refresh_refused"; got != want {
				t.Errorf("lent %q, want %q", got, want)
			}
		}
		if n := h.z.refreshes(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		// Nothing is deleted in haste.
		if stored := h.connection(c.ID); stored.Refresh.IsZero() {
			t.Error("the refresh token is gone")
		}
	})
}

func TestScopeNoLongerAllowed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.z.spoil(with(400, "invalid_scope"))
		if got, want := h.lent(c.ID), "*broker.Unusable: connection 1 is reauthorize: scope_no_longer_allowed"; got != want {
			t.Errorf("lent %q, want %q", got, want)
		}
	})
}

// What passes by itself costs nothing while the token lives.
func TestTroubleWhileTheTokenLives(t *testing.T) {
	for name, f := range map[string]fault{
		"503": page(503), "403": page(403), "429": tooMany, "400": with(400, "invalid_request"),
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				c := h.signIn()
				h.clock.move(27 * time.Minute)
				h.z.spoil(f)
				for range 5 { // backing off: asked once
					if got := h.lent(c.ID); got != "access-1" {
						t.Errorf("lent %q", got)
					}
				}
				if n := h.z.refreshes(); n != 1 {
					t.Errorf("asked %d times", n)
				}
				h.clock.move(90 * time.Second)
				if got := h.lent(c.ID); got != "access-2" {
					t.Errorf("afterwards lent %q", got)
				}
				if got := h.connection(c.ID); got.Failures != 0 || got.Reason != broker.NoReason || !got.RetryAt.IsZero() {
					t.Errorf("healed, and still %+v", got)
				}
			})
		})
	}
}

func TestTroubleWhenTheTokenIsOver(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.z.spoil(tooMany)
		_, err := h.Token(t.Context(), c.ID, 0)
		var soft *broker.Unavailable
		if !errors.As(err, &soft) || soft.RetryAfter != 90*time.Second || soft.Reason != broker.ToldToWait {
			t.Errorf("lent with %v", err)
		}
		h.clock.move(90 * time.Second)
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("afterwards lent %q", got)
		}
	})
}

func TestZendeskUnreachable(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.HTTP.Transport = unreachable{}
		h.clock.move(time.Hour)
		_, err := h.Token(t.Context(), c.ID, 0)
		var soft *broker.Unavailable
		if !errors.As(err, &soft) || soft.Reason != broker.NotReached {
			t.Errorf("lent with %v", err)
		}
		if diff := cmp.Diff([]broker.Outcome{broker.Unsent}, h.outcomes(c.ID, 1)); diff != "" {
			t.Error(diff)
		}
	})
}

// unreachable is a network that is down.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: errors.New("no route")}
}

func TestClientRefused(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.z.mu.Lock()
		h.z.secret = "rolled"
		h.z.mu.Unlock()
		for range 4 {
			_, err := h.Token(t.Context(), c.ID, 0)
			var soft *broker.Unavailable
			if !errors.As(err, &soft) || soft.Reason != broker.CredentialsWrong || soft.RetryAfter <= 0 {
				t.Fatalf("lent with %v", err)
			}
		}
		if n := h.z.refreshes(); n != 1 {
			t.Errorf("the circuit let %d requests through", n)
		}
		if got := h.connection(c.ID); got.State != broker.Active {
			t.Errorf("the connection became %s", got.State)
		}
		// It heals as soon as the client does, not when a wait is over.
		if err := h.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "app", secret.Of("rolled")); err != nil {
			t.Fatal(err)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("afterwards lent %q", got)
		}
	})
}

// dies leaves a connection as a process does that was killed after it wrote an
// attempt down.
func dies(t *testing.T, h *house, id broker.ConnectionID) broker.Connection {
	t.Helper()
	c, err := h.Store.Claim(t.Context(), h.connection(id), "dead")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Store.OpenAttempt(t.Context(), broker.Attempt{
		Connection: id, Generation: c.Generation, Owner: "dead", SentAt: h.clock.now(), Outcome: broker.Open,
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKilledBeforeSending(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		dies(t, h, c.ID)
		if got := h.connection(c.ID).Shown(); got != broker.Renewing {
			t.Errorf("shown as %s", got)
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
	})
}

func TestKilledAfterSending(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		claimed := dies(t, h, c.ID)
		h.z.commit() // its request arrived
		if got, want := h.lent(c.ID), "*broker.Unusable: connection 1 is in_doubt: answer_lost"; got != want {
			t.Errorf("lent %q, want %q", got, want)
		}
		// It was not dead but slow: its answer wins.
		next := claimed.Next(broker.Pair{Issued: h.clock.now(), AccessExpires: h.clock.now().Add(time.Hour)}, false)
		next.Access, next.Refresh = c.Access, c.Refresh
		attempts, err := h.Store.Attempts(t.Context(), c.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		first := attempts[0]
		first.Outcome, first.ClosedAt = broker.Answered, h.clock.now()
		if err := h.Store.Renew(t.Context(), next, first); err != nil {
			t.Fatal(err)
		}
		if got := h.connection(c.ID); got.State != broker.Active || got.Reason != broker.NoReason || got.Generation != 2 {
			t.Errorf("after the late answer: %+v", got)
		}
	})
}

// A claim whose owner is at work is left alone, however long that takes.
func TestClaimOfALivingOwner(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		release := make(chan struct{})
		h.z.spoil(func(w http.ResponseWriter, _ *http.Request, commit func() map[string]any) {
			<-release
			reply(w, commit())
		})
		other := h.replica()
		got := make(chan string, 2)
		go func() { got <- lentBy(t, h.Broker, c.ID) }()
		go func() { got <- lentBy(t, other, c.ID) }()
		// Until the counter has been raised for longer than a lease.
		begun := time.Now()
		for seen := int64(0); time.Since(begun) < 3*quick.Lease || seen == 0; seen = h.connection(c.ID).Claim.Counter {
			<-time.After(quick.Poll)
		}
		close(release)
		for range 2 {
			if token := <-got; token != "access-2" {
				t.Errorf("lent %q", token)
			}
		}
		if n := h.z.refreshes(); n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

func TestTokenAfterRefusal(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		g, err := h.TokenAfter(t.Context(), c.ID, 1)
		if err != nil || g.Access.Reveal() != "access-2" {
			t.Fatalf("lent %v, %v", g.Connection.Generation, err)
		}
		// A caller with the older one is told the newer, and nothing is renewed.
		if g, err = h.TokenAfter(t.Context(), c.ID, 1); err != nil || g.Access.Reveal() != "access-2" {
			t.Fatalf("lent generation %d, %v", g.Connection.Generation, err)
		}
		if n := h.z.refreshes(); n != 1 {
			t.Errorf("%d refreshes", n)
		}
		// The API refuses what the forced renewal brought: a person must look.
		_, err = h.TokenAfter(t.Context(), c.ID, 2)
		var hard *broker.Unusable
		if !errors.As(err, &hard) || hard.State != broker.Reauthorize || hard.Reason != broker.TokenRefused {
			t.Errorf("lent with %v", err)
		}
		if n := h.z.refreshes(); n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

func TestWithoutRefreshToken(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.edit = func(answer map[string]any) { delete(answer, "refresh_token") }
		c := h.signIn()
		h.clock.move(29 * time.Minute)
		if got := h.lent(c.ID); got != "access-1" {
			t.Errorf("lent %q", got)
		}
		h.clock.move(time.Hour)
		if got, want := h.lent(c.ID), "*broker.Unusable: connection 1 is reauthorize: no_refresh_token"; got != want {
			t.Errorf("lent %q, want %q", got, want)
		}
	})
}

func TestRenewalWithoutNewRefreshToken(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.z.edit = func(answer map[string]any) { delete(answer, "refresh_token"); h.z.refresh = "refresh-1" }
		for range 2 {
			h.clock.move(time.Hour)
			h.lent(c.ID)
		}
		if got := h.lent(c.ID); got != "access-3" {
			t.Errorf("lent %q", got)
		}
	})
}

func TestLastUsedIsFlushed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.lent(c.ID)
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := h.connection(c.ID); !got.LastUsedAt.Equal(h.clock.now()) {
			t.Errorf("last used at %v", got.LastUsedAt)
		}
		h.clock.move(time.Hour)
		if _, err := h.Token(t.Context(), c.ID, 0); err == nil || h.z.refreshes() != 0 {
			t.Errorf("a closed broker renews: %v", err)
		}
	})
}

func TestUnknownConnection(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if _, err := h.Token(t.Context(), 99, 0); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("lent with %v", err)
		}
	})
}

func TestTransport(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		client := &http.Client{Transport: &broker.Transport{
			Broker: h.Broker, ID: c.ID, Next: broker.NewHTTPClient(broker.HTTPConfig{Base: h.z.base, Streams: true}).Transport,
		}}
		root := h.z.base.URL("acme").String()
		seen := map[string]int{}
		h.z.serve("/api/v2/echo", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			h.z.mu.Lock()
			seen[r.Header.Get("Authorization")]++
			h.z.mu.Unlock()
			if r.Header.Get("Authorization") != "Bearer "+h.z.live() {
				refuse(w, http.StatusUnauthorized, "invalid_token")
				return
			}
			_, _ = w.Write(body)
		})
		send := func(body io.Reader) (int, string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, root+"/api/v2/echo", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer somebody else's")
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			return resp.StatusCode, string(text)
		}
		if status, body := send(strings.NewReader("hello")); status != 200 || body != "hello" {
			t.Errorf("%d %q", status, body)
		}
		// Revoked behind our back: one forced renewal, the same body again.
		h.z.mu.Lock()
		h.z.access = "another"
		h.z.mu.Unlock()
		if status, body := send(io.MultiReader(strings.NewReader("hello "), strings.NewReader("again"))); status != 200 || body != "hello again" {
			t.Errorf("%d %q", status, body)
		}
		// Too long to be kept: the caller gets the 401 itself.
		h.z.mu.Lock()
		h.z.access = "another"
		h.z.mu.Unlock()
		if status, body := send(strings.NewReader(strings.Repeat("x", 2<<20))); status != 401 || !strings.Contains(body, "invalid_token") {
			t.Errorf("%d %q", status, body)
		}
		want := map[string]int{"Bearer access-1": 2, "Bearer access-2": 2}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Error(diff)
		}
		// The token goes to its account alone.
		other := h.z.base.URL("other").String()
		if resp, err := client.Get(other + "/api/v2/echo"); err == nil {
			_ = resp.Body.Close()
			t.Error("another account was called")
		}
	})
}

func TestHTTPClientKeepsToItsHosts(t *testing.T) {
	z := newRemote(t)
	client := broker.NewHTTPClient(broker.HTTPConfig{Base: z.base})
	root := z.base.URL("acme")
	for _, u := range []string{
		strings.Replace(root.String(), "acme.localhost", "localhost", 1),
		strings.Replace(root.String(), "acme.localhost", "127.0.0.1", 1),
		strings.Replace(root.String(), "acme.localhost", "a.b.localhost", 1),
		"http://acme.localhost:1/", "http://acme.localhost/", "https://" + root.Host + "/", "http://acme.zendesk.com/",
	} {
		if resp, err := client.Get(u); err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s was called", u)
		} else if !strings.Contains(err.Error(), "is not a host of") {
			t.Errorf("%s: %v", u, err)
		}
	}
	resp, err := client.Get(root.String() + "/oauth/authorizations/new")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		t.Errorf("a redirect was followed: %d", resp.StatusCode)
	}
}
