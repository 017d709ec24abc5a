package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskauth/deskauth/internal/broker"
)

// tx is what a step works with.
type tx struct {
	session
	prepared *statements // nil on PostgreSQL, whose driver keeps its own

	events []broker.Event // that the step tells of, written when it has done the rest
}

// session is what *sql.Tx and *sql.Conn share.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := t.prepared.get(ctx, query); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return t.session.ExecContext(ctx, query, args...)
}

func (t *tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := t.prepared.get(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return t.session.QueryContext(ctx, query, args...)
}

func (t *tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := t.prepared.get(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return t.session.QueryRowContext(ctx, query, args...)
}

// swap runs a statement that moves one row from a state to the next, and
// returns conflict when the row was no longer in that state.
func (t *tx) swap(ctx context.Context, conflict error, query string, args ...any) error {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return conflict
}

// step runs f as one atomic step: everything it wrote is committed when step
// returns nil, and nothing of it otherwise, but for an answer to COMMIT that a
// network lost. A caller may give up (ctx ends) until its step begins; one that began
// is not aborted, and its caller hears how it ended: who is told of a commit, a journal
// or a memory of rows, must not miss it because somebody hung up.
//
// f must not keep t, call the network, or wait for another step.
func (d *DB) step(ctx context.Context, f func(ctx context.Context, t *tx) error) error {
	return d.stepThen(ctx, func() {}, f)
}

// stepThen calls then when it is known whether the step was committed and before
// it is answered, whether its caller still waits or not.
func (d *DB) stepThen(ctx context.Context, then func(), f func(ctx context.Context, t *tx) error) error {
	if d.queue == nil {
		defer then()
		return d.transact(ctx, f)
	}
	p := &pending{ctx: ctx, f: f, then: then, done: make(chan error, 1)}
	select {
	case d.queue <- p:
	case <-d.ended:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-p.done:
		return err
	case <-d.ended:
		return p.answer()
	case <-ctx.Done():
		if p.settle() {
			return ctx.Err()
		}
		return <-p.done // the writer answers whatever it began
	}
}

// pending is a step that waits for the SQLite writer.
type pending struct {
	ctx     context.Context
	f       func(ctx context.Context, t *tx) error
	then    func()
	settled atomic.Bool // it began, or its caller left before
	done    chan error  // holds one, so that the writer never waits for a caller that left
	err     error
}

// settle decides between the writer that begins a step and the caller that leaves it:
// whoever is first.
func (p *pending) settle() (first bool) { return p.settled.CompareAndSwap(false, true) }

// answer is what became of a step once the writer has ended: the writer answered
// it before, or it came too late.
func (p *pending) answer() error {
	select {
	case err := <-p.done:
		return err
	default:
		return errClosed
	}
}

// groupMost bounds how many steps share a commit, so that none waits long.
const groupMost = 128

// errClosed answers steps that come after Close.
var errClosed = errors.New("the database is closed")

// commitGroups is the only writer of a SQLite database. It takes the steps that
// wait, runs each inside a SAVEPOINT of one transaction, and commits once: one
// fsync pays for all of them. When it is to stop, it first runs what still waits.
func (d *DB) commitGroups(stop <-chan struct{}) {
	defer close(d.ended)
	w := &writer{db: d.writes}
	defer w.disconnect()
	g := newGatherer(d.queue)
	for {
		select {
		case p := <-d.queue:
			w.commit(g.gather(p))
		case <-stop:
			for len(d.queue) > 0 { // nobody else takes from it
				w.commit(g.gather(<-d.queue))
			}
			return
		}
	}
}

// writer owns the one connection that writes, and the statements compiled on it.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	prepared *statements
}

func (w *writer) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	w.conn, w.prepared = conn, &statements{on: conn}
	return nil
}

func (w *writer) disconnect() {
	if w.conn == nil {
		return
	}
	w.prepared.close()
	// The pool would hand out the same connection again, in whatever state it is.
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.conn.Close()
	w.conn, w.prepared = nil, nil
}

// commit runs a group and answers each of its callers, after the COMMIT.
func (w *writer) commit(group []*pending) {
	// The transaction belongs to all of them: no single caller's context may end it.
	err := w.run(context.Background(), group)
	for _, p := range group {
		p.then()
		switch {
		case p.err != nil:
			p.done <- p.err
		default:
			p.done <- err
		}
	}
}

func (w *writer) run(ctx context.Context, group []*pending) (err error) {
	if err := w.connect(ctx); err != nil {
		return err
	}
	t := &tx{session: w.conn, prepared: w.prepared}
	if _, err := t.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		w.disconnect() // whatever state it is in, the next group has a fresh one
		return fmt.Errorf("begin: %w", err)
	}
	if err = w.steps(ctx, t, group); err == nil {
		if _, err = t.ExecContext(ctx, `COMMIT`); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	// SQLite may have rolled back by itself (a full disk): then this fails, rightly.
	_, _ = t.ExecContext(ctx, `ROLLBACK`)
	w.disconnect()
	return err
}

func (w *writer) steps(ctx context.Context, t *tx, group []*pending) error {
	for _, p := range group {
		if p.err = p.ctx.Err(); p.err == nil && !p.settle() {
			p.err = p.ctx.Err() // it left just now
		}
		if p.err != nil {
			continue
		}
		if err := savepoint(ctx, t, p); err != nil {
			return err
		}
	}
	return nil
}

// savepoint runs one step so that its error undoes its own writes alone. The
// error that it returns is one of the whole transaction.
func savepoint(ctx context.Context, t *tx, p *pending) error {
	if _, err := t.ExecContext(ctx, `SAVEPOINT step`); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if p.err = guarded(context.WithoutCancel(p.ctx), t, p.f); p.err != nil {
		if _, err := t.ExecContext(ctx, `ROLLBACK TO step`); err != nil {
			return fmt.Errorf("undo a step: %w", err)
		}
	}
	if _, err := t.ExecContext(ctx, `RELEASE step`); err != nil {
		return fmt.Errorf("release a step: %w", err)
	}
	return nil
}

// guarded turns a panic of a step into its error: the writer serves everybody.
func guarded(ctx context.Context, t *tx, f func(ctx context.Context, t *tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a step: %v\n%s", p, debug.Stack())
		}
	}()
	t.events = nil
	if err := f(ctx, t); err != nil {
		return err
	}
	return t.writeEvents(ctx)
}

// transactTries bounds how often PostgreSQL may ask to begin again.
const transactTries = 5

// transact runs a step in a transaction of its own. READ COMMITTED suffices,
// because every transition is a swap; some PostgreSQL-like engines are always
// serializable and ask to try again.
func (d *DB) transact(ctx context.Context, f func(ctx context.Context, t *tx) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	for range transactTries {
		if err = d.transactOnce(ctx, f); !beginAgain(err) {
			return err
		}
	}
	return err
}

func (d *DB) transactOnce(ctx context.Context, f func(ctx context.Context, t *tx) error) (err error) {
	conn, err := d.writes.Conn(ctx) // a caller may leave while it waits for one
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	t, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := guarded(ctx, &tx{session: t}, f); err != nil {
		_ = t.Rollback()
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// beginAgain tells a serialization failure (40001) or a deadlock (40P01).
func beginAgain(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}
