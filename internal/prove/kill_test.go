package prove_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// A replica is killed at random moments of the renewal of all its connections.
// Afterwards each works, or stands in doubt where an answer of the issuer's was lost
// with the process, and its person heals it.
func TestReplicaKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, layout{engine: engine, people: sized(4, 8), replicas: 1})
			// They make the steps long enough to be killed in.
			w.disturb(
				control.Fault{Kind: control.Latency, Probability: 0.3, Delay: control.Duration(50 * time.Millisecond)},
				control.Fault{Kind: control.SlowBody, Probability: 0.3, Delay: control.Duration(100 * time.Millisecond)},
			)
			steps := map[string]int{}
			healed := 0
			for range sized(1, 50) {
				healed += w.killOnce(steps)
			}
			w.calm()
			w.healed()
			w.allActive()
			t.Logf("%d kills; where they met the connections: %v; %d in doubt, and healed by their person", sized(1, 50), steps, healed)
		})
	}
}

// killOnce makes every connection due, kills the replica in the midst of it, looks
// where each stands, and starts it again. It returns how many had to be healed.
func (w *world) killOnce(steps map[string]int) (healed int) {
	w.t.Helper()
	w.steer("POST", "/clock/advance", map[string]any{"by": "26m"})
	before := map[broker.ConnectionID]broker.Connection{}
	for _, id := range w.ids {
		before[id] = w.connection(id)
	}
	rotations := w.rotations()
	r := w.replicas[0]
	w.followed(r)
	var asked sync.WaitGroup
	for _, id := range w.ids {
		asked.Go(func() { _, _ = w.lend(context.WithoutCancel(w.t.Context()), r, id) }) // it is cut off
	}
	<-time.After(time.Duration(rand.Int64N(int64(150 * time.Millisecond))))
	r.Kill()
	asked.Wait()
	<-time.After(150 * time.Millisecond) // what the issuer was at is in its journal by now
	now := w.rotations()
	for _, id := range w.ids {
		steps[w.step(before[id], now[id]-rotations[id])]++
	}
	r.Restart()
	var each sync.WaitGroup
	var all atomic.Int64
	for _, id := range w.ids {
		each.Go(func() { all.Add(int64(w.healOrWork(id))) })
	}
	each.Wait()
	return int(all.Load())
}

// followed waits until a replica keeps the time that the clock was set to.
func (w *world) followed(r *replica) {
	w.t.Helper()
	<-time.After(700 * time.Millisecond) // it asks twice a second
}

// rotations are how often each connection's tokens were replaced at the issuer.
func (w *world) rotations() map[broker.ConnectionID]int {
	n := map[broker.ConnectionID]int{}
	for user, entries := range w.journal.of(rotated) {
		n[w.users[user]] = len(entries)
	}
	return n
}

// step names where a connection was when its replica was killed.
func (w *world) step(before broker.Connection, rotations int) string {
	w.t.Helper()
	c := w.connection(before.ID)
	attempts, err := w.db.Broker().Attempts(w.t.Context(), c.ID, before.Generation)
	if err != nil {
		w.t.Fatal(err)
	}
	open := false
	for _, a := range attempts {
		open = open || a.Outcome == broker.Open
	}
	switch {
	case c.Generation > before.Generation:
		return "renewed"
	case rotations > 0:
		return "replaced at the issuer, not stored"
	case open:
		return "attempt written down"
	case c.Claim.Owner != "":
		return "claimed"
	}
	return "untouched"
}

// healOrWork looks at a connection after the kill: it lends a token that works, or
// says that it is in doubt where the issuer did replace its tokens.
func (w *world) healOrWork(id broker.ConnectionID) int {
	w.t.Helper()
	for late := time.Now().Add(time.Minute); ; {
		l, err := w.lend(w.t.Context(), w.replicas[0], id)
		switch {
		case err != nil:
			w.t.Error(err)
			return 0
		case l.Status == 200:
			if alive, err := w.alive(w.t.Context(), l.AccessToken); !alive || err != nil {
				w.t.Errorf("connection %d lends a dead token: %v", id, err)
			}
			return 0
		case l.Status == 409:
			if l.State != string(broker.InDoubt) || !w.pairLost(id) {
				w.t.Errorf("connection %d is %s (%s), and no pair of it was lost", id, l.State, l.Reason)
			}
			w.signIn(w.people[id])
			w.signedIn.note(w.connection(id))
			return 1
		case time.Now().After(late):
			w.t.Errorf("connection %d is told to wait for good: %s", id, l.Reason)
			return 0
		}
		<-time.After(20 * time.Millisecond)
	}
}

