package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// secretOf is a secret of a client, as a new one comes.
func secretOf(number int64) broker.ClientSecret {
	return broker.ClientSecret{
		Number: number, Sealed: broker.Sealed{Bytes: fmt.Appendf(nil, "secret %d", number), Key: 1<<32 - 1}, Added: brokerNow,
	}
}

func changed(c broker.Client) broker.Event {
	return broker.Event{At: brokerNow, Kind: broker.ClientChanged, Client: c.ID}
}

func sameClient(t *testing.T, s broker.Store, want broker.Client) {
	t.Helper()
	got, err := s.Client(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("stored (-want +got):\n" + diff)
	}
}

func TestSecretsInTheirOrder(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		for _, numbers := range [][]int64{{1, 2, 3}, {3, 1}, {1, 3}, {4, 3, 1}, {}, {6, 5}} {
			open := broker.Circuit{Client: c.ID, Account: "acme"}.Open(brokerNow, broker.CredentialsWrong)
			if err := s.OpenCircuit(ctx, open, broker.Event{}); err != nil {
				t.Fatal(err)
			}
			next := c
			next.Secrets = nil
			for _, n := range numbers {
				next.Secrets = append(next.Secrets, secretOf(n))
			}
			next.Version++
			if err := s.ChangeClients(ctx, []broker.ClientChange{{From: c.Version, Next: next, Event: changed(c)}}); err != nil {
				t.Fatal(err)
			}
			sameClient(t, s, next)
			if circuit, err := s.Circuit(ctx, c.ID, "acme"); err != nil || circuit.Failures != 0 {
				t.Errorf("with new secrets the circuit is %+v, %v", circuit, err)
			}
			c = next
		}
	})
}

// Of a client's secret the note of when it worked is not lost to a change that did
// not know it yet.
func TestSecretsWorked(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		with := c
		with.Version, with.Secrets = 2, []broker.ClientSecret{secretOf(1), secretOf(2)}
		if err := s.ChangeClients(ctx, []broker.ClientChange{{From: c.Version, Next: with, Event: changed(c)}}); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Duration{time.Minute, time.Second} { // it never goes back
			worked := map[broker.SecretID]time.Time{
				{Client: c.ID, Number: 2}: brokerNow.Add(at), {Client: c.ID, Number: 9}: brokerNow, {Client: 99, Number: 1}: brokerNow,
			}
			if err := s.SecretsWorked(ctx, worked); err != nil {
				t.Fatal(err)
			}
		}
		next := with
		next.Version, next.Secrets = 3, []broker.ClientSecret{secretOf(2), secretOf(1)}
		if err := s.ChangeClients(ctx, []broker.ClientChange{{From: 2, Next: next, Event: changed(c)}}); err != nil {
			t.Fatal(err)
		}
		next.Secrets[0].Worked = brokerNow.Add(time.Minute)
		sameClient(t, s, next)
	})
}

func TestClientChangeHasOneWinner(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		won := race(t, 16, func(i int) error {
			next := c
			next.Version, next.Secrets = c.Version+1, []broker.ClientSecret{secretOf(int64(i))}
			return s.ChangeClients(t.Context(), []broker.ClientChange{{From: c.Version, Next: next, Event: changed(c)}})
		})
		if won != 1 {
			t.Errorf("%d of 16 changed it", won)
		}
		if got, err := s.Client(t.Context(), c.ID); err != nil || len(got.Secrets) != 1 {
			t.Errorf("left with %d secrets, %v", len(got.Secrets), err)
		}
	})
}

