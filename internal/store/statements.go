package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statements compiles each SQL text once for as long as its connection or
// handle lives: modernc compiles anew for every call otherwise. A nil
// *statements compiles nothing.
type statements struct {
	on interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}

	mu    sync.RWMutex
	known map[string]*sql.Stmt
}

// get returns the compiled statement, or nil when it does not compile: the
// caller then runs the text, and meets the error.
func (s *statements) get(ctx context.Context, query string) *sql.Stmt {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	stmt := s.known[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.known[query]; stmt != nil {
		return stmt
	}
	// The statement outlives the request that first needed it.
	stmt, err := s.on.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil
	}
	if s.known == nil {
		s.known = map[string]*sql.Stmt{}
	}
	s.known[query] = stmt
	return stmt
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stmt := range s.known {
		_ = stmt.Close()
	}
	s.known = nil
}

// reader runs queries beside the writer.
type reader struct {
	db       *sql.DB
	prepared *statements // nil on PostgreSQL, whose driver keeps its own
	pgx      bool        // the driver is pgx's
}

func postgresReader(db *sql.DB) reader {
	_, ours := db.Driver().(*stdlib.Driver)
	return reader{db: db, pgx: ours}
}

func (r reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := r.prepared.get(ctx, query); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return r.db.QueryContext(ctx, query, args...)
}

func (r reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := r.prepared.get(ctx, query); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return r.db.QueryRowContext(ctx, query, args...)
}

// byValues are the arguments of a query that PostgreSQL is to plan for them, each time.
// One that the driver keeps prepared it soon plans for values that it does not know: it
// then takes what few connections have for what thousands have, and walks past all. The
// driver takes how a query is run from in front of its arguments.
func (r reader) byValues(args []any) []any {
	if !r.pgx {
		return args
	}
	return slices.Insert(args, 0, any(pgx.QueryExecModeCacheDescribe))
}
