package prove_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/store/storetest/pgserver"
)

// PostgreSQL is cut off from the replicas under load, again and again, and throws
// them out as it does when it restarts: nothing is lost, and all goes on unaided.
func TestDatabaseCutOff(t *testing.T) {
	t.Parallel()
	var line *storetest.Line
	w := newWorld(t, layout{engine: store.Postgres, people: sized(4, 50), replicas: 2, dsn: func(dsn string) string {
		var through string
		line, through = storetest.NewLine(t, dsn)
		return through
	}})
	raw := storetest.Raw(t, w.directDSN)
	w.rate(fast)
	c := w.callers(sized(12, 200))
	cuts := sized(4, 40)
	for n := range cuts {
		<-time.After(800 * time.Millisecond)
		if n%2 == 0 {
			line.Cut(time.Second)
			continue
		}
		_ = storetest.Count(t, raw, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	w.await(sized(3, 20))
	// A new pair that cannot be stored while the database is away has ended the token
	// of before: whoever is quicker than the next try to store it is lent that one.
	w.nothingWrong(c)
	t.Logf("%d cuts: %d refreshes; %v", cuts, w.journal.count(rotated), c)
}

// PostgreSQL itself is restarted under load, in order and as by a crash in turns:
// nothing is lost, and all goes on unaided.
func TestDatabaseRestarted(t *testing.T) {
	t.Parallel()
	server, err := pgserver.Start(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t, layout{engine: store.Postgres, people: sized(4, 50), replicas: sized(2, 3), database: server.DSN()})
	w.rate(fast)
	c := w.callers(sized(12, 200))
	restarts := sized(2, 20)
	var away time.Duration
	for n := range restarts {
		<-time.After(time.Duration(1000+rand.IntN(1500)) * time.Millisecond)
		began := time.Now()
		if err := server.Restart(n%2 == 0); err != nil {
			t.Fatal(err)
		}
		away += time.Since(began)
	}
	w.await(sized(3, 20))
	w.nothingLost(c)
	t.Logf("%d restarts, away for %v in all: %d refreshes; %v", restarts, away.Round(time.Millisecond), w.journal.count(rotated), c)
}

// nothingWrong holds that every connection works afterwards, and that nobody was told
// that one needs a person.
func (w *world) nothingWrong(c *callers) {
	w.t.Helper()
	c.end()
	w.rate(1)
	w.healed()
	w.allActive()
	w.oneEach()
	if c.unusable.Load() != 0 {
		w.t.Errorf("%v", c)
	}
}

// nothingLost ends the load, and fails unless each connection was renewed once for
// each expiry, and nobody was told otherwise than to wait.
func (w *world) nothingLost(c *callers) {
	w.t.Helper()
	w.nothingWrong(c)
	if c.deadTwice.Load() != 0 {
		w.t.Errorf("%v", c)
	}
}