// signIns are the generations of connections whose people signed in again.
type signIns struct {
	mu sync.Mutex
	at map[broker.ConnectionID]int64
}

func (s *signIns) note(c broker.Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[broker.ConnectionID]int64{}
	}
	s.at[c.ID] = c.Generation
}

// of is the generation that came of the last sign-in; the first is 1.
func (s *signIns) of(id broker.ConnectionID) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.at[id], 1)
}

// pairLost tells whether the issuer has a later pair than the broker, by its own rows:
// its journal is not told of what a caller began who left, as one that is killed does.
func (w *world) pairLost(id broker.ConnectionID) bool {
	w.t.Helper()
	c := w.connection(id)
	made := storetest.Count(w.t, storetest.Raw(w.t, w.issuerDSN), `
		SELECT generation FROM issuer_tokens WHERE user_id = $1 AND refresh_digest IS NOT NULL ORDER BY id DESC LIMIT 1`, c.User.ID)
	return int64(made)-1 > c.Generation-w.signedIn.of(id)
}

// A replica is stopped in the midst of renewals, for longer than its claims are
// believed. Another waits for it, condemns nothing, and the stopped one's answer
// counts when it goes on.
func TestFrozenReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t, layout{engine: store.Postgres, people: 3, replicas: 2})
	frozen, other := w.replicas[0], w.replicas[1]
	w.steer("POST", "/clock/advance", map[string]any{"by": "26m"})
	w.followed(frozen)
	w.disturb(control.Fault{Kind: control.Latency, Delay: control.Duration(time.Second), Count: len(w.ids)})
	var all sync.WaitGroup
	ask := func(r *replica) {
		for _, id := range w.ids {
			all.Go(func() {
				// What the other says while the answer is awaited may be a wait.
				if l, err := w.lend(w.t.Context(), r, id); err != nil || l.Status == 409 && !proving() {
					t.Errorf("connection %d: %d %s %s, %v", id, l.Status, l.State, l.Reason, err)
				}
			})
		}
	}
	ask(frozen)
	for w.attempts(broker.Open) < len(w.ids) { // it has sent them
		<-time.After(5 * time.Millisecond)
	}
	stopProcess(t, frozen)
	ask(other)
	<-time.After(time.Duration(sized(8, 60)) * time.Second)
	resumeProcess(t, frozen)
	all.Wait()
	w.healed()
	w.allActive()
	w.oneEach()
	t.Logf("%d connections, stopped for %d s: %d refreshes, %d attempts by the other", len(w.ids), sized(8, 60), w.journal.count(rotated), w.journal.count(replayed))
}

// attempts counts those with an outcome.
func (w *world) attempts(o broker.Outcome) (n int) {
	w.t.Helper()
	for _, id := range w.ids {
		all, err := w.db.Broker().Attempts(w.t.Context(), id, w.connection(id).Generation)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, a := range all {
			if a.Outcome == o {
				n++
			}
		}
	}
	return n
}

// A replica whose clock is ten minutes ahead renews early, and that is all.
func TestReplicaAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, layout{engine: store.Postgres, people: sized(4, 20), replicas: 2})
	w.replicas[1].Kill()
	w.replicas[1] = w.replica(freePort(t), w.clockAhead(10*time.Minute), w.town.BrokerSecret)
	w.rate(fast)
	// Where the one ahead renewed, the other believes the tokens ten minutes too long.
	c := w.callers(sized(12, 100), true)
	w.await(sized(4, 20))
	c.end()
	w.rate(1)
	w.healed()
	w.allActive()
	for user, id := range w.users {
		if got := w.connection(id); int64(len(w.journal.of(rotated)[user])) != got.Generation-1 {
			t.Errorf("connection %d has generation %d after %d refreshes", id, got.Generation, len(w.journal.of(rotated)[user]))
		}
	}
	if n := w.journal.count(replayed); n != 0 || c.deadTwice.Load() != 0 || c.unusable.Load() != 0 {
		t.Errorf("%d refresh tokens were sent twice; %v", n, c)
	}
	t.Logf("%d refreshes; %v", w.journal.count(rotated), c)
}