func TestClientsAreChangedTogether(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		made, err := s.MakeClients(ctx, []broker.Client{
			{Account: "acme", Product: broker.Support, Identifier: "own"},
			{Product: broker.Support, Identifier: "app"},
			{Account: "other", Product: broker.Support, Identifier: "own"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, made[1]); diff != "" {
			t.Error("the one that was there (-want +got):\n" + diff)
		}
		// What is only made serves nobody, and is nowhere listed.
		if got, err := s.ClientFor(ctx, "acme", broker.Support); err != nil || got.ID != c.ID {
			t.Errorf("acme is served by %d, %v", got.ID, err)
		}
		if all, err := s.Clients(ctx, 0, 10); err != nil || len(all) != 1 {
			t.Errorf("%d listed, %v", len(all), err)
		}
		changes := make([]broker.ClientChange, len(made))
		for i, m := range made {
			next := m
			next.Version, next.ChosenAt, next.Secrets = m.Version+1, brokerNow, []broker.ClientSecret{secretOf(1)}
			changes[i] = broker.ClientChange{From: m.Version, Next: next, Event: changed(m)}
		}
		changes[2].From = 99
		if err := s.ChangeClients(ctx, changes); !errors.Is(err, broker.ErrConflict) {
			t.Fatalf("changed one that is not so any more: %v", err)
		}
		for _, m := range made {
			sameClient(t, s, m)
		}
		changes[2].From = 0
		if err := s.ChangeClients(ctx, changes); err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			sameClient(t, s, change.Next)
		}
	})
}

func TestClientsList(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		newActive(t, s, c, 7)
		newPending(t, s, c, "pending")
		circuit := broker.Circuit{Client: c.ID, Account: "acme"}.Open(brokerNow, broker.CredentialsWrong)
		if err := s.OpenCircuit(ctx, circuit, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		made, err := s.MakeClients(ctx, []broker.Client{{Account: "acme", Product: broker.Chat, Identifier: "chat", ChosenAt: brokerNow}})
		if err != nil {
			t.Fatal(err)
		}
		next := made[0]
		next.Version, next.Secrets = 2, []broker.ClientSecret{secretOf(2), secretOf(1)}
		if err := s.ChangeClients(ctx, []broker.ClientChange{{Next: next, Event: changed(next)}}); err != nil {
			t.Fatal(err)
		}
		for i := range next.Secrets {
			next.Secrets[i].Sealed = broker.Sealed{} // nobody who looks needs it
		}
		want := []broker.ClientState{{Client: c, Circuits: []broker.Circuit{circuit}, Connections: 2}, {Client: next}}
		for _, page := range []struct {
			after broker.ClientID
			limit int
			want  []broker.ClientState
		}{{0, 10, want}, {0, 1, want[:1]}, {c.ID, 10, want[1:]}, {next.ID, 10, nil}} {
			got, err := s.Clients(ctx, page.after, page.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(page.want, got); diff != "" {
				t.Errorf("%d after %d (-want +got):\n%s", page.limit, page.after, diff)
			}
		}
	})
}

