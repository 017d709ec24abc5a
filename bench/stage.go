package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	"modernc.org/sqlite"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
)

// What every stage has.
const (
	subdomain    = "bench"
	identifier   = "bench"
	clientSecret = "bench-secret-that-everybody-knows"
)

// stage is a database with one account, its admin and a confidential client.
type stage struct {
	dsn    string
	client issuer.Client
	rows   *sql.DB // beside the store, to fill and to count
}

// path is the file of a stage on SQLite.
func (s *stage) path() string { return strings.TrimPrefix(s.dsn, "sqlite:") }

func (b *bench) newStage(ctx context.Context, name string) (*stage, error) {
	return openStage(ctx, "sqlite:"+filepath.Join(b.dir, name+".db"))
}

// openStage makes the tables as the issuer does, and plants the client.
func openStage(ctx context.Context, dsn string) (*stage, error) {
	db, err := store.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	if err := errors.Join(db.MigrateIssuer(ctx), db.MigrateDesk(ctx)); err != nil {
		return nil, err
	}
	const admin = "admin@bench.example"
	plot, err := db.Issuer().Plant(ctx, issuer.Plot{
		Account: issuer.Account{
			Subdomain: subdomain, Name: "Bench", Era: issuer.Enforced, BasicAuth: issuer.BasicAllowed,
			TokenFormat: issuer.Opaque, Chat: issuer.ChatWithSupport, Plan: issuer.PlanNone, Created: time.Now(),
		},
		Users: []issuer.User{{Email: admin, Name: "Ada Admin", Role: issuer.Admin}},
		Clients: []issuer.Client{{
			Product: issuer.Support, Identifier: identifier, Name: "Bench", Kind: issuer.Confidential,
			RedirectURIs: []string{"http://localhost:8080/"},
			Secrets:      []issuer.ClientSecret{{Digest: secret.Of(clientSecret).Digest()}},
		}},
	}, admin)
	if err != nil {
		return nil, err
	}
	s := &stage{dsn: dsn, client: plot.Clients[0]}
	name, source := "pgx", dsn
	if db.Engine() == store.SQLite {
		name, source = "sqlite", "file:"+s.path()+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=cache_size(-1000000)"
	}
	if s.rows, err = sql.Open(name, source); err != nil {
		return nil, err
	}
	s.rows.SetMaxOpenConns(1)
	return s, nil
}

func (s *stage) close() { _ = s.rows.Close() }

func init() {
	// PostgreSQL has it, SQLite does not: tokens are filled in by SQL alone.
	sqlite.MustRegisterDeterministicScalarFunction("sha256", 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, _ := args[0].(string)
		d := sha256.Sum256([]byte(text))
		return d[:], nil
	})
}

// The names of the tokens that fill adds, from 0 on. Any text can be a token: the
// table keeps digests.
func accessToken(n int) string  { return fmt.Sprintf("access-%d", n) }
func refreshToken(n int) string { return fmt.Sprintf("refresh-%d", n) }

// live is how long the tokens live that fill adds.
const live = 30 * 24 * time.Hour

// fill adds n tokens from 0 on, as pairs; endsAt is an expression of n, in Unix
// microseconds.
//
// They come in the order of their digests: the index by which they are found is
// then written from its one end to the other, and not all over.
func (s *stage) fill(ctx context.Context, on execer, n int, endsAt string) error {
	numbers, digest := `generate_series(0, $1::bigint - 1) AS numbers (n)`, `sha256(convert_to('%s-' || n, 'UTF8'))`
	if s.onSQLite() {
		numbers = `(WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1 - 1) SELECT n FROM numbers) AS numbers`
		digest = `sha256('%s-' || n)`
	}
	c := s.client
	_, err := on.ExecContext(ctx, fmt.Sprintf(`
		INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
			access_digest, access_hint, access_expires_at, refresh_digest, refresh_hint, refresh_expires_at, created_at, end_reason, over_at)
		SELECT %d, 'support', %d, %d, (n * 2654435761) %% 9007199254740991, 1, 'authorization_code', 'read write', 'read write',
			access, 'access-', ends, refresh, 'refresh-', ends, %d, '', ends
		FROM (SELECT n, %s AS access, %s AS refresh, %s AS ends FROM %s) AS tokens
		ORDER BY access`,
		c.Account, c.ID, c.User, time.Now().UnixMicro(),
		fmt.Sprintf(digest, "access"), fmt.Sprintf(digest, "refresh"), endsAt, numbers), n)
	if err != nil {
		return fmt.Errorf("fill in %d tokens: %w", n, err)
	}
	return nil
}

// execer is a database, or a connection to one.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// inFuture is when tokens end that live; for fill.
func inFuture() string { return strconv.FormatInt(time.Now().Add(live).UnixMicro(), 10) }

// count is how many tokens a grant has made.
func (s *stage) count(ctx context.Context, origin string) (n int, err error) {
	err = s.rows.QueryRowContext(ctx, `SELECT count(*) FROM issuer_tokens WHERE origin = $1`, origin).Scan(&n)
	return n, err
}
