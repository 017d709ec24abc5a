package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// What was in the file is in PostgreSQL, in every table that this writes to, and a
// second move changes nothing.
func TestMoveBroker(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	from, to := storetest.Open(t, storetest.DSN(t, store.SQLite)), storetest.Open(t, storetest.DSN(t, store.Postgres))
	s := from.Broker()
	client := newClient(t, s)
	for i, state := range []broker.State{broker.Active, broker.Reauthorize, broker.InDoubt, broker.Disabled, broker.Revoked} {
		c, _ := newPending(t, s, client, fmt.Sprint("state", i))
		c.Generation, c.State, c.User = 1, broker.Active, broker.User{ID: int64(i + 1), Name: "Zoë\n\"", Email: "zoe@acme.example"}
		c.Access, c.Refresh = broker.Sealed{Bytes: []byte{1, 0, 0xff}, Key: 1<<32 - 1}, broker.Sealed{Bytes: []byte("refresh"), Key: 1}
		c.AccessIssued, c.RenewedAt = brokerNow, brokerNow
		if err := s.Adopt(ctx, c, broker.Event{At: brokerNow, Kind: broker.ConnectionMade, Connection: c.ID}); err != nil {
			t.Fatal(err)
		}
		claimed, err := s.Claim(ctx, c, "somebody")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenAttempt(ctx, broker.Attempt{Connection: c.ID, Generation: 1, Owner: claimed.Claim.Owner, SentAt: brokerNow, Outcome: broker.Open}); err != nil {
			t.Fatal(err)
		}
		claimed.State = state
		if err := s.Move(ctx, claimed, broker.Active, broker.Event{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.OpenCircuit(ctx, broker.Circuit{Client: client.ID, Account: "acme", OpenedAt: brokerNow, RetryAt: brokerNow, Failures: 2, Reason: broker.CredentialsWrong}, broker.Event{}); err != nil {
		t.Fatal(err)
	}
	want, err := s.Connections(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := store.MoveBroker(ctx, from, to)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, m := range moved {
		rows[m.Table] = m.Rows
	}
	for table, n := range map[string]int{"broker_connections": 5, "broker_attempts": 5, "broker_flows": 5, "broker_events": 5, "broker_circuits": 1, "broker_clients": 1} {
		if rows[table] != n {
			t.Errorf("%d rows of %s are moved, want %d", rows[table], table, n)
		}
	}
	d := to.Broker()
	if got, err := d.Connections(ctx, 0, 100); err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
	if got, err := d.AddPending(ctx, broker.Connection{Account: "acme", Product: broker.Support, Client: client.ID, State: broker.Pending, Created: time.Now()}); err != nil || got.ID != 6 {
		t.Errorf("the next connection is %d, %v", got.ID, err)
	}
	if _, err := store.MoveBroker(ctx, from, to); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("moved twice: %v", err)
	}
	if _, err := store.MoveBroker(ctx, to, from); !errors.Is(err, store.ErrMoveEngines) {
		t.Errorf("moved back: %v", err)
	}
}

// A row that does not come as it was sent undoes all of it.
func TestMoveBrokerLooksAtEachRow(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	from, dsn := storetest.Open(t, storetest.DSN(t, store.SQLite)), storetest.DSN(t, store.Postgres)
	to := storetest.Open(t, dsn)
	newClient(t, from.Broker())
	for _, text := range []string{
		`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.identifier := 'other'; RETURN NEW; END $$`,
		`CREATE TRIGGER spoil BEFORE INSERT ON broker_clients FOR EACH ROW EXECUTE FUNCTION spoil()`,
	} {
		if err := to.Step(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, text)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_ = to.Step(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `DROP FUNCTION spoil CASCADE`)
			return err
		})
	})
	if moved, err := store.MoveBroker(ctx, from, to); err == nil {
		t.Errorf("a client came as another: %v", moved)
	}
	if n := storetest.Count(t, storetest.Raw(t, dsn), `SELECT count(*) FROM broker_clients`); n != 0 {
		t.Errorf("%d clients are there all the same", n)
	}
}