// The list of clients goes from account to account, the global ones first.
func TestFindClients(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		named := func(account, identifier string) broker.Client {
			return broker.Client{Account: account, Product: broker.Support, Identifier: identifier, ChosenAt: brokerNow}
		}
		unchosen := named("acme", "unchosen")
		unchosen.ChosenAt = time.Time{}
		made, err := s.MakeClients(ctx, []broker.Client{named("globex", "own_App"), named("acme", "own"), named("acme", "another"), unchosen, named("", "50%_app")})
		if err != nil {
			t.Fatal(err)
		}
		globex, acme, another, odd := made[0], made[1], made[2], made[4]
		newActive(t, s, acme, 7)
		circuit := broker.Circuit{Client: acme.ID, Account: "acme"}.Open(brokerNow, broker.CredentialsWrong)
		if err := s.OpenCircuit(ctx, circuit, broker.Event{}); err != nil {
			t.Fatal(err)
		}
		next := another
		next.Version, next.Secrets = 2, []broker.ClientSecret{secretOf(2), secretOf(1)}
		if err := s.ChangeClients(ctx, []broker.ClientChange{{Next: next, Event: changed(next)}}); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			filter broker.ClientFilter
			after  broker.ClientPlace
			limit  int
			want   []broker.ClientID
		}{
			"all":                     {limit: 10, want: []broker.ClientID{c.ID, odd.ID, acme.ID, another.ID, globex.ID}},
			"the first two":           {limit: 2, want: []broker.ClientID{c.ID, odd.ID}},
			"after a global one":      {after: odd.Place(), limit: 2, want: []broker.ClientID{acme.ID, another.ID}},
			"after one of an account": {after: acme.Place(), limit: 2, want: []broker.ClientID{another.ID, globex.ID}},
			"after the last":          {after: globex.Place(), limit: 2},
			"of an account":           {filter: broker.ClientFilter{Words: "acm"}, limit: 10, want: []broker.ClientID{acme.ID, another.ID}},
			"of an identifier":        {filter: broker.ClientFilter{Words: "_app"}, limit: 10, want: []broker.ClientID{odd.ID, globex.ID}},
			"of small letters":        {filter: broker.ClientFilter{Words: "own_app"}, limit: 10, want: []broker.ClientID{globex.ID}},
			"a sign of LIKE's":        {filter: broker.ClientFilter{Words: "0%_"}, limit: 10, want: []broker.ClientID{odd.ID}},
			"an escape of LIKE's":     {filter: broker.ClientFilter{Words: "!%"}, limit: 10},
			"refused":                 {filter: broker.ClientFilter{Refused: true}, limit: 10, want: []broker.ClientID{acme.ID}},
			"refused, of another":     {filter: broker.ClientFilter{Refused: true, Words: "globex"}, limit: 10},
		} {
			got, err := s.FindClients(ctx, tt.filter, tt.after, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			var ids []broker.ClientID
			for _, one := range got {
				ids = append(ids, one.ID)
				wantSecrets, wantUses, wantCircuits := 0, 0, 0
				switch one.ID {
				case another.ID:
					wantSecrets = 2
				case acme.ID:
					wantUses, wantCircuits = 1, 1
				}
				if len(one.Secrets) != wantSecrets || one.Connections != wantUses || len(one.Circuits) != wantCircuits {
					t.Errorf("%s: %+v", name, one)
				}
			}
			if name == "of an identifier" { // SQLite's LIKE takes letters of either case, PostgreSQL's does not
				ids = slices.DeleteFunc(ids, func(id broker.ClientID) bool { return id == odd.ID })
				tt.want = tt.want[1:]
			}
			if diff := cmp.Diff(tt.want, ids); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestRemoveClient(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, c broker.Client) {
		ctx := t.Context()
		conn := newActive(t, s, c, 7)
		removed := broker.Event{At: brokerNow, Kind: broker.ClientRemoved, Client: c.ID}
		if err := s.RemoveClient(ctx, c.ID, removed); !errors.Is(err, broker.ErrConflict) {
			t.Fatalf("removed one that is in use: %v", err)
		}
		if _, err := s.RemoveClientAndConnections(ctx, 99, removed); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("removed one that there is not: %v", err)
		}
		sameConnection(t, s, conn)
		gone, err := s.RemoveClientAndConnections(ctx, c.ID, removed)
		if diff := cmp.Diff([]broker.ConnectionID{conn.ID}, gone); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := s.Client(ctx, c.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("the client: %v", err)
		}
		if _, err := s.Connection(ctx, conn.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("the connection: %v", err)
		}
		// Made, removed, and its connection removed.
		if n, err := s.PruneEvents(ctx, brokerNow.Add(time.Hour), 10); err != nil || n != 3 {
			t.Errorf("%d events, %v", n, err)
		}
		if err := s.RemoveClient(ctx, newClient(t, s).ID, removed); err != nil {
			t.Error(err)
		}
	})
}

// Clients of before 0018, and of a broker of before it that runs on, are found by their
// words, whichever of their letters are capitals.
func TestClientsThatWereThereBefore(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.Empty(t, engine)
			raw := before(t, dsn, engine, "broker", "0018_found.sql")
			add := func(account, identifier string) {
				storetest.Exec(t, raw, `INSERT INTO broker_clients (account, product, identifier, chosen_at, version) VALUES ($1, 'support', $2, 1, 1)`, account, identifier)
			}
			add("acme", "ÄRGER_App")
			for n, words := range []string{"ärger_a", "straße"} { // the other was added meanwhile
				db, err := store.Open(t.Context(), dsn)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = db.Close() })
				if err := db.MigrateBroker(t.Context()); err != nil {
					t.Fatal(err)
				}
				found, err := db.Broker().FindClients(t.Context(), broker.ClientFilter{Words: words}, broker.ClientPlace{}, 10)
				if err != nil || len(found) != 1 {
					t.Errorf("%s finds %v, %v", words, found, err)
				}
				add(fmt.Sprintf("globex%d", n), "STRAßE")
			}
		})
	}
}
