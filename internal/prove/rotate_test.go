package prove_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

// Everything is sealed with a new key, and the old one is taken away, while replicas
// lend: no connection is unreadable at any moment. In the full size, 100,000 of them,
// 99 of 100 lendings take at most twice as long as before; and every one is renewed or
// lent afterwards.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			replicas := 1
			if engine == store.Postgres {
				replicas = 2
			}
			w := newWorld(t, layout{engine: engine, people: 2, replicas: replicas})
			ids := w.populate(sized(500, 100_000))
			quiet := w.lendAround(ids)
			<-time.After(time.Duration(sized(1, 10)) * time.Second)
			before := quiet.end()

			busy := w.lendAround(ids)
			out, err := exec.CommandContext(t.Context(), journey.Binary(), "sealing", "rotate", "--drop-old", "--db", w.dsn, "--sealing-keys", w.keys).CombinedOutput()
			during := busy.end()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, failed := range []int64{quiet.failed.Load(), busy.failed.Load()} {
				if failed > 0 {
					t.Errorf("%d lendings failed", failed)
				}
			}
			if proving() && during > 2*before {
				t.Errorf("p99 of lending went from %v to %v", before, during)
			}
			counts, err := w.db.Broker().SealedBy(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range counts {
				if c.Key != counts[0].Key {
					t.Errorf("%d %s are sealed with another key", c.Count, c.Kind)
				}
			}
			w.healed()
			t.Logf("%d connections: %d lendings before, p99 %v; %d during, p99 %v\n%s", len(ids), quiet.count.Load(), before, busy.count.Load(), during, out)
		})
	}
}

// populate stores connections whose tokens nobody takes, sealed with the keys.
func (w *world) populate(n int) []broker.ConnectionID {
	w.t.Helper()
	ring, err := seal.OpenFile(w.keys)
	if err != nil {
		w.t.Fatal(err)
	}
	s, like := w.db.Broker(), w.connection(w.ids[0])
	ids := make([]broker.ConnectionID, n)
	var all sync.WaitGroup
	for part := range 64 { // a commit serves many
		all.Go(func() {
			for i := part; i < n; i += 64 {
				var err error
				if ids[i], err = w.plant(s, ring, like, i); err != nil {
					w.t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if w.t.Failed() {
		w.t.FailNow()
	}
	return ids
}

func (w *world) plant(s broker.Store, ring *seal.Ring, like broker.Connection, i int) (broker.ConnectionID, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	c, err := s.AddPending(w.t.Context(), broker.Connection{
		Account: like.Account, Product: like.Product, Client: like.Client, Grant: oauth.GrantAuthorizationCode, State: broker.Pending, Created: now,
	})
	if err != nil {
		return 0, err
	}
	for column, to := range map[string]*broker.Sealed{"access": &c.Access, "refresh": &c.Refresh} {
		sealed, err := ring.Seal(fmt.Appendf(nil, "%s-of-%d", column, c.ID), fmt.Sprintf("broker_connections/%d/%s", c.ID, column))
		if err != nil {
			return 0, err
		}
		*to = broker.Sealed{Bytes: sealed, Key: ring.KeyID()}
	}
	c.State, c.User, c.Generation = broker.Active, broker.User{ID: 1_000_000_000 + int64(i)}, 1
	c.AccessIssued, c.AccessExpires, c.RefreshExpires = now, now.Add(48*time.Hour), now.Add(90*24*time.Hour)
	return c.ID, s.Adopt(w.t.Context(), c, broker.Event{})
}

// around lends connections at random, at a steady rate, and takes the time.
type around struct {
	over          chan struct{}
	done          sync.WaitGroup
	count, failed atomic.Int64

	mu   sync.Mutex
	took []time.Duration
}

func (w *world) lendAround(ids []broker.ConnectionID) *around {
	a := &around{over: make(chan struct{})}
	for range 4 {
		a.done.Go(func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-a.over:
					return
				case <-tick.C:
				}
				id := ids[rand.IntN(len(ids))]
				r := w.replicas[rand.IntN(len(w.replicas))]
				began := time.Now()
				l, err := w.lend(w.t.Context(), r, id)
				took := time.Since(began)
				if err != nil || l.Status != http.StatusOK || l.AccessToken != fmt.Sprintf("access-of-%d", id) {
					a.failed.Add(1)
					w.t.Logf("connection %d: %d %s %s, %v", id, l.Status, l.State, l.Reason, err)
				}
				a.count.Add(1)
				a.mu.Lock()
				a.took = append(a.took, took)
				a.mu.Unlock()
			}
		})
	}
	return a
}

// end returns what 99 of 100 lendings took at most.
func (a *around) end() time.Duration {
	close(a.over)
	a.done.Wait()
	if len(a.took) == 0 {
		return 0
	}
	slices.Sort(a.took)
	return a.took[len(a.took)*99/100].Round(10 * time.Microsecond)
}
