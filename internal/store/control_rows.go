package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/control"
)

// The tables of the issuer and the desk are found in the database's catalogue, in
// the order in which they were made: a foreign key names an older table. So a
// snapshot has every table there is, and cannot forget a new one. The engines have
// catalogues of their own: this is the one file whose statements differ.

// Dump returns the rows in the order of their keys: the same rows are always the
// same dump.
func (s controlStore) Dump(ctx context.Context) (tables []control.Table, err error) {
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		tables = nil // a step may be run again
		names, err := s.tables(ctx, t, "SHARE ROW EXCLUSIVE")
		if err != nil {
			return err
		}
		for _, name := range names {
			table, err := s.dumpTable(ctx, t, name)
			if err != nil {
				return fmt.Errorf("dump %s: %w", name, err)
			}
			tables = append(tables, table)
		}
		return nil
	})
	return tables, err
}

// tables returns the names, and keeps writers away from them for this step: SQLite
// has one writer anyway.
func (s controlStore) tables(ctx context.Context, t *tx, mode string) ([]string, error) {
	catalogue := `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid`
	if s.db.engine == Postgres {
		catalogue = `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.oid`
	}
	rows, err := t.QueryContext(ctx, catalogue)
	names, err := collect(rows, err, func(row scanner) (name string, err error) { return name, row.Scan(&name) })
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		ours := strings.HasPrefix(name, "issuer_") || strings.HasPrefix(name, "desk_")
		return !ours || strings.HasSuffix(name, "_migrations")
	})
	if s.db.engine == Postgres && len(names) > 0 {
		_, err = t.ExecContext(ctx, `LOCK TABLE `+strings.Join(names, ", ")+` IN `+mode+` MODE`)
	}
	return names, err
}

func (s controlStore) dumpTable(ctx context.Context, t *tx, name string) (table control.Table, err error) {
	if table.Next, err = s.next(ctx, t, name); err != nil {
		return table, err
	}
	columns, err := s.columns(ctx, t, name)
	if err != nil {
		return table, err
	}
	order := strings.Join(columns[:min(3, len(columns))], ", ")
	rows, err := t.QueryContext(ctx, `SELECT `+strings.Join(columns, ", ")+` FROM `+name+` ORDER BY `+order)
	table.Name, table.Columns = name, columns
	table.Rows, err = collect(rows, err, func(row scanner) (control.Row, error) {
		values, places := make(control.Row, len(columns)), make([]any, len(columns))
		for n := range values {
			places[n] = &values[n]
		}
		return values, row.Scan(places...)
	})
	return table, err
}

func (s controlStore) columns(ctx context.Context, t *tx, name string) ([]string, error) {
	rows, err := t.QueryContext(ctx, `SELECT * FROM `+name+` LIMIT 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	return columns, rows.Err()
}

// next is the number that the database would give next, or 0 where it gives none.
func (s controlStore) next(ctx context.Context, t *tx, name string) (next int64, err error) {
	if s.db.engine == SQLite {
		err = t.QueryRowContext(ctx, `SELECT seq + 1 FROM sqlite_sequence WHERE name = $1`, name).Scan(&next)
		return next, found(err, nil)
	}
	var sequence sql.NullString
	err = t.QueryRowContext(ctx, `SELECT pg_get_serial_sequence(c.table_name, c.column_name) FROM information_schema.columns c
		WHERE c.table_schema = current_schema() AND c.table_name = $1 AND c.is_identity = 'YES'`, name).Scan(&sequence)
	if err != nil || !sequence.Valid {
		return 0, found(err, nil)
	}
	err = t.QueryRowContext(ctx, `SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM `+sequence.String).Scan(&next)
	return next, err
}

func (s controlStore) Restore(ctx context.Context, tables []control.Table) error {
	return s.db.stepThen(ctx, s.db.recent.forgetAll, func(ctx context.Context, t *tx) error {
		names, err := s.tables(ctx, t, "ACCESS EXCLUSIVE")
		if err != nil {
			return err
		}
		for _, given := range tables {
			if !slices.Contains(names, given.Name) {
				return &control.Invalid{Field: "tables", Why: "the snapshot is of another version: this one has no such table as it names"}
			}
		}
		for _, name := range slices.Backward(names) {
			if _, err := t.ExecContext(ctx, `DELETE FROM `+name); err != nil {
				return err
			}
		}
		for _, name := range names {
			if err := s.restoreTable(ctx, t, name, tables); err != nil {
				return err
			}
		}
		return nil
	})
}

// restoreTable fills one table. What it puts into the text of a statement are the
// catalogue's own names, never those of the snapshot.
func (s controlStore) restoreTable(ctx context.Context, t *tx, name string, tables []control.Table) error {
	columns, err := s.columns(ctx, t, name)
	if err != nil {
		return err
	}
	next := int64(1)
	if at := slices.IndexFunc(tables, func(v control.Table) bool { return v.Name == name }); at >= 0 {
		given := tables[at]
		if !slices.Equal(given.Columns, columns) {
			return &control.Invalid{Field: name, Why: "the snapshot is of another version: its columns are not those of this one"}
		}
		next = max(1, given.Next)
		for _, row := range given.Rows {
			if len(row) != len(columns) {
				return &control.Invalid{Field: name, Why: "a row has not as many values as there are columns"}
			}
			if _, err := t.ExecContext(ctx, insertInto(name, columns), row...); err != nil {
				return &control.Invalid{Field: name, Why: err.Error()}
			}
		}
	}
	return s.restart(ctx, t, name, next)
}

func insertInto(name string, columns []string) string {
	places := make([]string, len(columns))
	for n := range places {
		places[n] = fmt.Sprintf("$%d", n+1)
	}
	return `INSERT INTO ` + name + ` (` + strings.Join(columns, ", ") + `) VALUES (` + strings.Join(places, ", ") + `)`
}

// restart has the database give a number next, where it gives any.
func (s controlStore) restart(ctx context.Context, t *tx, name string, next int64) error {
	if s.db.engine == SQLite {
		// Rows with numbers of their own have moved it; a table without has none.
		if _, err := t.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = $1`, name); err != nil || next == 1 {
			return err
		}
		_, err := t.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, name, next-1)
		return err
	}
	var column string
	err := t.QueryRowContext(ctx, `SELECT column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'`, name).Scan(&column)
	if err != nil {
		return found(err, nil)
	}
	_, err = t.ExecContext(ctx, fmt.Sprintf(`ALTER TABLE %s ALTER COLUMN %s RESTART WITH %d`, name, column, next))
	return err
}
