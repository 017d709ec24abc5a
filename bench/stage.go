package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
	_ "modernc.org/sqlite"             // the "sqlite" driver

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

// The names of the tokens that fill adds, from 0 on. Any text can be a token: the
// table keeps digests.
func accessToken(n int) string  { return fmt.Sprintf("access-%d", n) }
func refreshToken(n int) string { return fmt.Sprintf("refresh-%d", n) }

// live is how long the tokens live that fill adds.
const live = 30 * 24 * time.Hour

// fill adds n tokens from 0 on, as pairs; over tells which of them are over
// already.
//
// They come in rounds, and in each in the order of their digests: so the indexes of
// SQLite are written from one end to the other and not all over, and yet their pages
// are as loosely filled as digests leave them that come in no order. A row's two
// digests are of different tokens, since each is the next in its order.
func (s *stage) fill(ctx context.Context, on execer, n int, over func(token int) bool) error {
	for round := range fillRounds {
		access, refresh := digestsOf(accessToken, round, n), digestsOf(refreshToken, round, n)
		for from := 0; from < len(access); from += fillBatch {
			to := min(from+fillBatch, len(access))
			if err := s.fillIn(ctx, on, from*fillRounds+round, access[from:to], refresh[from:to], over); err != nil {
				return fmt.Errorf("fill in tokens %d to %d of %d: %w", from, to, n, err)
			}
		}
	}
	return nil
}

const (
	fillRounds = 2
	fillBatch  = 10_000
)

// digested is a token's digest.
type digested struct {
	token  int
	digest [sha256.Size]byte
}

// digestsOf are those of a round, in order.
func digestsOf(name func(int) string, round, n int) []digested {
	all := make([]digested, 0, n/fillRounds+1)
	for t := round; t < n; t += fillRounds {
		all = append(all, digested{t, sha256.Sum256([]byte(name(t)))})
	}
	slices.SortFunc(all, func(a, b digested) int { return bytes.Compare(a.digest[:], b.digest[:]) })
	return all
}

// fillIn adds one batch by one statement, which takes the digests out of one long
// value: any other way costs several times as much.
func (s *stage) fillIn(ctx context.Context, on execer, family int, access, refresh []digested, over func(token int) bool) error {
	numbers, bytesOf := `generate_series(0, $1::int - 1) AS numbers (n)`, "::bytea"
	if s.onSQLite() {
		bytesOf = ""
		numbers = `(WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1 - 1) SELECT n FROM numbers) AS numbers`
	}
	var accesses, refreshes []byte
	flags := []byte{1} // the first is what the others are compared with
	for n := range access {
		accesses, refreshes = append(accesses, access[n].digest[:]...), append(refreshes, refresh[n].digest[:]...)
		flag := byte(0)
		if over(access[n].token) {
			flag = 1
		}
		flags = append(flags, flag)
	}
	now := time.Now()
	ends := fmt.Sprintf(`CASE WHEN substr($4%[1]s, n + 2, 1) = substr($4%[1]s, 1, 1) THEN %[2]d ELSE %[3]d END`, bytesOf, now.Add(-2*24*time.Hour).UnixMicro(), now.Add(live).UnixMicro())
	_, err := on.ExecContext(ctx, fmt.Sprintf(`
		INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
			access_digest, access_hint, access_expires_at, refresh_digest, refresh_hint, refresh_expires_at, created_at, end_reason, over_at)
		SELECT %[1]d, 'support', %[2]d, %[3]d, %[4]d + %[5]d * CAST(n AS BIGINT), 1, 'authorization_code', 'read write', 'read write',
			substr($2%[7]s, 32 * n + 1, 32), 'access-', ends, substr($3%[7]s, 32 * n + 1, 32), 'refresh-', ends, %[6]d, '', ends
		FROM (SELECT n, %[8]s AS ends FROM %[9]s) AS tokens`,
		s.client.Account, s.client.ID, s.client.User, family*familyGap, fillRounds*familyGap, now.UnixMicro(), bytesOf, ends, numbers),
		len(access), accesses, refreshes, flags)
	return err
}

// familyGap spreads the families over all the numbers that there are (2^53), so that
// new ones, which are random, come to lie between.
const familyGap = 1 << 29

// none is for fill: no token is over.
func none(int) bool { return false }

// execer is a database, or a connection to one.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// count is how many tokens a grant has made.
func (s *stage) count(ctx context.Context, origin string) (n int, err error) {
	err = s.rows.QueryRowContext(ctx, `SELECT count(*) FROM issuer_tokens WHERE origin = $1`, origin).Scan(&n)
	return n, err
}
