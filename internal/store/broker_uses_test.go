package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestUsesOfDays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := db.Broker()
		on := func(c broker.ConnectionID, day broker.Day, lent, called int64) broker.DayUses {
			return broker.DayUses{UsesOn: broker.UsesOn{Connection: c, Day: day}, Uses: broker.Uses{Lent: lent, Called: called}}
		}
		if err := errors.Join(
			s.AddUses(t.Context(), []broker.DayUses{on(2, 100, 1, 0), on(1, 101, 1, 5), on(1, 100, 2, 0)}),
			s.AddUses(t.Context(), []broker.DayUses{on(1, 101, 3, 1)}), // of another replica
		); err != nil {
			t.Fatal(err)
		}
		for from, want := range map[broker.Day][]broker.DayUses{
			100: {on(1, 101, 4, 6), on(1, 100, 2, 0)}, 101: {on(1, 101, 4, 6)}, 102: nil,
		} {
			got, err := s.UsesSince(t.Context(), 1, from)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("since %d: %v (-want +got):\n%s", from, err, diff)
			}
		}
		if n, err := s.PruneUses(t.Context(), 101, 10); err != nil || n != 2 {
			t.Errorf("%d went: %v", n, err)
		}
		if got, err := s.UsesSince(t.Context(), 1, 0); err != nil || len(got) != 1 {
			t.Errorf("and left %v %v", got, err)
		}
	})
}
