package prove_test

import (
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
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
	c.end()
	w.rate(1)
	w.healed()
	w.allActive()
	w.oneEach()
	if n := c.deadTwice.Load() + c.unusable.Load(); n != 0 {
		t.Errorf("%v", c)
	}
	t.Logf("%d cuts: %d refreshes; %v", cuts, w.journal.count(rotated), c)
}
