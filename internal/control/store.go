package control

import "context"

// Store keeps what all replicas of a demo issuer must agree on. Each method is
// one atomic step and decides nothing.
type Store interface {
	// Clock returns the clock; its zero value when it was never set.
	Clock(ctx context.Context) (Clock, error)
	// SwapClock puts next in the place of old, or returns ErrConflict.
	SwapClock(ctx context.Context, old, next Clock) error

	// Dump returns all rows of the issuer and the desk, of one moment. The clock is
	// not among them.
	Dump(ctx context.Context) ([]Table, error)
	// Restore puts these rows in the place of all there are. A table that is not
	// named is emptied, and its numbers begin at 1. *Invalid says that the rows are
	// those of another version's tables.
	Restore(ctx context.Context, tables []Table) error
}

// Table is all rows of a table. Those that others name come first.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    []Row    `json:"rows"`
	// Next is the number of the next row, where the database gives numbers; else 0.
	Next int64 `json:"next,omitempty"`
}

// Row is its values in the order of the columns: nil, int64, string or []byte.
type Row []any
