package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// moveTo is what a target is called where its name is of no matter.
const moveTo = "postgres://deskauth:a-password@db.example/deskauth?sslpassword=another"

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
	moved, err := store.MoveBroker(ctx, from, to, moveTo, brokerNow)
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
	if _, err := store.MoveBroker(ctx, from, to, moveTo, brokerNow); !errors.Is(err, store.ErrMovedBefore) {
		t.Errorf("moved twice: %v", err)
	}
	another := storetest.Open(t, storetest.DSN(t, store.SQLite))
	if _, err := store.MoveBroker(ctx, another, to, moveTo, brokerNow); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("moved to where another is: %v", err)
	}
	if err := another.MigrateBroker(ctx); err != nil {
		t.Errorf("what was not moved: %v", err)
	}
	if _, err := store.MoveBroker(ctx, to, from, moveTo, brokerNow); !errors.Is(err, store.ErrMoveEngines) {
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
	if moved, err := store.MoveBroker(ctx, from, to, moveTo, brokerNow); err == nil {
		t.Errorf("a client came as another: %v", moved)
	}
	if n := storetest.Count(t, storetest.Raw(t, dsn), `SELECT count(*) FROM broker_clients`); n != 0 {
		t.Errorf("%d clients are there all the same", n)
	}
}

// A file that was moved is served by nobody, until it is taken back; a move that was
// cut off at any step is done by the next one.
func TestMovedFileIsMarked(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file := storetest.DSN(t, store.SQLite)
	from, dsn := storetest.Open(t, file), storetest.DSN(t, store.Postgres)
	to, raw, rawFile := storetest.Open(t, dsn), storetest.Raw(t, dsn), storetest.Raw(t, file)
	newClient(t, from.Broker())
	marked := func() (away *store.MovedAway) {
		t.Helper()
		if err := from.MigrateBroker(ctx); err != nil && !errors.As(err, &away) {
			t.Fatal(err)
		}
		return away
	}
	move := func() error { _, err := store.MoveBroker(ctx, from, to, moveTo, brokerNow); return err }

	// The target refuses the commit, after every row was looked at.
	for _, text := range []string{
		`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no commit'; END $$`,
		`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON broker_settings DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.name = 'moved from') EXECUTE FUNCTION refuse()`,
	} {
		storetest.Exec(t, raw, text)
	}
	t.Cleanup(func() { _, _ = raw.ExecContext(context.WithoutCancel(ctx), `DROP FUNCTION IF EXISTS refuse CASCADE`) })
	if err := move(); err == nil || !strings.Contains(err.Error(), "no commit") {
		t.Fatalf("the commit: %v", err)
	}
	if away := marked(); away == nil || away.Over || !strings.Contains(away.Error(), "run the same `deskauth broker move` again") {
		t.Errorf("after a move that was cut off: %v", away)
	}
	if _, err := store.MoveBroker(ctx, from, to, "postgres://elsewhere/deskauth", brokerNow); !errors.As(err, new(*store.MovedAway)) {
		t.Errorf("a move that was cut off goes on elsewhere: %v", err)
	}
	storetest.Exec(t, raw, `DROP FUNCTION refuse CASCADE`)
	if err := move(); err != nil {
		t.Fatalf("the next move: %v", err)
	}
	away := marked()
	if away == nil || !away.Over || !away.At.Equal(brokerNow) || away.To != "postgres://deskauth@db.example/deskauth" || !strings.Contains(away.Error(), "move --back --from sqlite:"+strings.TrimPrefix(file, "sqlite:")) {
		t.Errorf("after the move: %+v", away)
	}
	if err := to.MigrateBroker(ctx); err != nil {
		t.Errorf("where it went: %v", err)
	}

	// Killed after the commit, before the end was noted.
	storetest.Exec(t, rawFile, `UPDATE broker_settings SET value = CAST(replace(CAST(value AS TEXT), 'true', 'false') AS BLOB) WHERE name = 'moved'`)
	if away := marked(); away == nil || away.Over {
		t.Fatalf("%+v", away)
	}
	if err := move(); !errors.Is(err, store.ErrMovedBefore) {
		t.Errorf("the move after: %v", err)
	}
	if away := marked(); away == nil || !away.Over {
		t.Errorf("%+v", away)
	}
	storetest.Exec(t, raw, `DELETE FROM broker_settings WHERE name = 'moved from'`)
	if err := move(); !errors.As(err, new(*store.MovedAway)) {
		t.Errorf("it is moved a second time: %v", err)
	}

	if _, err := from.MoveBack(ctx); err != nil {
		t.Error(err)
	}
	if away := marked(); away != nil {
		t.Errorf("it was taken back: %v", away)
	}
	if _, err := from.MoveBack(ctx); !errors.Is(err, store.ErrNotMoved) {
		t.Errorf("taken back twice: %v", err)
	}
}
