package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestClockIsOneRow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := db.Control()
		if c, err := s.Clock(t.Context()); err != nil || c != (control.Clock{}) {
			t.Fatalf("never set: %+v, %v", c, err)
		}
		first := control.Clock{Version: 1, Base: plantedAt, Set: plantedAt.Add(time.Hour), Rate: 60 * control.RealTime}
		if err := s.SwapClock(t.Context(), control.Clock{}, first); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Clock(t.Context()); err != nil || c != first {
			t.Errorf("read back %+v, %v; want %+v", c, err, first)
		}
		// Both who never saw a row and who saw an older one are refused.
		reset := first.Reset()
		if err := s.SwapClock(t.Context(), control.Clock{}, first); !errors.Is(err, control.ErrConflict) {
			t.Errorf("a second first: %v", err)
		}
		if err := s.SwapClock(t.Context(), first, reset); err != nil {
			t.Fatal(err)
		}
		if err := s.SwapClock(t.Context(), first, reset); !errors.Is(err, control.ErrConflict) {
			t.Errorf("a change of an older clock: %v", err)
		}
		if c, err := s.Clock(t.Context()); err != nil || c != reset || !c.Own() {
			t.Errorf("reset: %+v, %v", c, err)
		}
	})
}

func TestClockChangesOnceForEachWhoChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const many, often = 4, 5
		var wg sync.WaitGroup
		var refused atomic.Int64
		for range many {
			k, err := control.NewTimekeeper(t.Context(), db.Control())
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				for range often {
					_, err := k.Change(t.Context(), func(c control.Clock, machine time.Time) (control.Clock, error) {
						return c.Run(machine, 0).Advance(machine, time.Hour)
					})
					if err != nil {
						refused.Add(1)
					}
				}
			})
		}
		start := time.Now()
		wg.Wait()
		k, err := control.NewTimekeeper(t.Context(), db.Control())
		if err != nil {
			t.Fatal(err)
		}
		want := (many*often - time.Duration(refused.Load())) * time.Hour
		if passed := k.Now().Sub(start); passed < want-time.Minute || passed > want+time.Minute {
			t.Errorf("%v passed, want %v (%d refused)", passed, want, refused.Load())
		}
	})
}
