package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

var brokerNow = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

// eachBroker runs f on both engines with a client in place.
func eachBroker(t *testing.T, f func(t *testing.T, s broker.Store, c broker.Client)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := db.Broker()
		f(t, s, newClient(t, s))
	})
}

// newClient is a global client, without secrets.
func newClient(t testing.TB, s broker.Store) broker.Client {
	t.Helper()
	made, err := s.MakeClients(t.Context(), []broker.Client{{Product: broker.Support, Identifier: "app", ChosenAt: brokerNow}})
	if err != nil {
		t.Fatal(err)
	}
	return made[0]
}

func newFlow(c broker.Client, state string) broker.Flow {
	return broker.Flow{
		State: secret.Of(state).Digest(), Binding: secret.Of("browser").Digest(), Client: c.ID,
		Account: "acme", Product: broker.Support, RedirectURI: "https://app.example/cb",
		Scope: oauth.Scope{"read", "tickets:write"}, Verifier: broker.Sealed{Bytes: []byte{1, 0, 2}, Key: 1<<32 - 1},
		ReturnTo: "/back", Created: brokerNow, Expires: brokerNow.Add(10 * time.Minute),
	}
}

// newPending is a connection whose code is about to be exchanged, and its flow.
func newPending(t testing.TB, s broker.Store, c broker.Client, state string) (broker.Connection, broker.Flow) {
	t.Helper()
	if err := s.AddFlow(t.Context(), newFlow(c, state)); err != nil {
		t.Fatal(err)
	}
	f, err := s.Flow(t.Context(), secret.Of(state).Digest())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.RedeemFlow(t.Context(), f.ID, broker.Connection{
		Account: f.Account, Product: f.Product, Client: c.ID, Grant: oauth.GrantAuthorizationCode,
		State: broker.Pending, Asked: f.Scope, Created: brokerNow,
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn, f
}

// withTokens is the connection's next generation.
func withTokens(c broker.Connection) broker.Connection {
	c = c.Next(broker.Pair{
		Scope: oauth.Scope{"read"}, Issued: brokerNow,
		AccessExpires: brokerNow.Add(time.Hour), RefreshExpires: brokerNow.Add(24 * time.Hour),
	}, false)
	c.Access = broker.Sealed{Bytes: fmt.Appendf(nil, "access %d", c.Generation), Key: 5}
	c.Refresh = broker.Sealed{Bytes: fmt.Appendf(nil, "refresh %d", c.Generation), Key: 5}
	return c
}

// newActive is a connection in use.
func newActive(t testing.TB, s broker.Store, c broker.Client, user int64) broker.Connection {
	t.Helper()
	conn, _ := newPending(t, s, c, fmt.Sprint("state of ", user))
	conn = withTokens(conn)
	if err := s.KeepTokens(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	conn.State, conn.User = broker.Active, broker.User{ID: user, Name: "Ada", Email: "ada@acme.example", Role: "admin"}
	if err := s.SettleConnection(t.Context(), conn, broker.Event{At: brokerNow, Kind: broker.ConnectionMade}); err != nil {
		t.Fatal(err)
	}
	return conn
}

func sameConnection(t *testing.T, s broker.Store, want broker.Connection) {
	t.Helper()
	got, err := s.Connection(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("stored (-want +got):\n" + diff)
	}
}

// race runs f many times at once and counts who won; all others must have lost to
// ErrConflict.
func race(t *testing.T, n int, f func(i int) error) (won int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, broker.ErrConflict):
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	return won
}

func TestBrokerRows(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		conn, flow := newPending(t, s, c, "state")
		want := newFlow(c, "state")
		want.ID, want.Spent, want.Connection = flow.ID, brokerNow, conn.ID
		got, err := s.FlowByID(t.Context(), flow.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("flow (-want +got):\n" + diff)
		}
		sameConnection(t, s, conn)
		conn = withTokens(conn)
		if err := s.KeepTokens(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		sameConnection(t, s, conn)
	})
}

func TestBrokerNotFound(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, _ broker.Client) {
		ctx := t.Context()
		for name, err := range map[string]error{
			"client":        second(s.Client(ctx, 99)),
			"client named":  second(s.ClientNamed(ctx, "acme", broker.Support, "app")),
			"client for":    second(s.ClientFor(ctx, "acme", broker.Chat)),
			"flow":          second(s.Flow(ctx, secret.Of("?").Digest())),
			"flow by id":    second(s.FlowByID(ctx, 99)),
			"connection":    second(s.Connection(ctx, 99)),
			"connection of": second(s.ConnectionOf(ctx, broker.Connection{User: broker.User{ID: 1}})),
		} {
			if !errors.Is(err, broker.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func second[V any](_ V, err error) error { return err }

func TestFlowIsSpentOnce(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		if err := s.AddFlow(t.Context(), newFlow(c, "state")); err != nil {
			t.Fatal(err)
		}
		f, err := s.Flow(t.Context(), secret.Of("state").Digest())
		if err != nil {
			t.Fatal(err)
		}
		won := race(t, 32, func(i int) error {
			if i%4 == 0 {
				return s.SpendFlow(t.Context(), f.ID, brokerNow, broker.Denied, broker.Event{})
			}
			return second(s.RedeemFlow(t.Context(), f.ID, broker.Connection{
				Account: "acme", Product: broker.Support, Client: c.ID, State: broker.Pending, Created: brokerNow,
			}))
		})
		if won != 1 {
			t.Errorf("%d of 32 spent it", won)
		}
	})
}

func TestClaimHasOneWinner(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		conn := newActive(t, s, c, 7)
		for round := range 5 {
			won := race(t, 32, func(i int) error {
				return second(s.Claim(t.Context(), conn, fmt.Sprintf("%d-%d", round, i)))
			})
			if won != 1 {
				t.Fatalf("%d of 32 have the claim", won)
			}
			// The next round takes it over from the one who won.
			var err error
			if conn, err = s.Connection(t.Context(), conn.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRenewHasOneWinner(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		conn := newActive(t, s, c, 7)
		claimed, err := s.Claim(t.Context(), conn, "owner")
		if err != nil {
			t.Fatal(err)
		}
		attempts := make([]broker.Attempt, 16)
		for i := range attempts {
			attempts[i], err = s.OpenAttempt(t.Context(), broker.Attempt{
				Connection: conn.ID, Generation: 1, Owner: "owner", SentAt: brokerNow, Outcome: broker.Open,
			})
			if err != nil || attempts[i].Number != i+1 {
				t.Fatalf("attempt %d: %+v, %v", i, attempts[i], err)
			}
		}
		next := withTokens(claimed)
		won := race(t, len(attempts), func(i int) error {
			a := attempts[i]
			a.Outcome, a.ClosedAt = broker.Answered, brokerNow
			return s.Renew(t.Context(), next, a)
		})
		if won != 1 {
			t.Errorf("%d of %d renewed", won, len(attempts))
		}
		// The counter moved with each attempt, and is nobody's now.
		next.Claim.Counter = claimed.Claim.Counter + int64(len(attempts))
		sameConnection(t, s, next)
		all, err := s.Attempts(t.Context(), conn.ID, 1)
		if err != nil {
			t.Fatal(err)
		}
		answered := 0
		for _, a := range all {
			if a.Outcome == broker.Answered {
				answered++
			}
		}
		if answered != 1 {
			t.Errorf("%d attempts are answered: the losers' steps were not undone", answered)
		}
	})
}

func TestAttemptNeedsTheClaim(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		conn := newActive(t, s, c, 7)
		if _, err := s.Claim(t.Context(), conn, "owner"); err != nil {
			t.Fatal(err)
		}
		for name, a := range map[string]broker.Attempt{
			"another's claim":    {Connection: conn.ID, Generation: 1, Owner: "sleeper", Outcome: broker.Open},
			"another generation": {Connection: conn.ID, Generation: 0, Owner: "owner", Outcome: broker.Open},
			"nobody's":           {Connection: conn.ID, Generation: 1, Outcome: broker.Open},
		} {
			if _, err := s.OpenAttempt(t.Context(), a); !errors.Is(err, broker.ErrConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := s.HoldClaim(t.Context(), conn.ID, "sleeper"); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("another held the claim: %v", err)
		}
	})
}

func TestUserHasOneConnection(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		const n = 12
		var pending [n]broker.Connection
		for i := range pending {
			conn, _ := newPending(t, s, c, fmt.Sprint("state ", i))
			pending[i] = withTokens(conn)
			if err := s.KeepTokens(t.Context(), pending[i]); err != nil {
				t.Fatal(err)
			}
			pending[i].State, pending[i].User = broker.Active, broker.User{ID: 7}
		}
		won := race(t, n, func(i int) error { return s.SettleConnection(t.Context(), pending[i], broker.Event{}) })
		if won != 1 {
			t.Errorf("%d connections of one user", won)
		}
		if _, err := s.ConnectionOf(t.Context(), pending[0]); err != nil {
			t.Error(err)
		}
	})
}

