package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/deskauth/deskauth/bench/load"
)

// small is how many tokens the table has that a full one is compared with. They
// are many enough that none is presented twice within the second for which the
// issuer remembers it: both tables are looked into, each time.
const small = 100_000

// Of the tokens of a table each tenth batch is over and waits to be pruned.
const (
	batch  = 1000
	overOf = 10
)

// atScale compares a small table with a full one: look-up, issuance, memory, and
// what pruning does to others.
func (b *bench) atScale(ctx context.Context, engine string, dsn func(name string) (string, error)) error {
	var prices []price
	for _, table := range []struct {
		name string
		n    int
	}{{"small", min(small, b.tokens)}, {"full", b.tokens}} {
		at, err := dsn(table.name)
		if err != nil {
			return err
		}
		st, err := openStage(ctx, at)
		if err != nil {
			return err
		}
		p, err := b.priceOf(ctx, engine, st, table.n, table.name == "full" && b.pruning)
		st.close()
		if err != nil {
			return err
		}
		prices = append(prices, p)
		if path, isFile := strings.CutPrefix(at, "sqlite:"); isFile {
			_ = os.Remove(path) // gigabytes
		}
	}
	b.report.Scale = append(b.report.Scale, scale{
		Engine: engine, Tokens: b.tokens, Small: prices[0], Full: prices[1],
		LookUp: prices[1].LookUp.PerCPU / prices[0].LookUp.PerCPU, Issue: prices[1].Issue.PerCPU / prices[0].Issue.PerCPU,
	})
	return nil
}

// price is what a table of a size costs.
type price struct {
	Tokens  int     `json:"tokens"`
	Filled  float64 `json:"filled_in_seconds"`
	LookUp  figure  `json:"look_up"`
	Issue   figure  `json:"issue"`
	Memory  int64   `json:"memory_bytes"` // resident, the most it was
	Calm    figure  `json:"calm"`         // look-ups and issuance together, nothing being pruned
	Pruning figure  `json:"pruning"`      // the same while tokens are pruned
	Pruned  int     `json:"pruned"`
}

// scale is one engine's.
type scale struct {
	Engine string  `json:"engine"`
	Tokens int     `json:"tokens"`
	Small  price   `json:"small"`
	Full   price   `json:"full"`
	LookUp float64 `json:"look_up"` // the full table's share of the small one's
	Issue  float64 `json:"issue"`
}

func (b *bench) priceOf(ctx context.Context, engine string, st *stage, n int, pruning bool) (p price, err error) {
	start := time.Now()
	if err := st.fillUp(ctx, n); err != nil {
		return p, err
	}
	p.Tokens, p.Filled = n, time.Since(start).Seconds()
	b.say("%s: %d tokens filled in in %.0f s", engine, n, p.Filled)
	began := time.Now()
	s, err := b.issuerOf(ctx, st)
	if err != nil {
		return p, err
	}
	defer s.stop()
	s.name = fmt.Sprintf("deskauth on %s, %d tokens", engine, n)
	if p.LookUp, _, err = b.measure(ctx, "look up", s, func(c int) load.Script { return newLooking(s.addr, n, c) }); err != nil {
		return p, err
	}
	if p.Issue, _, err = b.measure(ctx, "issue at scale", s, issuing(s.addr)); err != nil {
		return p, err
	}
	if pruning {
		if err := b.whilePruning(ctx, st, s, began, &p); err != nil {
			return p, err
		}
	}
	_, p.Memory, err = s.memory()
	return p, err
}

// pruneAfter is when an issuer prunes for the first time.
const pruneAfter = time.Minute

// whilePruning compares the tail of the latency before and while the issuer prunes.
func (b *bench) whilePruning(ctx context.Context, st *stage, s *server, began time.Time, p *price) error {
	mixed := func(c int) load.Script {
		if c%4 == 0 {
			return issuing(s.addr)(c)
		}
		return newLooking(s.addr, p.Tokens, c)
	}
	quiet := *b
	quiet.runs = 1
	var err error
	if time.Since(began)+b.warm+b.each < pruneAfter {
		if p.Calm, _, err = quiet.measure(ctx, "mixed, calm", s, mixed); err != nil {
			return err
		}
		sleep(ctx, time.Until(began.Add(pruneAfter)))
	} else if p.Calm, _, err = quiet.measure(ctx, "mixed, calm or not", s, mixed); err != nil {
		return err
	}
	before, err := st.over(ctx)
	if err != nil {
		return err
	}
	if p.Pruning, _, err = quiet.measure(ctx, "mixed, pruning", s, mixed); err != nil {
		return err
	}
	after, err := st.over(ctx)
	p.Pruned = before - after
	return err
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// looking presents one token after the other, in no order.
type looking struct {
	addr  string
	n     int
	order *rand.Rand
	fixed
}

func newLooking(addr string, n, connection int) *looking {
	return &looking{addr: addr, n: n, order: rand.New(rand.NewPCG(1, uint64(connection))), fixed: fixed{holds: []byte(`"email":`)}} //nolint:gosec // no secret
}

func (l *looking) Next(b []byte) []byte {
	t := l.order.IntN(l.n)
	for isOver(t) {
		t = l.order.IntN(l.n)
	}
	return append(b, get(l.addr, "/api/v2/users/me", accessToken(t))...)
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

// sqliteScale is the part on SQLite.
func (b *bench) sqliteScale(ctx context.Context) error {
	if b.tokens == 0 {
		return nil
	}
	return b.atScale(ctx, "SQLite", func(name string) (string, error) {
		return "sqlite:" + filepath.Join(b.dir, "scale-"+name+".db"), nil
	})
}

// postgresScale is the part on PostgreSQL.
func (b *bench) postgresScale(ctx context.Context) error {
	if b.tokens == 0 || b.postgres == "" {
		return nil
	}
	server, err := sql.Open("pgx", b.postgres)
	if err != nil {
		return err
	}
	defer server.Close()
	var made []string
	defer func() {
		for _, name := range made {
			_, _ = server.ExecContext(context.WithoutCancel(ctx), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		}
	}()
	return b.atScale(ctx, "PostgreSQL", func(name string) (string, error) {
		name = fmt.Sprintf("deskauth_bench_%d_%s", os.Getpid(), name)
		if _, err := server.ExecContext(ctx, `CREATE DATABASE `+name); err != nil {
			return "", err
		}
		made = append(made, name)
		u, err := url.Parse(b.postgres)
		if err != nil {
			return "", err
		}
		u.Path = "/" + name
		return u.String(), nil
	})
}
