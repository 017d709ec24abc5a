package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
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

// grown is a database with rows of several tables, one with bytes and one with a
// hole in its numbers.
func grown(t *testing.T, db *store.DB) issuer.Plot {
	t.Helper()
	acme := plant(t, db, "acme")
	if _, err := db.Desk().PlantTickets(t.Context(), desk.AccountID(acme.Account.ID), []desk.Opening{
		desk.NewTicket(plantedAt, desk.UserID(acme.Users[0].ID), "One", "Ein \"Wort\" <mehr> ü"),
	}); err != nil {
		t.Fatal(err)
	}
	group, err := db.Desk().AddGroup(t.Context(), desk.Group{Account: desk.AccountID(acme.Account.ID), Name: "Level 2", Version: 1, Created: plantedAt, Updated: plantedAt})
	if err != nil {
		t.Fatal(err)
	}
	one, err := db.Desk().Ticket(t.Context(), group.Account, 1)
	if err != nil {
		t.Fatal(err)
	}
	grouped := one // a row that names one of a newer table
	field, err := db.Desk().AddField(t.Context(), desk.Field{
		Account: group.Account, Version: 1, Kind: desk.FieldTagger, Title: "Pie", Options: []desk.Option{{ID: 1, Name: "Apple \"pie\"", Value: "apple"}},
		Created: plantedAt, Updated: plantedAt,
	})
	if err != nil {
		t.Fatal(err)
	}
	grouped.Custom = map[desk.FieldID]string{field.ID: "apple"}
	if _, err := db.Desk().AddMembership(t.Context(), desk.Membership{
		Account: group.Account, User: desk.UserID(acme.Users[0].ID), Group: group.ID, Created: plantedAt, Updated: plantedAt,
	}); err != nil {
		t.Fatal(err)
	}
	grouped.Group, grouped.Version = group.ID, one.Version+1
	if _, err := db.Desk().ChangeTicket(t.Context(), one, grouped, desk.Audit{Author: one.Requester, Created: plantedAt}, nil); err != nil {
		t.Fatal(err)
	}
	token := issuer.Token{
		Account: acme.Account.ID, Product: issuer.Support, Client: acme.Clients[0].ID, User: acme.Users[0].ID,
		Family: 1<<53 - 1, Generation: 1, Access: secret.Of("access").Digest(), Created: plantedAt,
	}
	if _, err := db.Issuer().AddToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	pictured := acme.Clients[0]
	pictured.Identifier, pictured.Secrets, pictured.Logo = "pictured", nil, aLogo
	if _, err := db.Issuer().AddClient(t.Context(), pictured, eventOf(acme.Account.ID, "client")); err != nil {
		t.Fatal(err)
	}
	return acme
}

// aLogo has every byte there is: a file of JSON must not spoil them.
var aLogo = issuer.Logo{Name: "00112233445566778899aabbccddeeff", PNG: func() (all []byte) {
	for b := range 256 {
		all = append(all, byte(b))
	}
	return all
}()}

func checkLogo(t *testing.T, db *store.DB) {
	t.Helper()
	a, err := db.Issuer().Account(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if png, err := db.Issuer().Logo(t.Context(), a.ID, aLogo.Name); err != nil || !bytes.Equal(png, aLogo.PNG) {
		t.Errorf("the logo is %x, %v", png, err)
	}
	c, err := db.Issuer().Client(t.Context(), a.ID, issuer.Support, "pictured")
	if err != nil || c.Logo.Name != aLogo.Name {
		t.Errorf("the client's logo is %q, %v", c.Logo.Name, err)
	}
}

// viaJSON is what a file makes of a dump.
func viaJSON(t *testing.T, tables []control.Table) (read []control.Table) {
	t.Helper()
	text, err := json.Marshal(tables)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func dump(t *testing.T, db *store.DB) []control.Table {
	t.Helper()
	tables, err := db.Control().Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

func TestSnapshotComesBackWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		grown(t, db)
		before := dump(t, db)
		if d := cmp.Diff(before, viaJSON(t, before), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("JSON alters a dump:\n%s", d)
		}
		plant(t, db, "globex") // what came later goes
		if err := db.Control().Restore(t.Context(), viaJSON(t, before)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before, dump(t, db), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("restored, it differs:\n%s", d)
		}
		checkLogo(t, db)
		// Numbers go on where they were: globex gets again what it got then.
		first := plant(t, db, "globex")
		if err := db.Control().Restore(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		if again := plant(t, db, "globex"); again.Account.ID != first.Account.ID || again.Users[0].ID != first.Users[0].ID {
			t.Errorf("numbers %d and %d after a restore, %d and %d before", again.Account.ID, again.Users[0].ID, first.Account.ID, first.Users[0].ID)
		}
	})
}

// A snapshot of one engine can be restored on the other.
func TestSnapshotMovesBetweenEngines(t *testing.T) {
	one := storetest.Open(t, storetest.DSN(t, store.SQLite))
	grown(t, one)
	other := storetest.Open(t, storetest.DSN(t, store.Postgres))
	plant(t, other, "globex")
	if err := other.Control().Restore(t.Context(), viaJSON(t, dump(t, one))); err != nil {
		t.Fatal(err)
	}
	names := func(tables []control.Table) (rows map[string]int) {
		rows = map[string]int{}
		for _, table := range tables {
			rows[table.Name] = len(table.Rows)
		}
		return rows
	}
	if d := cmp.Diff(names(dump(t, one)), names(dump(t, other))); d != "" {
		t.Error(d)
	}
	checkLogo(t, other)
	// And back again.
	third := storetest.Open(t, storetest.DSN(t, store.SQLite))
	if err := third.Control().Restore(t.Context(), viaJSON(t, dump(t, other))); err != nil {
		t.Fatal(err)
	}
	checkLogo(t, third)
}

func TestResetLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first := grown(t, db)
		if err := db.Control().Restore(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for _, table := range dump(t, db) {
			if len(table.Rows) > 0 {
				t.Errorf("%s has %d rows", table.Name, len(table.Rows))
			}
		}
		if again := plant(t, db, "acme"); again.Account.ID != first.Account.ID || again.Clients[0].ID != first.Clients[0].ID {
			t.Errorf("numbers do not begin anew: account %d, client %d", again.Account.ID, again.Clients[0].ID)
		}
	})
}

// What cannot be restored leaves everything as it was.
func TestRestoreRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		grown(t, db)
		before := dump(t, db)
		for name, spoil := range map[string]func(tables []control.Table) []control.Table{
			"an unknown table":           func(v []control.Table) []control.Table { return append(v, control.Table{Name: "issuer_moons"}) },
			"another's table":            func(v []control.Table) []control.Table { return append(v, control.Table{Name: "broker_connections"}) },
			"a column less":              func(v []control.Table) []control.Table { v[0].Columns = v[0].Columns[1:]; return v },
			"a value less":               func(v []control.Table) []control.Table { v[0].Rows[0] = v[0].Rows[0][1:]; return v },
			"a row twice":                func(v []control.Table) []control.Table { v[0].Rows = append(v[0].Rows, v[0].Rows[0]); return v },
			"a row that another needs":   func(v []control.Table) []control.Table { v[0].Rows = nil; return v },
			"no value where one must be": func(v []control.Table) []control.Table { v[0].Rows[0][1] = nil; return v },
		} {
			err := db.Control().Restore(t.Context(), spoil(viaJSON(t, before)))
			var invalid *control.Invalid
			if !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
			if d := cmp.Diff(before, dump(t, db), cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("%s altered something:\n%s", name, d)
			}
		}
	})
}