func TestMergeIsWhole(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		old := newActive(t, s, c, 7)
		pending, flow := newPending(t, s, c, "again")
		pending = withTokens(pending)
		if err := s.KeepTokens(t.Context(), pending); err != nil {
			t.Fatal(err)
		}
		next := withTokens(old)
		stale := next
		stale.Generation++
		if err := s.MergeConnection(t.Context(), stale, broker.Connection{ID: pending.ID}, flow.ID, broker.Event{}); !errors.Is(err, broker.ErrConflict) {
			t.Fatalf("merged into a generation that is not there: %v", err)
		}
		sameConnection(t, s, pending) // its removal was undone
		if err := s.MergeConnection(t.Context(), next, broker.Connection{ID: pending.ID}, flow.ID, broker.Event{At: brokerNow, Kind: broker.Reconnected}); err != nil {
			t.Fatal(err)
		}
		sameConnection(t, s, next)
		if _, err := s.Connection(t.Context(), pending.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("the pending one: %v", err)
		}
		if f, err := s.FlowByID(t.Context(), flow.ID); err != nil || f.Connection != old.ID {
			t.Errorf("the flow leads to %d, %v", f.Connection, err)
		}
	})
}

// Whoever signs in again while the connection is being disabled (or enabled) must
// decide again.
func TestMergeLeavesWhatAPersonDecided(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		old := newActive(t, s, c, 7)
		pending, flow := newPending(t, s, c, "again")
		pending = withTokens(pending)
		if err := s.KeepTokens(t.Context(), pending); err != nil {
			t.Fatal(err)
		}
		disabled := old
		disabled.State = broker.Disabled
		if err := s.Condemn(t.Context(), disabled, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		if err := s.MergeConnection(t.Context(), withTokens(old), broker.Connection{ID: pending.ID}, flow.ID, broker.Event{}); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("merged what was disabled meanwhile: %v", err)
		}
		sameConnection(t, s, disabled)
		sameConnection(t, s, pending)
		next := withTokens(disabled)
		if err := s.MergeConnection(t.Context(), next, broker.Connection{ID: pending.ID}, flow.ID, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		sameConnection(t, s, next)

		active := newActive(t, s, c, 8)
		pending, flow = newPending(t, s, c, "once more")
		if err := s.KeepTokens(t.Context(), withTokens(pending)); err != nil {
			t.Fatal(err)
		}
		stale := withTokens(active)
		stale.State = broker.Disabled
		if err := s.MergeConnection(t.Context(), stale, broker.Connection{ID: pending.ID}, flow.ID, broker.Event{}); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("merged what was enabled meanwhile: %v", err)
		}
	})
}

