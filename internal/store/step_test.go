package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// mark writes a row that tells that a step was committed. The table is the one
// that names nothing else.
func mark(ctx context.Context, tx *store.Tx, name string) error {
	_, err := tx.ExecContext(ctx,
		`INSERT INTO issuer_failures (subject, failures, starts_at, ends_at) VALUES ($1, 1, 0, 0)`, name)
	return err
}

// marks tells which of those rows a connection of its own sees.
func marks(t testing.TB, dsn string) map[string]bool {
	t.Helper()
	rows, err := storetest.Raw(t, dsn).QueryContext(t.Context(), `SELECT subject FROM issuer_failures`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		all[name] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// eachDSN runs f once on each engine, with all tables in place and the address at hand.
func eachDSN(t *testing.T, f func(t *testing.T, dsn string, db *store.DB)) {
	t.Helper()
	t.Parallel() // most of the time is spent waiting for PostgreSQL
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := storetest.DSN(t, engine)
			f(t, dsn, storetest.Open(t, dsn))
		})
	}
}

// patiently bounds a step that a mistake would let wait forever.
func patiently(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// together runs steps at once and returns their errors. On SQLite they share one
// transaction: the writer is held up until all of them wait for it.
func together(t testing.TB, db *store.DB, steps ...func(ctx context.Context, tx *store.Tx) error) []error {
	t.Helper()
	ctx := patiently(t)
	release, held := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	if db.Engine() == store.SQLite {
		all.Go(func() {
			_ = db.Step(ctx, func(context.Context, *store.Tx) error { close(held); <-release; return nil })
		})
		<-held
	}
	errs := make([]error, len(steps))
	for n, f := range steps {
		all.Go(func() { errs[n] = db.Step(ctx, f) })
		// One after the other, so that they stand in the queue in this order.
		for db.Engine() == store.SQLite && db.Waiting() <= n && ctx.Err() == nil {
			runtime.Gosched()
		}
	}
	close(release)
	all.Wait()
	return errs
}

func TestStepThatFailsLeavesItsNeighboursAlone(t *testing.T) {
	broken := errors.New("broken")
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		errs := together(t, db,
			func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "before") },
			func(ctx context.Context, tx *store.Tx) error { return errors.Join(mark(ctx, tx, "fails"), broken) },
			func(ctx context.Context, tx *store.Tx) error {
				if err := mark(ctx, tx, "panics"); err != nil {
					return err
				}
				panic("out of its mind")
			},
			func(ctx context.Context, tx *store.Tx) error {
				if err := mark(ctx, tx, "twice"); err != nil {
					return err
				}
				return mark(ctx, tx, "twice") // a violation: PostgreSQL gives the transaction up
			},
			func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "after") },
		)
		if errs[0] != nil || errs[4] != nil {
			t.Errorf("the neighbours failed: %v, %v", errs[0], errs[4])
		}
		if !errors.Is(errs[1], broken) {
			t.Errorf("the step that fails: %v", errs[1])
		}
		if errs[2] == nil || !strings.Contains(errs[2].Error(), "out of its mind") {
			t.Errorf("the step that panics: %v", errs[2])
		}
		if errs[3] == nil {
			t.Error("the step that writes the same row twice did not fail")
		}
		if seen := marks(t, dsn); len(seen) != 2 || !seen["before"] || !seen["after"] {
			t.Errorf("committed: %v", seen)
		}
	})
}

// One COMMIT pays for all the steps that wait: none of them is seen before it.
func TestStepsThatWaitShareACommit(t *testing.T) {
	dsn := storetest.DSN(t, store.SQLite)
	db := storetest.Open(t, dsn)
	beside := storetest.Raw(t, dsn)
	seenBeside := -1
	errs := together(t, db,
		func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "first") },
		func(ctx context.Context, tx *store.Tx) error {
			seenBeside = storetest.Count(t, beside, `SELECT count(*) FROM issuer_failures`)
			return mark(ctx, tx, "second")
		},
	)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if seenBeside != 0 {
		t.Errorf("while the second step ran, %d rows of the first were committed", seenBeside)
	}
	if n := storetest.Count(t, beside, `SELECT count(*) FROM issuer_failures`); n != 2 {
		t.Errorf("after both were answered, %d rows are committed", n)
	}
}

