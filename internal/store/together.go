package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// On PostgreSQL each question is a trip to the server, and most of what a short one
// costs is the trip: to be woken, to read, to write, on both sides. Who asks while
// flightsMost are under way waits for the first of them to return, and goes on the next
// trip with all others who wait. Whoever is alone does not wait.
const (
	flightsMost    = 4
	passengersMost = 64
	flightTime     = 20 * time.Second
)

// together is the questions of one kind, each for one row.
type together[K comparable, V any] struct {
	query string
	args  func(K) []any
	scan  func(scanner) (V, error)

	mu      sync.Mutex
	flights int
	waiting []*passenger[K, V]
}

// passenger waits for the answer to its question. One that is not answered asks alone:
// what befell the others is not its own.
type passenger[K comparable, V any] struct {
	key      K
	value    V
	err      error
	answered bool
	landed   chan struct{}
}

// get reads the row of a key. The error is sql.ErrNoRows where there is none.
func (t *together[K, V]) get(ctx context.Context, db *sql.DB, k K) (v V, err error) {
	t.mu.Lock()
	if t.flights < flightsMost {
		t.flights++
		t.mu.Unlock()
		defer t.land(db)
		return t.alone(ctx, db, k)
	}
	p := &passenger[K, V]{key: k, landed: make(chan struct{})}
	t.waiting = append(t.waiting, p)
	t.mu.Unlock()
	select {
	case <-p.landed:
	case <-ctx.Done():
		return v, ctx.Err() // its place may be under way
	}
	if !p.answered {
		return t.alone(ctx, db, k)
	}
	return p.value, p.err
}

func (t *together[K, V]) alone(ctx context.Context, db *sql.DB, k K) (V, error) {
	return t.scan(db.QueryRowContext(ctx, t.query, t.args(k)...))
}

// land ends a flight, or takes those who wait on the next.
func (t *together[K, V]) land(db *sql.DB) {
	if some := t.board(); some != nil {
		go t.fly(db, some)
	}
}

// board returns those who wait, as many as fit. Where nobody does the flight is over.
func (t *together[K, V]) board() []*passenger[K, V] {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), passengersMost)
	if n == 0 {
		t.flights, t.waiting = t.flights-1, nil
		return nil
	}
	some := t.waiting[:n:n]
	t.waiting = t.waiting[n:]
	return some
}

func (t *together[K, V]) fly(db *sql.DB, some []*passenger[K, V]) {
	for ; some != nil; some = t.board() {
		t.trip(db, some)
		for _, p := range some {
			close(p.landed)
		}
	}
}

// trip asks all at once. It is nobody's own, so that none who leaves ends it.
func (t *together[K, V]) trip(db *sql.DB, some []*passenger[K, V]) {
	ctx, cancel := context.WithTimeout(context.Background(), flightTime)
	defer cancel()
	conn, err := db.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.Raw(func(driver any) error {
		var batch pgx.Batch
		for _, p := range some {
			batch.Queue(t.query, t.args(p.key)...)
		}
		answers := driver.(*stdlib.Conn).Conn().SendBatch(ctx, &batch) //nolint:forcetypeassert // the pool's only kind
		defer func() { _ = answers.Close() }()                         // what ails the connection is for the pool to find
		for _, p := range some {
			p.value, p.err = t.scan(answers.QueryRow())
			if p.err != nil && !errors.Is(p.err, sql.ErrNoRows) {
				return p.err
			}
			p.answered = true
		}
		return nil
	})
}
