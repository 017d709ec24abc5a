package broker_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

const aDay = 24 * time.Hour

func (h *house) tend() {
	h.t.Helper()
	if err := h.Tend(h.t.Context()); err != nil {
		h.t.Error(err)
	}
}

// A connection that nobody asks for outlives its refresh token many times over.
func TestIdleConnectionIsKeptAlive(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(5*aDay - time.Second)
		if h.tend(); h.z.refreshes() != 0 {
			t.Error("it was renewed before a sixth of the refresh token's life was over")
		}
		h.clock.move(5 * aDay)
		if h.tend(); h.z.refreshes() != 1 {
			t.Fatalf("%d refreshes after a third of the refresh token's life", h.z.refreshes())
		}
		if h.tend(); h.z.refreshes() != 1 {
			t.Error("it was renewed again at once")
		}
		for range 30 {
			h.clock.move(5 * aDay)
			h.tend()
		}
		if got := h.connection(c.ID); got.State != broker.Active || got.Generation < 10 || !got.LastUsedAt.IsZero() {
			t.Errorf("half a year later: %+v", got)
		}
	})
}

// Nobody's asking is needed to find out what is lost, and who asks is told.
func TestTendingNamesWhatIsLost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.z.spoil(with(400, "invalid_grant"))
		h.clock.move(10 * aDay)
		h.tend()
		if got := h.connection(c.ID); got.State != broker.Reauthorize || got.Reason != broker.RefreshRefused {
			t.Errorf("it is %s: %s", got.State, got.Reason)
		}
	})
}

// An account that asked for time is left in peace for as long, its other connections
// too.
func TestTendingRespectsRetryAfter(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		many := []broker.Connection{}
		for user := range 6 {
			h.z.mu.Lock()
			h.z.userID = 100 + user
			h.z.mu.Unlock()
			many = append(many, h.signIn())
		}
		h.clock.move(10 * aDay)
		slow := make([]fault, 6)
		for i := range slow {
			slow[i] = tooMany // Retry-After: 90
		}
		h.z.spoil(slow...)
		h.tend()
		asked := h.z.refreshes()
		if asked == 0 || asked > 2 { // as many as of one account at a time
			t.Errorf("%d requests to an account that asks for time", asked)
		}
		h.clock.move(89 * time.Second)
		if h.tend(); h.z.refreshes() != asked {
			t.Errorf("%d requests before the time was over", h.z.refreshes()-asked)
		}
		h.z.mu.Lock()
		h.z.faults = nil
		h.z.mu.Unlock()
		h.clock.move(2 * time.Second)
		h.tend()
		if got := h.z.refreshes() - asked; got != len(many) {
			t.Errorf("%d requests afterwards, want one for each of %d", got, len(many))
		}
	})
}

// Tokens that do not expire are never renewed, and shown to Zendesk every day.
func TestTokensWithoutExpiryAreProbed(t *testing.T) {
	for name, c := range map[string]struct {
		answer    func(w http.ResponseWriter, n int) // to the n-th probe
		state     broker.State
		probes    int // on four days, at least
		refreshes int
		expires   bool
	}{
		"taken": {func(w http.ResponseWriter, _ int) { reply(w, currentToken(nil)) }, broker.Active, 4, 0, false},
		"refused once: renewed by force": {func(w http.ResponseWriter, n int) {
			if n == 3 {
				refuse(w, http.StatusUnauthorized, "invalid_token")
				return
			}
			reply(w, currentToken(nil))
		}, broker.Active, 4, 1, false},
		"refused, and the renewed one the next day too": {func(w http.ResponseWriter, n int) {
			if n == 2 { // the renewal's own question
				reply(w, currentToken(nil))
				return
			}
			refuse(w, http.StatusUnauthorized, "invalid_token")
		}, broker.Reauthorize, 3, 1, false},
		"expiry was switched on": {func(w http.ResponseWriter, n int) {
			if n == 2 {
				ends := time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)
				reply(w, currentToken(&ends))
				return
			}
			reply(w, currentToken(nil))
		}, broker.Active, 2, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				n := 0
				h.z.edit = func(answer map[string]any) { delete(answer, "expires_in") } // then it is asked for
				h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) { reply(w, currentToken(nil)) })
				conn := h.signIn()
				if !conn.AccessExpires.IsZero() {
					t.Fatalf("it expires at %v", conn.AccessExpires)
				}
				h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) { n++; c.answer(w, n) })
				h.z.mu.Lock()
				h.z.edit = func(answer map[string]any) { answer["expires_in"] = nil }
				h.z.mu.Unlock()
				h.clock.move(aDay - time.Minute - 6*time.Hour)
				if h.tend(); n != 0 {
					t.Error("it was probed early")
				}
				h.clock.move(6*time.Hour + time.Minute)
				for range 4 {
					// What renews without telling the life asks the same address.
					h.z.serve(zendesk.OAuthTokensCurrentPath, probeAnswer(&n, c.answer))
					h.tend()
					h.clock.move(aDay)
				}
				got := h.connection(conn.ID)
				if got.State != c.state || h.z.refreshes() != c.refreshes || got.AccessExpires.IsZero() == c.expires {
					t.Errorf("%s (%s), %d refreshes, expires %v", got.State, got.Reason, h.z.refreshes(), got.AccessExpires)
				}
				if n < c.probes {
					t.Errorf("%d probes, want %d", n, c.probes)
				}
			})
		})
	}
}