func TestCallerThatGivesUp(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		t.Run("before its step began", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for n := range 20 { // the queue and the end of ctx are both ready: chance decides
				err := db.Step(ctx, func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, fmt.Sprint("early ", n)) })
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
			}
		})
		t.Run("while its step runs", func(t *testing.T) {
			for n := range 50 { // it is told of the commit, however it is timed
				ctx, cancel := context.WithCancel(t.Context())
				err := db.Step(ctx, func(ctx context.Context, tx *store.Tx) error { cancel(); return mark(ctx, tx, fmt.Sprint("late ", n)) })
				if err != nil {
					t.Errorf("got %v", err)
				}
			}
		})
		if err := db.Step(patiently(t), func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "next") }); err != nil {
			t.Fatal("the step after them:", err)
		}
		if seen := marks(t, dsn); len(seen) != 51 || !seen["late 49"] || !seen["next"] {
			t.Errorf("committed: %v, wanted the steps that had begun and the next", seen)
		}
	})
}

// leaving ends as soon as somebody waits for its end.
type leaving struct {
	context.Context
	leave context.CancelFunc
}

func (c leaving) Done() <-chan struct{} {
	c.leave()
	return c.Context.Done()
}

// A caller that waits for a connection of the pool may leave.
func TestCallerLeavesAFullPool(t *testing.T) {
	dsn := storetest.DSN(t, store.Postgres)
	db := storetest.Open(t, dsn+"&pool_max_conns=2")
	release, held := make(chan struct{}), make(chan struct{})
	var holders sync.WaitGroup
	for range 2 {
		holders.Go(func() {
			_ = db.Step(patiently(t), func(context.Context, *store.Tx) error { held <- struct{}{}; <-release; return nil })
		})
		<-held
	}
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		left <- db.Step(leaving{ctx, cancel}, func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "too late") })
	}()
	select {
	case err := <-left:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-patiently(t).Done():
		t.Error("the caller could not leave while the pool was full")
	}
	close(release)
	holders.Wait()
	if seen := marks(t, dsn); len(seen) != 0 {
		t.Errorf("committed: %v", seen)
	}
}

// A deferred foreign key fails at COMMIT alone, when each step has succeeded.
func TestFailedCommitFailsEveryStepInIt(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		beside := storetest.Raw(t, dsn)
		storetest.Exec(t, beside, `CREATE TABLE parents (id BIGINT PRIMARY KEY)`)
		storetest.Exec(t, beside, `CREATE TABLE children (parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`)
		orphan := func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, `INSERT INTO children (parent) VALUES (1)`)
			if err != nil {
				t.Error("the insert failed before the COMMIT:", err)
			}
			return err
		}
		errs := together(t, db,
			orphan, func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "neighbour") })
		if errs[0] == nil || !strings.Contains(errs[0].Error(), "commit") {
			t.Errorf("the step whose COMMIT failed: %v", errs[0])
		}
		seen := marks(t, dsn)
		if (errs[1] == nil) != seen["neighbour"] {
			t.Errorf("the neighbour was answered %v, and its row is there: %v", errs[1], seen["neighbour"])
		}
		if db.Engine() == store.SQLite && errs[1] == nil {
			t.Error("the neighbour did not share the transaction: this test shows nothing")
		}
		if err := db.Step(patiently(t), func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "next") }); err != nil {
			t.Error("the step after it:", err)
		}
	})
}

