package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// The broker that holds its SQLite file (DB.Hold) lends from memory. Nobody else
// serves on that file, but commands may write beside it, and programs that embed the
// broker and came second. So that what it remembers is never stale:
//
//	own steps        drop what they changed, after the commit and before they are answered
//	others' steps    change the mark in broker_settings, in their own transaction, and
//	                 are answered when nobody believes any more what it saw before
//	the holder       looks at the mark each believed, at the latest, and forgets all
//	                 when it has changed
//
// The mark is there while somebody lends from memory, and after a crash until the
// next start: others then wait in vain, no longer than believed.
const lentMark = "lent from memory"

// believed is how long after a look at the mark what is remembered is lent. It is
// machine time, by the monotonic clock.
const believed = 20 * time.Millisecond

// awaited is a little more, so that whoever waits for the last belief to end does
// not come back in the same tick of a coarse clock.
const awaited = believed + 5*time.Millisecond

// lentMost bounds how many connections are remembered, twice over: some 2 KB each, and
// four times that until the garbage is collected.
const lentMost = 2048

// lent is what this process remembers of the connections that it lends. Reading
// takes no lock. Its zero value remembers nothing.
type lent struct {
	until atomic.Int64 // of since zero, in nanoseconds; the mark was looked at so long before
	rows  atomic.Pointer[lentRows]

	mu     sync.Mutex
	on     bool
	mark   []byte
	writes uint64 // how often something was dropped
	count  int    // of the young
}

// lentRows are connections by number. The old ones were put aside when the young
// were many.
type lentRows struct{ young, old *sync.Map }

func (r *lentRows) get(id broker.ConnectionID) *broker.Connection {
	for _, m := range []*sync.Map{r.young, r.old} {
		if v, ok := m.Load(id); ok {
			return v.(*broker.Connection) //nolint:forcetypeassert // nothing else is put there
		}
	}
	return nil
}

var processStart = time.Now()

// monotonic is machine time, in nanoseconds.
func monotonic() int64 { return int64(time.Since(processStart)) }

// Lent returns a connection as Connection does, and whether it is from memory.
func (s brokerStore) Lent(ctx context.Context, id broker.ConnectionID) (c broker.Connection, remembered bool, err error) {
	m := &s.db.lent
	if !m.trusted(ctx, s.db) {
		c, err := s.Connection(ctx, id)
		return c, false, err
	}
	if c := m.rows.Load().get(id); c != nil {
		return *c, true, nil
	}
	m.mu.Lock()
	writes := m.writes
	m.mu.Unlock()
	if c, err = s.Connection(ctx, id); err != nil || c.State != broker.Active {
		return c, false, err
	}
	m.keep(writes, c)
	return c, false, nil
}

// keep remembers a row that was read after `writes`, unless something was dropped
// since: it may be older than that.
func (m *lent) keep(writes uint64, c broker.Connection) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if writes != m.writes || !m.on {
		return
	}
	rows := m.rows.Load()
	if m.count++; m.count > lentMost {
		m.count, rows = 1, &lentRows{young: new(sync.Map), old: rows.young}
		m.rows.Store(rows)
	}
	rows.young.Store(c.ID, &c)
}

// forget drops connections that a step has changed.
func (m *lent) forget(ids ...broker.ConnectionID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	rows := m.rows.Load()
	if rows == nil {
		return
	}
	for _, id := range ids {
		rows.young.Delete(id)
		rows.old.Delete(id)
	}
}

// forgetAll is called with the lock held.
func (m *lent) forgetAll() {
	m.writes++
	m.count = 0
	m.rows.Store(&lentRows{young: new(sync.Map), old: new(sync.Map)})
}

// trusted tells whether what is remembered may be lent now. It looks at the mark
// when that was not done for a while; whoever cannot look reads rows.
func (m *lent) trusted(ctx context.Context, d *DB) bool {
	if monotonic() < m.until.Load() {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := monotonic()
	if !m.on || now < m.until.Load() {
		return m.on
	}
	var mark []byte
	err := d.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, lentMark).Scan(&mark)
	if err != nil {
		return false
	}
	if !bytes.Equal(mark, m.mark) {
		m.mark = mark
		m.forgetAll()
	}
	m.until.Store(now + int64(believed)) // from before the look
	return true
}

// lendFromMemory begins to remember. The broker's tables are there, and the file is
// held.
func (d *DB) lendFromMemory(ctx context.Context) error {
	mark := newMark()
	err := d.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, lentMark, mark)
		return err
	})
	if err != nil {
		return fmt.Errorf("mark the broker's connections as lent from memory: %w", err)
	}
	m := &d.lent
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on, m.mark = true, mark
	m.forgetAll()
	return nil
}

// lendNoMore ends it, while the database is still open and held. Should it fail, the
// mark stays as after a crash.
func (d *DB) lendNoMore() {
	m := &d.lent
	m.mu.Lock()
	was := m.on
	m.on = false
	m.until.Store(0)
	m.forgetAll()
	m.mu.Unlock()
	if was {
		_ = d.step(context.Background(), func(ctx context.Context, t *tx) error {
			_, err := t.ExecContext(ctx, `DELETE FROM broker_settings WHERE name = $1`, lentMark)
			return err
		})
	}
}

func newMark() []byte {
	mark := make([]byte, 16)
	_, _ = rand.Read(mark) // it never fails
	return mark
}

// change is a step that changes what is lent of these connections. Every one that
// writes broker_connections goes through it, but for the notes of when they were used.
func (s brokerStore) change(ctx context.Context, f func(ctx context.Context, t *tx) error, ids ...broker.ConnectionID) error {
	return s.changeThose(ctx, f, func() []broker.ConnectionID { return ids })
}

// changeThose is change where the step finds out which connections it changes.
func (s brokerStore) changeThose(ctx context.Context, f func(ctx context.Context, t *tx) error, ids func() []broker.ConnectionID) error {
	if s.db.engine != SQLite {
		return s.db.step(ctx, f)
	}
	if s.db.held.Load() {
		return s.db.stepThen(ctx, func() { s.db.lent.forget(ids()...) }, f)
	}
	marked := false
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := f(ctx, t); err != nil {
			return err
		}
		err := t.swap(ctx, errNobodyLends, `UPDATE broker_settings SET value = $1 WHERE name = $2`, newMark(), lentMark)
		if errors.Is(err, errNobodyLends) {
			return nil
		}
		marked = err == nil
		return err
	})
	if err == nil && marked {
		select { // it is committed, so that a caller who leaves has lost nothing
		case <-time.After(awaited):
		case <-ctx.Done():
		}
	}
	return err
}

// errNobodyLends says that the mark is not there.
var errNobodyLends = errors.New("nobody lends from memory")
