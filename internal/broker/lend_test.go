package broker_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/telemetry"
)

// BenchmarkToken lends a live token in the process: where it alone serves a SQLite
// file, and by the row, as replicas do. A read of a sync.Map stands beside them.
func BenchmarkToken(b *testing.B) {
	lend := func(b *testing.B, h *house) {
		b.Helper()
		id, ctx := h.signIn().ID, b.Context()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := h.Token(ctx, id, 0); err != nil {
				b.Fatal(err)
			}
		}
	}
	sole := func(b *testing.B) *house {
		b.Helper()
		db := storetest.Open(b, storetest.DSN(b, store.SQLite))
		if err := errors.Join(db.Hold(b.Context(), "broker"), db.MigrateBroker(b.Context())); err != nil {
			b.Fatal(err)
		}
		return newHouse(b, db)
	}
	b.Run("sole", func(b *testing.B) { lend(b, sole(b)) })
	b.Run("sole-counted", func(b *testing.B) {
		h := sole(b)
		h.Broker = h.replicaWith(func(c *broker.Config) { c.Observer = telemetry.NewMetrics(prometheus.NewRegistry()).Observer() })
		lend(b, h)
	})
	b.Run("row-sqlite", func(b *testing.B) {
		lend(b, newHouse(b, storetest.Open(b, storetest.DSN(b, store.SQLite))))
	})
	b.Run("row-postgres", func(b *testing.B) {
		lend(b, newHouse(b, storetest.Open(b, storetest.DSN(b, store.Postgres))))
	})
	b.Run("bare-map", func(b *testing.B) {
		var bare sync.Map
		bare.Store(broker.ConnectionID(1), secret.Of("token"))
		for b.Loop() {
			if _, ok := bare.Load(broker.ConnectionID(1)); !ok {
				b.Fatal("not there")
			}
		}
	})
}

// Whatever is done to a connection in this process, the next caller meets it.
func TestLendingFollowsWhatIsDone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		id := h.signIn().ID
		say := func(what, want string) {
			t.Helper()
			for range 3 { // of the row, and of memory
				if got := h.lent(id); got != want {
					t.Fatalf("%s: lent %q, not %q", what, got, want)
				}
			}
		}
		say("signed in", "access-1")
		h.clock.move(29 * time.Minute)
		say("due by the protocol's time", "access-2")
		if _, err := h.Disable(t.Context(), broker.AtCommand, id); err != nil {
			t.Fatal(err)
		}
		say("disabled", fmt.Sprintf("*broker.Unusable: connection %d is disabled: switched_off", id))
		if _, err := h.Enable(t.Context(), broker.AtCommand, id); err != nil {
			t.Fatal(err)
		}
		say("enabled", "access-2")
		if again := h.signIn().ID; again != id {
			t.Fatalf("signed in again: connection %d, not %d", again, id)
		}
		say("signed in again", "access-3")
		h.z.end()
		g, err := h.Token(t.Context(), id, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.TokenAfter(t.Context(), id, g.Connection.Generation); err != nil {
			t.Fatal(err)
		}
		say("refused and renewed", "access-4")
		if _, err := h.TokenAfter(t.Context(), id, g.Connection.Generation+1); err == nil {
			t.Fatal("refused twice in a row, and lent")
		}
		told, err := h.Events(t.Context(), broker.EventFilter{Connection: id, Kind: broker.AccessRefused, By: broker.Itself}, 0, 10)
		if err != nil || len(told) != 2 || told[0].Detail != fmt.Sprintf("generation %d", g.Connection.Generation) {
			t.Errorf("once for each generation it is said: %+v %v", told, err)
		}
		say("refused twice", fmt.Sprintf("*broker.Unusable: connection %d is reauthorize: access_token_refused", id))
	})
}