// Whatever a full disk does to a transaction, an answer of nil means that the
// row is there, and an error that it is not.
func TestFullDisk(t *testing.T) {
	dsn := storetest.DSN(t, store.SQLite)
	db := storetest.Open(t, dsn)
	limit := func(pages string) {
		t.Helper()
		err := db.Step(patiently(t), func(ctx context.Context, tx *store.Tx) error {
			var n int
			return tx.QueryRowContext(ctx, `PRAGMA max_page_count = `+pages).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // what there is: the smallest that SQLite accepts
	name := func(n int) string { return fmt.Sprintf("%03d %s", n, strings.Repeat("x", 2000)) }
	steps := make([]func(ctx context.Context, tx *store.Tx) error, 40)
	for n := range steps {
		steps[n] = func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, name(n)) }
	}
	errs := together(t, db, steps...)
	seen, failed := marks(t, dsn), 0
	for n, err := range errs {
		if (err == nil) != seen[name(n)] {
			t.Errorf("step %d was answered %v, and its row is there: %v", n, err, seen[name(n)])
		}
		if err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("the disk was never full: this test shows nothing")
	}
	limit("1000000")
	if err := db.Step(patiently(t), func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, name(999)) }); err != nil {
		t.Error("after there was room again:", err)
	}
}

// A step that leaves the connection in a bad state must not leave it to the next.
func TestWriterRecoversFromAStepThatEndsTheTransaction(t *testing.T) {
	for _, statement := range []string{`ROLLBACK`, `COMMIT`} {
		t.Run(statement, func(t *testing.T) {
			dsn := storetest.DSN(t, store.SQLite)
			db := storetest.Open(t, dsn)
			errs := together(t, db,
				func(ctx context.Context, tx *store.Tx) error {
					_, err := tx.ExecContext(ctx, `PRAGMA busy_timeout = 1; `+statement)
					return err
				},
				func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, "neighbour") })
			if errs[1] == nil != marks(t, dsn)["neighbour"] {
				t.Errorf("the neighbour was answered %v, against its row", errs[1])
			}
			err := db.Step(patiently(t), func(ctx context.Context, tx *store.Tx) error {
				var timeout int
				if err := tx.QueryRowContext(ctx, `PRAGMA busy_timeout`).Scan(&timeout); err != nil || timeout != 5000 {
					t.Errorf("the next transaction runs on the connection that was left behind: busy_timeout %d, %v", timeout, err)
				}
				return mark(ctx, tx, "next")
			})
			if err != nil {
				t.Error("the step after it:", err)
			}
		})
	}
}

func TestCloseWhileStepsWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deskauth.db")
	db, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.MigrateIssuer(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := patiently(t)
	release, held := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := db.Step(ctx, func(ctx context.Context, tx *store.Tx) error {
			close(held)
			<-release
			return mark(ctx, tx, "running")
		}); err != nil {
			t.Error("the step that was running at Close:", err)
		}
	})
	<-held
	const waiting = 200 // more than share a transaction
	errs := make([]error, waiting)
	for n := range waiting {
		all.Go(func() {
			errs[n] = db.Step(ctx, func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, fmt.Sprint(n)) })
		})
	}
	for db.Waiting() < waiting && ctx.Err() == nil {
		runtime.Gosched()
	}
	var late [16]error // at the same time as Close
	all.Go(func() {
		if err := db.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	for range 10_000 { // so that Close has begun
		runtime.Gosched()
	}
	for n := range late {
		all.Go(func() {
			late[n] = db.Step(ctx, func(ctx context.Context, tx *store.Tx) error { return mark(ctx, tx, fmt.Sprint("late ", n)) })
		})
	}
	close(release)
	all.Wait()

	seen := marks(t, "sqlite:"+path)
	if !seen["running"] {
		t.Error("the step that was running at Close was answered and is gone")
	}
	for n, err := range errs {
		if err != nil || !seen[fmt.Sprint(n)] {
			t.Errorf("step %d, handed in before Close: %v, committed: %v", n, err, seen[fmt.Sprint(n)])
		}
	}
	for n, err := range late {
		if err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("late step %d: %v", n, err)
		}
		if (err == nil) != seen[fmt.Sprint("late ", n)] {
			t.Errorf("late step %d was answered %v, against its row", n, err)
		}
	}
}

func TestStepAfterClose(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			db, err := store.Open(t.Context(), storetest.DSN(t, engine))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Close(), db.Close()); err != nil {
				t.Fatal("close, twice:", err)
			}
			for range 20 {
				err := db.Step(patiently(t), func(context.Context, *store.Tx) error { return nil })
				if err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("got %v", err)
				}
			}
		})
	}
}