func probeAnswer(n *int, answer func(http.ResponseWriter, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { *n++; answer(w, *n) }
}

func currentToken(expires *time.Time) any {
	return zendesk.OAuthTokenEnvelope{Token: zendesk.OAuthToken{ID: 5, UserID: 7, ExpiresAt: func() *zendesk.Time {
		if expires == nil {
			return nil
		}
		return &zendesk.Time{Time: *expires}
	}(), Scopes: []string{"read"}}}
}

// A probe that Zendesk did not answer says nothing about the connection, and is made
// again within the day.
func TestProbeUnanswered(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.z.edit = func(answer map[string]any) { delete(answer, "expires_in") }
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) { reply(w, currentToken(nil)) })
		c := h.signIn()
		n := 0
		h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.WriteHeader(http.StatusBadGateway)
		})
		h.clock.move(aDay)
		h.tend()
		h.tend()
		h.clock.move(2 * time.Hour)
		h.tend()
		if got := h.connection(c.ID); got.State != broker.Active || n != 2 {
			t.Errorf("%s after %d probes, want two", got.State, n)
		}
	})
}

// Two replicas look after the same connections and send nothing twice.
func TestTendingByReplicas(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		other := h.replica()
		h.clock.move(10 * aDay)
		done := make(chan error, 2)
		for _, b := range []*broker.Broker{h.Broker, other} {
			go func() { done <- b.Tend(t.Context()) }()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if got := h.connection(c.ID); h.z.refreshes() != 1 || got.Generation != 2 {
			t.Errorf("%d refreshes, generation %d", h.z.refreshes(), got.Generation)
		}
	})
}

// The tokens that a renewal is about to end are not lent while it waits for the
// calls that are under way with them, by no replica.
func TestDrain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		draining := h.replicaWith(func(c *broker.Config) { c.Timing.Drain = 200 * time.Millisecond })
		other := h.replicaWith(func(c *broker.Config) { c.Timing.Drain = 200 * time.Millisecond })
		c := h.signIn()
		h.clock.move(26 * time.Minute)
		began := time.Now()
		first := make(chan string, 1)
		go func() { first <- lentBy(t, draining, c.ID) }()
		for h.connection(c.ID).Claim.Owner == "" { // it ends with the test's own deadline
			<-time.After(time.Millisecond)
		}
		// This one would be content with what there is.
		if g, err := other.TokenAfter(t.Context(), c.ID, 0); err != nil || g.Access.Reveal() != "access-2" {
			t.Errorf("lent %q, %v, while it was drained", g.Access.Reveal(), err)
		}
		if got := <-first; got != "access-2" {
			t.Errorf("lent %q", got)
		}
		if waited := time.Since(began); waited < 200*time.Millisecond {
			t.Errorf("sent after %v", waited)
		}
	})
}

// An outage leaves no more attempts behind than a day's, and the last of each
// outcome.
func TestAttemptsArePruned(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		for range 20 {
			h.z.spoil(page(503))
			h.lent(c.ID)
			h.clock.move(2 * time.Minute)
		}
		h.z.spoil(hangUp, hangUp)
		h.lent(c.ID)
		h.clock.move(23 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := len(h.outcomes(c.ID, 1)); got != 22 {
			t.Fatalf("%d attempts within a day, want 22", got)
		}
		h.clock.move(2 * time.Hour)
		if err := h.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		attempts, err := h.Store.Attempts(t.Context(), c.ID, 1)
		if err != nil || len(attempts) != 1 || attempts[0].Outcome != broker.Unanswered || attempts[0].Number != 22 {
			t.Errorf("left %+v, %v", attempts, err)
		}
		// And it still explains a refusal.
		h.z.spoil(with(400, "invalid_grant"))
		h.lent(c.ID)
		if got := h.connection(c.ID); got.State != broker.InDoubt {
			t.Errorf("%s: %s", got.State, got.Reason)
		}
	})
}

