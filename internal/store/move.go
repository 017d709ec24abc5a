package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Errors of a move.
var (
	ErrMoveEngines = errors.New("a move is from SQLite to PostgreSQL")
	ErrNotEmpty    = errors.New("the database that it is to move to holds a broker's rows already")
)

// Moved is how many rows of a table a move has copied and looked at.
type Moved struct {
	Table string
	Rows  int
}

// notMoved are tables whose rows are about the old database: its version, and the
// processes that served it.
var notMoved = []string{"broker_migrations", "broker_keyholders"}

// MoveBroker copies every row of the broker's tables from a SQLite file, which the
// caller holds (Hold), to PostgreSQL: what was there at one moment, in one
// transaction, which is committed only when each row that is there is as it was. Both
// have all tables. The file is marked (MovedAway), and no broker serves it any more;
// the mark names the target by its dsn, without the password. A move that was cut off
// is gone on with by another, which may find it done: ErrMovedBefore.
func MoveBroker(ctx context.Context, from, to *DB, dsn string, now time.Time) ([]Moved, error) {
	if from.engine != SQLite || to.engine != Postgres {
		return nil, ErrMoveEngines
	}
	mark := movedMark{ID: rand.Text(), To: withoutPassword(dsn), At: instant(now)}
	if err := from.movedBefore(ctx, to, mark.To); err != nil {
		return nil, err
	}
	moved, err := copyBroker(ctx, from, to, mark)
	if err != nil {
		return nil, err
	}
	mark.Over = true
	return moved, from.keepMark(ctx, mark)
}

// copyBroker marks the file when each row was looked at, and then commits.
func copyBroker(ctx context.Context, from, to *DB, mark movedMark) ([]Moved, error) {
	source, err := from.reads.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = source.Rollback() }()
	tables, err := brokerTables(ctx, source)
	if err != nil {
		return nil, err
	}
	conn, err := to.writes.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var moved []Moved
	err = conn.Raw(func(driver any) error {
		target := driver.(*stdlib.Conn).Conn() //nolint:forcetypeassert // the pool's only kind
		return pgx.BeginFunc(ctx, target, func(t pgx.Tx) error {
			m := mover{source, t}
			for _, table := range tables {
				if err := m.empty(ctx, table); err != nil {
					return err
				}
			}
			for _, table := range tables {
				n, err := m.move(ctx, table)
				if err != nil {
					return fmt.Errorf("move the table %s: %w", table.name, err)
				}
				moved = append(moved, Moved{table.name, n})
			}
			if err := receipt(ctx, t, mark.ID); err != nil {
				return err
			}
			return from.keepMark(ctx, mark)
		})
	})
	return moved, err
}

// movedTable is a table, those that its rows name before it.
type movedTable struct {
	name    string
	columns []string
	names   []string // tables
}

func brokerTables(ctx context.Context, t *sql.Tx) ([]movedTable, error) {
	rows, err := t.QueryContext(ctx, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'broker\_%' ESCAPE '\' ORDER BY name`)
	names, err := collect(rows, err, func(row scanner) (name string, err error) { return name, row.Scan(&name) })
	if err != nil {
		return nil, err
	}
	var all []movedTable
	for _, name := range names {
		if slices.Contains(notMoved, name) {
			continue
		}
		table := movedTable{name: name}
		rows, err := t.QueryContext(ctx, `SELECT name FROM pragma_table_info($1) ORDER BY cid`, name)
		if table.columns, err = collect(rows, err, func(row scanner) (c string, err error) { return c, row.Scan(&c) }); err != nil {
			return nil, err
		}
		rows, err = t.QueryContext(ctx, `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1)`, name)
		if table.names, err = collect(rows, err, func(row scanner) (c string, err error) { return c, row.Scan(&c) }); err != nil {
			return nil, err
		}
		all = append(all, table)
	}
	return inOrder(all)
}

// inOrder puts tables behind those that they name.
func inOrder(all []movedTable) (sorted []movedTable, err error) {
	for len(all) > 0 {
		at := slices.IndexFunc(all, func(t movedTable) bool {
			return !slices.ContainsFunc(all, func(other movedTable) bool { return other.name != t.name && slices.Contains(t.names, other.name) })
		})
		if at < 0 {
			return nil, errors.New("tables that name each other cannot be moved one after the other")
		}
		sorted = append(sorted, all[at])
		all = slices.Delete(all, at, at+1)
	}
	return sorted, nil
}

// mover copies tables within a transaction on either side.
type mover struct {
	from *sql.Tx
	to   pgx.Tx
}

func (m mover) empty(ctx context.Context, t movedTable) error {
	var n int
	if err := m.to.QueryRow(ctx, `SELECT count(*) FROM `+t.name).Scan(&n); err != nil || n == 0 {
		return err
	}
	return fmt.Errorf("%w (%d in %s)", ErrNotEmpty, n, t.name)
}

func (m mover) move(ctx context.Context, t movedTable) (int, error) {
	list := strings.Join(t.columns, ", ")
	rows, err := m.from.QueryContext(ctx, `SELECT `+list+` FROM `+t.name) //nolint:gosec,sqlclosecheck // names of the catalogue; closed below
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var sent, found digest
	if _, err := m.to.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		values := make([]any, len(t.columns))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		sent.add(values)
		return values, nil
	})); err != nil {
		return 0, err
	}
	arrived, err := m.to.Query(ctx, `SELECT `+list+` FROM `+t.name)
	if err != nil {
		return 0, err
	}
	defer arrived.Close()
	for arrived.Next() {
		values, err := arrived.Values()
		if err != nil {
			return 0, err
		}
		found.add(values)
	}
	if err := arrived.Err(); err != nil {
		return 0, err
	}
	if sent != found {
		return 0, fmt.Errorf("%d rows were sent and %d came, or not as they were: nothing is moved", sent.rows, found.rows)
	}
	return sent.rows, m.number(ctx, t)
}

// number has new rows go on where the file's numbers ended: those of rows that are gone
// are not given again.
func (m mover) number(ctx context.Context, t movedTable) error {
	var last int64
	err := m.from.QueryRowContext(ctx, `SELECT seq FROM sqlite_sequence WHERE name = $1`, t.name).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	_, err = m.to.Exec(ctx, fmt.Sprintf(`ALTER TABLE %s ALTER COLUMN id RESTART WITH %d`, t.name, last+1))
	return err
}

// digest is a sum over rows in any order, in which each counts with all its values.
type digest struct {
	rows int
	sum  [4]uint64
}

func (d *digest) add(values []any) {
	var row bytes.Buffer
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			row.WriteByte('n')
		case []byte:
			fmt.Fprintf(&row, "b%d:%s", len(v), v)
		case string:
			fmt.Fprintf(&row, "s%d:%s", len(v), v)
		default:
			fmt.Fprintf(&row, "i%v;", v)
		}
	}
	h := sha256.Sum256(row.Bytes())
	d.rows++
	for i := range d.sum {
		d.sum[i] += binary.BigEndian.Uint64(h[8*i:])
	}
}
