package store_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestCountDying(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := storetest.DSN(t, engine)
			db := storetest.Open(t, dsn)
			if err := db.MigrateBroker(t.Context()); err != nil {
				t.Fatal(err)
			}
			fillConnections(t, dsn, 12)
			now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
			days := func(n float64) int64 { return now.Add(time.Duration(n * 24 * float64(time.Hour))).UnixMicro() }
			raw := storetest.Raw(t, dsn)
			for id, ends := range map[int]int64{
				1: days(-1), 2: days(0), 3: days(0.5), 4: days(1), 5: days(2), 6: days(6.9), 7: days(7.1),
				8:  days(5),                                            // in doubt: another gauge says that
				9:  0,                                                  // it does not end
				10: days(29), 11: days(89), 12: days(200), 13: days(1), // pending
			} {
				if _, err := raw.ExecContext(t.Context(), `UPDATE broker_connections SET refresh_expires_at = $1 WHERE id = $2`, ends, id); err != nil {
					t.Fatal(err)
				}
			}
			var by [len(broker.DyingDays)]time.Time
			for i, n := range broker.DyingDays {
				by[i] = now.Add(time.Duration(n) * 24 * time.Hour)
			}
			got, err := db.Broker().CountDying(t.Context(), by)
			want := [len(broker.DyingDays)]int{2, 4, 5, 6, 7, 8, 8, 9}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestCountCircuitsAndDeliveries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if err := db.MigrateBroker(t.Context()); err != nil {
			t.Fatal(err)
		}
		s := db.Broker()
		counts := func(circuits, deliveries int) {
			t.Helper()
			c, err := s.CountCircuits(t.Context())
			if err != nil || c != circuits {
				t.Errorf("%d circuits, %v; want %d", c, err, circuits)
			}
			d, err := s.CountDeliveriesPending(t.Context())
			if err != nil || d != deliveries {
				t.Errorf("%d deliveries, %v; want %d", d, err, deliveries)
			}
		}
		counts(0, 0)
		clients, err := s.MakeClients(t.Context(), []broker.Client{{Product: broker.Support, Identifier: "app"}})
		if err != nil {
			t.Fatal(err)
		}
		open := broker.Circuit{Client: clients[0].ID, Account: "acme"}.Open(time.Now(), broker.CredentialsWrong)
		if err := s.OpenCircuit(t.Context(), open, broker.Event{Kind: broker.CircuitOpened}); err != nil {
			t.Fatal(err)
		}
		var last broker.Delivery
		for range 2 {
			if last, err = s.AddDelivery(t.Context(), broker.Delivery{Webhook: 1, State: broker.DeliveryPending}); err != nil {
				t.Fatal(err)
			}
		}
		done := last
		done.State, done.Tries = broker.Delivered, 1
		if err := s.MoveDelivery(t.Context(), done, last); err != nil {
			t.Fatal(err)
		}
		counts(1, 1)
	})
}

// What gauges ask of 100,000 connections reads no row, whose tokens are wide, and is
// cheap enough for every scrape: measured where DESKAUTH_PROVE is 1.
func TestTotalsOfMany(t *testing.T) {
	if os.Getenv("DESKAUTH_PROVE") != "1" {
		t.Skip("DESKAUTH_PROVE is not 1")
	}
	const most = 400 * time.Millisecond // once in half a minute, on a busy machine
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.DSN(t, engine)
			db := storetest.Open(t, dsn)
			if err := db.MigrateBroker(t.Context()); err != nil {
				t.Fatal(err)
			}
			fillConnections(t, dsn, 100_000)
			for _, statement := range []string{
				`UPDATE broker_connections SET refresh_expires_at = id * 30000000`,
				`VACUUM`, // as PostgreSQL does by itself, after a while: its indexes do not suffice before
			} {
				if _, err := storetest.Raw(t, dsn).ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			var by [len(broker.DyingDays)]time.Time
			for i, n := range broker.DyingDays {
				by[i] = time.UnixMicro(0).Add(time.Duration(n) * 24 * time.Hour)
			}
			s := db.Broker()
			var took []time.Duration
			for range 21 {
				begun := time.Now()
				if _, err := s.CountConnections(t.Context(), broker.Filter{}); err != nil {
					t.Fatal(err)
				}
				if _, err := s.CountDying(t.Context(), by); err != nil {
					t.Fatal(err)
				}
				if _, err := s.CountCircuits(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := s.CountDeliveriesPending(t.Context()); err != nil {
					t.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			t.Logf("median %v, worst %v", took[len(took)/2], took[len(took)-1])
			if median := took[len(took)/2]; median > most {
				t.Errorf("a count takes %v, more than %v", median, most)
			}
		})
	}
}
