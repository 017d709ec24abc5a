package prove_test

import (
	"context"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
)

const (
	rotated  = control.Event(issuer.RefreshRotated)
	replayed = control.Event(issuer.RefreshReplayed)
)

// leastApart is less than what lies between two renewals of a connection that needs
// no more: a token of 30 minutes is renewed when 5 are left, or up to 30 seconds
// before. It counts from when the broker asked for it, and the journal from when the
// issuer made it: on a busy machine that is up to a second later, ten minutes of a fast
// clock. A renewal that nobody needed comes at once.
const leastApart = 15 * time.Minute

// fast is how fast the issuer's clock runs: half an hour is three seconds.
const fast = 600

// Callers on three replicas, many expiries, an issuer with 5 % faults before commit:
// one successful refresh for each expiry, no connection lost, and nobody gets a dead
// token twice in a row.
func TestOneRefreshPerExpiry(t *testing.T) {
	t.Parallel()
	expiries := sized(4, 20)
	w := newWorld(t, layout{engine: store.Postgres, people: sized(6, 50), replicas: 3})
	w.disturb(beforeCommit(0.05)...)
	w.rate(fast)
	c := w.callers(sized(24, 200))
	w.await(expiries)
	c.end()
	w.calm()
	w.rate(1)
	w.healed()
	w.allActive()
	w.oneEach()
	if n := c.deadTwice.Load(); n != 0 {
		t.Errorf("%d callers got a dead token twice in a row", n)
	}
	if n := c.unusable.Load() + c.failed.Load(); n != 0 || w.journal.count(replayed) != 0 {
		t.Errorf("%d calls were refused or failed, %d refresh tokens were sent twice", n, w.journal.count(replayed))
	}
	t.Logf("%d connections, %d expiries or more each: %d refreshes, %d requests disturbed; %v",
		len(w.ids), expiries, w.journal.count(rotated), w.journal.count(control.FaultFired), c)
}

// await returns when each connection was renewed so often, or is not active.
func (w *world) await(renewals int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 15*time.Minute)
	defer cancel()
	for {
		behind := 0
		for _, id := range w.ids {
			if c := w.connection(id); c.State == broker.Active && c.Generation <= int64(renewals) {
				behind++
			}
		}
		if behind == 0 {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			w.t.Fatalf("%d connections are behind", behind)
		}
	}
}

// oneEach holds what is stored against the issuer's journal: a successful refresh for
// each generation, and none before it was needed.
func (w *world) oneEach() {
	w.t.Helper()
	all := w.journal.of(rotated)
	for user, id := range w.users {
		c := w.connection(id)
		if int64(len(all[user])) != c.Generation-1 {
			w.t.Errorf("connection %d has generation %d after %d refreshes", id, c.Generation, len(all[user]))
		}
		for i := 1; i < len(all[user]); i++ {
			if apart := all[user][i].Now.Sub(all[user][i-1].Now); apart < leastApart {
				w.t.Errorf("connection %d was renewed again after %v", id, apart)
			}
		}
	}
}

// Of the answers to refreshes some are dropped after commit: exactly those
// connections are in doubt, and no other.
func TestLostAnswersAreNamed(t *testing.T) {
	t.Parallel()
	expiries := sized(3, 20)
	w := newWorld(t, layout{engine: store.Postgres, people: sized(8, 50), replicas: 3})
	drop := control.Fault{Kind: control.DropAfterCommit, Probability: 0.01}
	if !proving() { // too few refreshes for one in a hundred
		drop.Probability, drop.Count = 0.2, 3
	}
	w.disturb(append(beforeCommit(0.05), drop)...)
	w.rate(fast)
	c := w.callers(sized(16, 200))
	w.await(expiries)
	c.end()
	w.calm()
	w.rate(1)
	w.settle()
	lost := w.answersLost()
	for _, id := range w.ids {
		got := w.connection(id)
		want, reason := broker.Active, broker.NoReason
		if lost[id] {
			want, reason = broker.InDoubt, broker.AnswerLost
		}
		if got.State != want || lost[id] && got.Reason != reason {
			t.Errorf("connection %d is %s (%s), want %s", id, got.State, got.Reason, want)
		}
	}
	if len(lost) == 0 {
		t.Error("no answer was lost: nothing was shown")
	}
	if n := c.deadTwice.Load(); n != 0 {
		t.Errorf("%d callers got a dead token twice in a row", n)
	}
	t.Logf("%d connections: %d refreshes, the answers of %d connections lost and named; %v", len(w.ids), w.journal.count(rotated), len(lost), c)
}

// answersLost are the connections of which an answer was dropped that had a new pair:
// a request that was disturbed in another way before brought none.
func (w *world) answersLost() map[broker.ConnectionID]bool {
	committed := map[string]bool{} // by request
	for _, entries := range w.journal.of(rotated) {
		for _, e := range entries {
			committed[e.RequestID] = true
		}
	}
	lost := map[broker.ConnectionID]bool{}
	for user, fired := range w.journal.of(control.FaultFired) {
		for _, e := range fired {
			if e.Kind == control.DropAfterCommit && committed[e.RequestID] {
				lost[w.users[user]] = true
			}
		}
	}
	return lost
}

// settle lends each connection once: what is the matter with it is known then.
func (w *world) settle() {
	w.t.Helper()
	w.steer("POST", "/clock/advance", map[string]any{"by": "26m"})
	<-time.After(time.Second) // until the replicas have asked for the time again
	for _, id := range w.ids {
		if _, err := w.lend(w.t.Context(), w.replicas[0], id); err != nil {
			w.t.Error(err)
		}
	}
}