func TestCondemnLeavesWhatAPersonDecided(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		conn := newActive(t, s, c, 7)
		for _, state := range []broker.State{broker.Reauthorize, broker.InDoubt, broker.Disabled} {
			conn.State, conn.Reason = state, broker.AnswerLost
			if err := s.Condemn(t.Context(), conn, broker.Event{At: brokerNow, Kind: broker.StateChanged}); err != nil {
				t.Fatal(err)
			}
			sameConnection(t, s, conn)
		}
		conn.State = broker.InDoubt
		if err := s.Condemn(t.Context(), conn, broker.Event{}); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("a disabled one was condemned: %v", err)
		}
	})
}

func TestCanaryIsKept(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, _ broker.Client) {
		for _, in := range []string{"first", "second"} {
			kept, err := s.KeepCanary(t.Context(), []byte(in))
			if err != nil || string(kept) != "first" {
				t.Errorf("kept %q, %v", kept, err)
			}
		}
	})
}

func TestZendeskIsKeptWhileThereAreConnections(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		if kept, err := s.Zendesk(t.Context()); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("a database that nobody noted it in: %q, %v", kept, err)
		}
		keep := func(template, want string) {
			t.Helper()
			if kept, err := s.KeepZendesk(t.Context(), template); err != nil || kept != want {
				t.Errorf("kept %q, %v, want %q", kept, err, want)
			}
			if kept, err := s.Zendesk(t.Context()); err != nil || kept != want {
				t.Errorf("read %q, %v, want %q", kept, err, want)
			}
		}
		keep("first", "first")
		keep("second", "second") // there is no connection yet
		newActive(t, s, c, 7)
		keep("third", "second")
		if err := s.MoveZendesk(t.Context(), "fourth"); err != nil {
			t.Fatal(err)
		}
		keep("fifth", "fourth")
	})
}

