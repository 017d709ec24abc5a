package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// table is one of a size, and the issuer that serves it.
type table struct {
	name   string
	stage  *stage
	price  *price
	server *server // nil: it does not run
	rounds int     // how often its tokens were presented
}

// fillTable makes the table at dsn.
func (b *bench) fillTable(ctx context.Context, engine string, t *table, dsn string) (err error) {
	if t.stage, err = openStage(ctx, dsn); err != nil {
		return err
	}
	start := time.Now()
	if err := t.stage.fillUp(ctx, t.price.Tokens); err != nil {
		return err
	}
	t.price.Filled = time.Since(start).Seconds()
	b.say("%s: %d tokens filled in in %.0f s", engine, t.price.Tokens, t.price.Filled)
	return nil
}

// serve starts the issuer of a table.
func (b *bench) serve(ctx context.Context, t *table) (err error) {
	if t.server, err = b.issuerOf(ctx, t.stage); err != nil {
		return err
	}
	t.server.name = fmt.Sprintf("deskauth, %d tokens", t.price.Tokens)
	return nil
}

// remember notes the most memory that an issuer of this table has had.
func (t *table) remember() error {
	_, most, err := t.server.memory()
	t.price.Memory = max(t.price.Memory, most)
	return err
}

func (t *table) stop() {
	if t.server != nil {
		t.server.stop()
		t.server = nil
	}
}

func (t *table) close() {
	t.stop()
	if t.stage == nil {
		return
	}
	t.stage.close()
	if t.stage.onSQLite() {
		_ = os.Remove(t.stage.path()) // gigabytes
	}
}

// warm has the system read all of the table, as much as it keeps: it takes the memory
// of what nobody has read for a while, so that of a table that was filled in over
// minutes some would come from the disk, and of one that was filled in in seconds none.
func (s *stage) warm(ctx context.Context) error {
	if !s.onSQLite() {
		return all(ctx, s.rows, []string{
			`CREATE EXTENSION IF NOT EXISTS pg_prewarm`,
			`SELECT pg_prewarm(oid, 'read') FROM pg_class WHERE relname LIKE 'issuer_tokens%' AND relkind IN ('r', 'i')`,
		})
	}
	f, err := os.Open(s.path())
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

// isOver tells which tokens fillUp lets be over: each tenth batch.
func isOver(t int) bool { return t/batch%overOf == overOf-1 }

// fillUp fills in n tokens, of which some are over.
func (s *stage) fillUp(ctx context.Context, n int) error {
	conn, err := s.rows.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Whoever pulls the plug now begins anew; and each row names the same client.
	before := []string{`PRAGMA synchronous = OFF`, `PRAGMA journal_mode = OFF`, `PRAGMA foreign_keys = OFF`}
	after := []string{`PRAGMA journal_mode = WAL`, `PRAGMA synchronous = FULL`, `PRAGMA foreign_keys = ON`} // nobody analyzes there
	if !s.onSQLite() {
		drops, creates, err := indexes(ctx, conn)
		if err != nil {
			return err
		}
		before = append(drops, `SET session_replication_role = replica`, `SET synchronous_commit = off`, `SET maintenance_work_mem = '1GB'`)
		after = append(creates, `RESET ALL`, `VACUUM (ANALYZE) issuer_tokens`, `CHECKPOINT`)
	}
	if err := all(ctx, conn, before); err != nil {
		return err
	}
	if err := s.fill(ctx, conn, n, isOver); err != nil {
		return err
	}
	if err := all(ctx, conn, after); err != nil || !s.onSQLite() {
		return err
	}
	return s.sync()
}

// sync waits until what was filled in is on the disk, lest that be done while the
// server is measured.
func (s *stage) sync() error {
	f, err := os.OpenFile(s.path(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// all carries out statements, one after the other.
func all(ctx context.Context, on execer, statements []string) error {
	for _, statement := range statements {
		if _, err := on.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// indexes returns, for PostgreSQL, how to drop those of the tokens, but for that of
// id, and how to make them again: there that is faster than to fill them in order.
func indexes(ctx context.Context, conn *sql.Conn) (drops, creates []string, err error) {
	rows, err := conn.QueryContext(ctx, `
		SELECT 'ALTER TABLE issuer_tokens DROP CONSTRAINT ' || conname,
			'ALTER TABLE issuer_tokens ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
		FROM pg_constraint WHERE conrelid = 'issuer_tokens'::regclass AND contype = 'u'
		UNION ALL
		SELECT 'DROP INDEX ' || indexname, indexdef
		FROM pg_indexes WHERE tablename = 'issuer_tokens' AND indexname LIKE 'issuer_tokens_by%'`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var drop, create string
		if err := rows.Scan(&drop, &create); err != nil {
			return nil, nil, err
		}
		drops, creates = append(drops, drop), append(creates, create)
	}
	return drops, creates, rows.Err()
}

func (s *stage) onSQLite() bool { return strings.HasPrefix(s.dsn, "sqlite:") }

// over counts what waits to be pruned.
func (s *stage) over(ctx context.Context) (n int, err error) {
	err = s.rows.QueryRowContext(ctx, `SELECT count(*) FROM issuer_tokens WHERE over_at < $1`, time.Now().Add(-24*time.Hour).UnixMicro()).Scan(&n)
	return n, err
}
