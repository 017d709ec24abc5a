package prove_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// PostgreSQL is cut off from the replicas under load, again and again, and throws
// them out as it does when it restarts: nothing is lost, and all goes on unaided.
func TestDatabaseCutOff(t *testing.T) {
	t.Parallel()
	var line *line
	w := newWorld(t, layout{engine: store.Postgres, people: sized(4, 50), replicas: 2, dsn: func(dsn string) string {
		var through string
		line, through = newLine(t, dsn)
		return through
	}})
	raw := storetest.Raw(t, w.directDSN)
	w.rate(fast)
	c := w.callers(sized(12, 200))
	cuts := sized(4, 40)
	for n := range cuts {
		<-time.After(800 * time.Millisecond)
		if n%2 == 0 {
			line.cut(time.Second)
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

// line is a network cable to a server.
type line struct {
	to string

	mu    sync.Mutex
	until time.Time // nobody comes through before
	open  map[net.Conn]bool
}

// newLine lays one to the server of a DSN, and returns the DSN that goes through it.
func newLine(t *testing.T, dsn string) (*line, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &line{to: u.Host, open: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); c.cut(0) })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(conn)
		}
	}()
	u.Host = l.Addr().String()
	return c, u.String()
}

func (l *line) carry(from net.Conn) {
	l.mu.Lock()
	down := time.Now().Before(l.until)
	l.mu.Unlock()
	if down {
		from.Close()
		return
	}
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		from.Close()
		return
	}
	l.mu.Lock()
	l.open[from], l.open[to] = true, true
	l.mu.Unlock()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			pair[0].Close()
			pair[1].Close()
		})
	}
	both.Wait()
	l.mu.Lock()
	delete(l.open, from)
	delete(l.open, to)
	l.mu.Unlock()
}

// cut ends every connection and lets none through for a while.
func (l *line) cut(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d)
	for c := range l.open {
		c.Close()
	}
}
