package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
)

// A broker that served a database after its move would renew the tokens that another
// renews where they went, and each would end the other's. So the file is marked, and
// no broker opens it any more:
//
//	rows are copied and looked at ──► the mark ──► the target's commit ──► the mark: over
//	in the target's transaction       of the file  with a receipt          of the file
//
// Whoever dies after the mark leaves a file that nobody serves. The next move finds by
// the receipt whether the commit came about: then it is over, otherwise it is done anew.

// movedName is the setting of a file that was moved; receiptName is that of where it
// went: the id of the move.
const (
	movedName   = "moved"
	receiptName = "moved from"
)

// Errors of the mark.
var (
	ErrMovedBefore = errors.New("it is moved there already") // by its receipt
	ErrNotMoved    = errors.New("it was not moved, and is served as it is")
)

// MovedAway says that a database was moved to another, and is not to be served. Its
// text says what to do.
type MovedAway struct {
	Path string // of the file
	To   string // where it went, without a password
	At   time.Time
	Over bool // whether the move was seen to its end
}

func (e *MovedAway) Error() string {
	back := "deskauth broker move --back --from sqlite:" + e.Path
	at := e.At.UTC().Format("2006-01-02 15:04 UTC")
	if !e.Over {
		return fmt.Sprintf("the database %s was being moved to %s at %s, and the end of that was not seen: run the same `deskauth broker move` again; or, to stay with this one, `%s`",
			e.Path, e.To, at, back)
	}
	return fmt.Sprintf("the database %s was moved to %s at %s: serve that one, for each would end the tokens that the other renews; or, to come back to this one, stop that one for good and run `%s`",
		e.Path, e.To, at, back)
}

// movedMark is the value of the setting.
type movedMark struct {
	ID   string `json:"id"`
	To   string `json:"to"`
	At   int64  `json:"at"` // microseconds
	Over bool   `json:"over"`
}

// mark returns the mark of a file; the absent one, with the id "", when it has none.
func (d *DB) mark(ctx context.Context) (m movedMark, err error) {
	var value []byte
	err = d.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, movedName).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	} else if err != nil {
		return m, err
	}
	return m, json.Unmarshal(value, &m)
}

// movedAway returns *MovedAway for a file that is marked.
func (d *DB) movedAway(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	m, err := d.mark(ctx)
	if err != nil || m.ID == "" {
		return err
	}
	return &MovedAway{d.path, m.To, since(m.At), m.Over}
}

// movedBefore decides whether a file can be moved to a target. One that was moved
// elsewhere cannot: its tokens would be served in two places. The error may be
// ErrMovedBefore or *MovedAway.
func (d *DB) movedBefore(ctx context.Context, target *DB, named string) error {
	m, err := d.mark(ctx)
	if err != nil || m.ID == "" {
		return err
	}
	there, err := target.arrived(ctx, m.ID)
	switch {
	case err != nil:
		return err
	case there:
		m.Over = true
		return errors.Join(ErrMovedBefore, d.keepMark(ctx, m))
	case m.Over || m.To != named:
		return d.movedAway(ctx)
	}
	return nil // it was cut off before anything was there
}

// keepMark marks a file, in place of a mark that it has.
func (d *DB) keepMark(ctx context.Context, m movedMark) error {
	value, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return d.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, movedName, value)
		return err
	})
}

// MoveBack takes the mark of a move from a file, so that brokers serve it again, and
// returns where it was moved. The error may be ErrNotMoved.
func (d *DB) MoveBack(ctx context.Context) (*MovedAway, error) {
	var was *MovedAway
	if err := d.movedAway(ctx); err == nil {
		return nil, ErrNotMoved
	} else if !errors.As(err, &was) {
		return nil, err
	}
	return was, d.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `DELETE FROM broker_settings WHERE name = $1`, movedName)
		return err
	})
}

// receipt leaves the id of a move at its target, in its transaction. The mark, where an
// earlier try left one in the file, came along.
func receipt(ctx context.Context, t pgx.Tx, id string) error {
	if _, err := t.Exec(ctx, `DELETE FROM broker_settings WHERE name = $1`, movedName); err != nil {
		return err
	}
	_, err := t.Exec(ctx, `INSERT INTO broker_settings (name, value) VALUES ($1, $2)`, receiptName, []byte(id))
	return err
}

// arrived tells whether the database has the receipt of a move.
func (d *DB) arrived(ctx context.Context, id string) (bool, error) {
	var found []byte
	err := d.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, receiptName).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil && string(found) == id, err
}

// withoutPassword names a PostgreSQL database to people.
func withoutPassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		return "a PostgreSQL database"
	}
	named := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if user := u.User.Username(); user != "" {
		named.User = url.User(user)
	}
	return named.String()
}