func TestUsedNeverGoesBack(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		conn := newActive(t, s, c, 7)
		for _, at := range []time.Duration{time.Minute, time.Second} {
			if err := s.Used(context.WithoutCancel(t.Context()), map[broker.ConnectionID]time.Time{conn.ID: brokerNow.Add(at)}); err != nil {
				t.Fatal(err)
			}
		}
		conn.LastUsedAt = brokerNow.Add(time.Minute)
		sameConnection(t, s, conn)
	})
}

// Whoever reaches the pages makes rows: those of sign-ins that came to nothing go.
func TestPruneTakesWhatCameToNothing(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		const n = 7
		for i := range n {
			state := fmt.Sprint("state ", i)
			if err := s.AddFlow(ctx, newFlow(c, state)); err != nil {
				t.Fatal(err)
			}
			f, err := s.Flow(ctx, secret.Of(state).Digest())
			if err != nil {
				t.Fatal(err)
			}
			failed := broker.Event{At: brokerNow, Kind: broker.SignInFailed, Account: "acme", Client: c.ID}
			if err := s.SpendFlow(ctx, f.ID, brokerNow, broker.Denied, failed); err != nil {
				t.Fatal(err)
			}
		}
		newPending(t, s, c, "redeemed") // a flow, and a connection without tokens
		conn := newActive(t, s, c, 7)   // a flow, and an event that stays

		for _, round := range []struct {
			before time.Duration
			want   int
		}{
			{0, 0},
			{time.Microsecond, 3 + 1}, // events of failures; the connection without tokens
			{time.Microsecond, 3},
			{time.Hour, 3 + 1}, // flows; the last of the events
			{time.Hour, 3},
			{time.Hour, 3},
			{time.Hour, 0},
		} {
			if got, err := s.Prune(ctx, brokerNow.Add(round.before), 3); err != nil || got != round.want {
				t.Fatalf("before %v: %d went, %v; want %d", round.before, got, err, round.want)
			}
		}
		sameConnection(t, s, conn)

		for _, round := range []struct {
			before time.Duration
			want   int
		}{{0, 0}, {time.Microsecond, 1}, {time.Microsecond, 0}} {
			if got, err := s.PruneEvents(ctx, brokerNow.Add(round.before), 3); err != nil || got != round.want {
				t.Errorf("before %v: %d events went, %v; want %d", round.before, got, err, round.want)
			}
		}
	})
}

func TestAbandonedHaveTokensAndNobody(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		newPending(t, s, c, "without tokens")
		newActive(t, s, c, 7)
		var want []broker.Connection
		for i := range 3 {
			conn, _ := newPending(t, s, c, fmt.Sprint("nobody ", i))
			conn = withTokens(conn)
			if err := s.KeepTokens(ctx, conn); err != nil {
				t.Fatal(err)
			}
			want = append(want, conn)
		}
		if early, err := s.Abandoned(ctx, brokerNow, 10); err != nil || len(early) != 0 {
			t.Errorf("%d too early, %v", len(early), err)
		}
		got, err := s.Abandoned(ctx, brokerNow.Add(time.Microsecond), 2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[:2], got); diff != "" {
			t.Error(diff)
		}

		// Its person comes back at the same moment: one of the two has it.
		settled := want[0]
		settled.State, settled.User = broker.Active, broker.User{ID: 8}
		won := race(t, 8, func(i int) error {
			if i == 0 {
				return s.SettleConnection(ctx, settled, broker.Event{})
			}
			return s.DropPending(ctx, want[0], broker.Event{})
		})
		if won != 1 {
			t.Errorf("%d had it", won)
		}
		if err := s.DropPending(ctx, want[1], broker.Event{At: brokerNow, Kind: broker.SignInFailed}); err != nil {
			t.Error(err)
		}
		if _, err := s.Connection(ctx, want[1].ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("dropped and there: %v", err)
		}
	})
}