func TestAttemptsOfPastTokensGoWithTheEvents(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.lent(c.ID)
		h.EventsKeep = 10 * aDay
		for _, want := range []int{1, 0} {
			if err := h.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := len(h.outcomes(c.ID, 1)); got != want {
				t.Errorf("%d attempts, want %d", got, want)
			}
			h.clock.move(11 * aDay)
		}
	})
}

// 100,000 that were connected in one hour are looked after without a peak above
// twice the mean.
func TestTendingIsSpread(t *testing.T) {
	hours := map[int]int{}
	first, last := 1<<30, 0
	for id := range 100_000 {
		c := broker.Connection{ID: broker.ConnectionID(id)}
		issued := time.Date(2026, 11, 22, 12, 0, id%3600, 0, time.UTC)
		c = c.Next(broker.Pair{Issued: issued, AccessExpires: issued.Add(30 * time.Minute), RefreshExpires: issued.Add(30 * aDay)}, false)
		hour := int(c.TendAt.Sub(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)) / time.Hour)
		hours[hour]++
		first, last = min(first, hour), max(last, hour)
	}
	if first < 5*24 || last > 10*24 {
		t.Errorf("from hour %d to %d", first, last)
	}
	mean := float64(100_000) / float64(last-first+1)
	for hour, n := range hours {
		if float64(n) > 2*mean {
			t.Errorf("hour %d has %d, the mean is %.0f", hour, n, mean)
		}
	}
}

func TestTendAt(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		access, refresh time.Duration // 0: none, or does not expire
		from, to        time.Duration // 0: never
	}{
		"as Zendesk's":          {30 * time.Minute, 30 * aDay, 5 * aDay, 10 * aDay},
		"the shortest":          {5 * time.Minute, 7 * aDay, 28 * time.Hour, 56 * time.Hour},
		"no refresh token":      {30 * time.Minute, 0, 0, 0},
		"does not expire":       {0, 0, 18 * time.Hour, aDay},
		"nor does it, but that": {0, 30 * aDay, 18 * time.Hour, aDay},
	} {
		t.Run(name, func(t *testing.T) {
			for id := range 50 {
				p := broker.Pair{Issued: noon}
				if c.access != 0 {
					p.AccessExpires = noon.Add(c.access)
				}
				if c.refresh != 0 {
					p.RefreshExpires = noon.Add(c.refresh)
				}
				got := broker.Connection{ID: broker.ConnectionID(id)}.Next(p, false).TendAt
				if (c.from == 0) != got.IsZero() || c.from != 0 && (got.Before(noon.Add(c.from)) || got.After(noon.Add(c.to))) {
					t.Errorf("connection %d: %v after the pair was issued", id, got.Sub(noon))
				}
			}
		})
	}
}

// A JWT that tells its end, no expires_in: nobody is asked.
func TestExpiryFallsBack(t *testing.T) {
	claims, err := json.Marshal(map[string]any{"exp": 1795352400}) // 2026-11-22T13:00:00Z
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		asked http.HandlerFunc
		want  time.Time
	}{
		"the JWT's exp": {jwt(claims), nil, time.Unix(1795352400, 0).UTC()},
		"tokens/current": {"opaque", func(w http.ResponseWriter, _ *http.Request) {
			at := time.Date(2026, 11, 22, 12, 10, 0, 0, time.UTC)
			reply(w, currentToken(&at))
		}, time.Date(2026, 11, 22, 12, 10, 0, 0, time.UTC)},
		"the policy's default": {"opaque", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, time.Date(2026, 11, 22, 12, 30, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				h.z.edit = func(answer map[string]any) {
					delete(answer, "expires_in")
					answer["access_token"], h.z.access = c.token, c.token
				}
				h.z.serve(zendesk.OAuthTokensCurrentPath, func(w http.ResponseWriter, r *http.Request) {
					if c.asked == nil {
						t.Error("Zendesk was asked")
						return
					}
					c.asked(w, r)
				})
				got := h.connection(h.signIn().ID).AccessExpires
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func jwt(claims []byte) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".c2ln"
}
