package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// On PostgreSQL an event that one transaction has written and not committed holds back
// those of another: nobody sees a number before each that is below it.
func TestEventsCommitInTheOrderOfTheirNumbers(t *testing.T) {
	dsn := storetest.DSN(t, store.Postgres)
	s, raw := storetest.Open(t, dsn).Broker(), storetest.Raw(t, dsn)
	one, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = one.Rollback() }()
	if _, err := one.ExecContext(t.Context(), store.EventsInOrder, []byte{}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.ExecContext(t.Context(), `INSERT INTO broker_events (at, kind, actor, account, connection_id, pass_id, client_id, detail, words)
		VALUES (0, 'key_made', 'command', '', 0, 0, 0, 'first', 'first')`); err != nil {
		t.Fatal(err)
	}
	other := make(chan error, 1)
	go func() { other <- s.AddEvent(t.Context(), broker.Event{Kind: broker.KeyMade, Detail: "second"}) }()
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		if storetest.Count(t, raw, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1 {
			break
		}
		select {
		case err := <-other:
			t.Fatalf("the other did not wait: %v", err)
		default:
		}
	}
	if all, err := s.Events(t.Context(), broker.EventFilter{}, 0, 10); err != nil || len(all) != 0 {
		t.Fatalf("%v, %v", all, err)
	}
	if err := one.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-other; err != nil {
		t.Fatal(err)
	}
	all, err := s.Events(t.Context(), broker.EventFilter{}, 0, 10)
	if err != nil || len(all) != 2 || all[0].Detail != "first" || all[1].Detail != "second" {
		t.Errorf("%+v, %v", all, err)
	}
}

// Whoever reads on from the last number that was seen sees every event once, however many
// write at the same time, and steps that fail tell nothing.
func TestEventsAreFollowed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, each = 8, 40
		s := db.Broker()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		writing, inside := errgroup.WithContext(ctx)
		for w := range writers {
			writing.Go(func() error {
				for n := range each {
					if err := s.AddEvent(inside, broker.Event{Kind: broker.KeyMade, Detail: fmt.Sprint(w, "/", n)}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		seen, after := map[string]bool{}, broker.EventID(0)
		for len(seen) < writers*each {
			some, err := s.Events(ctx, broker.EventFilter{}, after, 7)
			if err != nil {
				t.Fatalf("%d of %d seen: %v", len(seen), writers*each, err)
			}
			for _, e := range some {
				if after = e.ID; seen[e.Detail] {
					t.Errorf("%s twice", e.Detail)
				}
				seen[e.Detail] = true
			}
		}
		if err := writing.Wait(); err != nil {
			t.Error(err)
		}
	})
}
