package storetest

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Line is a network cable to a PostgreSQL server.
type Line struct {
	to string

	mu    sync.Mutex
	until time.Time // nobody comes through before
	open  map[net.Conn]bool
}

// NewLine lays one to the server of a DSN, and returns the DSN that goes through it.
func NewLine(t testing.TB, dsn string) (*Line, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Line{to: u.Host, open: map[net.Conn]bool{}}
	t.Cleanup(func() { l.Close(); c.Cut(0) })
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

func (l *Line) carry(from net.Conn) {
	l.mu.Lock()
	down := time.Now().Before(l.until)
	l.mu.Unlock()
	if down {
		from.Close()
		return
	}
	to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", l.to)
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

// Cut ends every connection and lets none through for a while.
func (l *Line) Cut(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Now().Add(d)
	for c := range l.open {
		c.Close()
	}
}
