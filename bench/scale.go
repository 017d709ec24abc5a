package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
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
	s := scale{Engine: engine, Tokens: b.tokens}
	tables := []*table{{name: "small", price: &s.Small}, {name: "full", price: &s.Full}}
	tables[0].price.Tokens, tables[1].price.Tokens = min(small, b.tokens), b.tokens
	defer func() {
		for _, t := range tables {
			t.close()
		}
	}()
	for _, t := range tables {
		at, err := dsn(t.name)
		if err != nil {
			return err
		}
		if err := b.fillTable(ctx, engine, t, at); err != nil {
			return err
		}
	}
	if err := b.compare(ctx, &s, tables); err != nil {
		return err
	}
	if b.pruning {
		if err := b.whilePruning(ctx, tables[1]); err != nil {
			return err
		}
	}
	b.report.Scale = append(b.report.Scale, s)
	return nil
}

// price is what a table of a size costs.
type price struct {
	Tokens  int     `json:"tokens"`
	Filled  float64 `json:"filled_in_seconds"`
	LookUp  figure  `json:"look_up"`
	Steady  figure  `json:"look_up_steady"` // at a rate that both tables keep up with
	Issue   figure  `json:"issue"`
	Memory  int64   `json:"memory_bytes"` // resident, the most it was
	Calm    figure  `json:"calm"`         // look-ups and issuance together, nothing being pruned
	Pruning figure  `json:"pruning"`      // the same while tokens are pruned
	Pruned  int     `json:"pruned"`
}

// scale is one engine's. The shares are those of the full table of the small one.
type scale struct {
	Engine string  `json:"engine"`
	Tokens int     `json:"tokens"`
	Small  price   `json:"small"`
	Full   price   `json:"full"`
	LookUp float64 `json:"look_up"`
	Steady float64 `json:"look_up_steady"`
	Issue  float64 `json:"issue"`
}

// steady is how many look-ups a second begin where the rate is the same.
const steady = 1000

// compare measures the tables side by side.
func (b *bench) compare(ctx context.Context, s *scale, tables []*table) (err error) {
	looking := func(t *table) func(int) load.Script {
		t.rounds++
		round := uint64(t.rounds)
		return func(c int) load.Script { return newLooking(t.server.addr, t.price.Tokens, round, c) }
	}
	once := *b
	once.runs = 1
	if s.LookUp, err = b.alternate(ctx, "look up", 0, tables, looking, func(p *price) *figure { return &p.LookUp }); err != nil {
		return err
	}
	if s.Steady, err = once.alternate(ctx, "look up, 1000 a second", steady, tables, looking, func(p *price) *figure { return &p.Steady }); err != nil {
		return err
	}
	issue := func(t *table) func(int) load.Script { return issuing(t.server.addr) }
	s.Issue, err = b.alternate(ctx, "issue at scale", 0, tables, issue, func(p *price) *figure { return &p.Issue })
	return err
}

// alternate measures one table, the other, and again: what the machine does to one
// it does to both. It returns the median of the shares of the rounds, each of a full
// table in the small one that was measured with it.
func (b *bench) alternate(ctx context.Context, line string, rate int, tables []*table,
	script func(*table) func(int) load.Script, of func(*price) *figure,
) (share float64, err error) {
	for _, t := range tables {
		t.stop()
		if err := t.stage.warm(ctx); err != nil {
			return 0, err
		}
	}
	var shares []float64
	for range b.runs {
		for _, t := range tables {
			r, err := b.onTable(ctx, line, rate, t, script)
			if err != nil {
				return 0, err
			}
			of(t.price).Runs = append(of(t.price).Runs, r)
		}
		last := func(t *table) float64 { runs := of(t.price).Runs; return runs[len(runs)-1].PerCPU }
		shares = append(shares, last(tables[1])/last(tables[0]))
	}
	for _, t := range tables {
		f := of(t.price)
		f.Line, f.Server = line, t.server.name
		b.settleOn(f)
		t.stop()
	}
	return median(shares, cmp.Compare[float64]), nil
}

// onTable is one run. The issuer is started anew before it would prune.
func (b *bench) onTable(ctx context.Context, line string, rate int, t *table, script func(*table) func(int) load.Script) (r run, err error) {
	if t.server != nil && time.Since(t.server.started)+b.each > pruneAfter-time.Second {
		t.stop()
	}
	fresh := t.server == nil
	if fresh {
		if err := b.serve(ctx, t); err != nil {
			return r, err
		}
	}
	all := scripts(script(t))
	if fresh {
		if _, err = load.RunAt(ctx, t.server.addr, b.warm, rate, all); err != nil {
			return r, fmt.Errorf("%s at %s: %w", line, t.server.name, err)
		}
	}
	if r, err = b.once(ctx, t.server, rate, all); err != nil {
		return r, fmt.Errorf("%s at %s: %w", line, t.server.name, err)
	}
	return r, t.remember()
}

// pruneAfter is when an issuer prunes for the first time.
const pruneAfter = time.Minute

// whilePruning compares the tail of the latency before and while the issuer prunes.
func (b *bench) whilePruning(ctx context.Context, t *table) error {
	t.stop()
	if err := t.stage.warm(ctx); err != nil {
		return err
	}
	if err := b.serve(ctx, t); err != nil {
		return err
	}
	mixed := func(c int) load.Script {
		if c%4 == 0 {
			return issuing(t.server.addr)(c)
		}
		return newLooking(t.server.addr, t.price.Tokens, 0, c)
	}
	quiet, p := *b, t.price
	quiet.runs = 1
	var err error
	if p.Calm, _, err = quiet.measure(ctx, "mixed, calm", t.server, mixed); err != nil {
		return err
	}
	sleep(ctx, time.Until(t.server.started.Add(pruneAfter)))
	before, err := t.stage.over(ctx)
	if err != nil {
		return err
	}
	if p.Pruning, _, err = quiet.measure(ctx, "mixed, pruning", t.server, mixed); err != nil {
		return err
	}
	after, err := t.stage.over(ctx)
	p.Pruned = before - after
	return errors.Join(err, t.remember())
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

func newLooking(addr string, n int, round uint64, connection int) *looking {
	return &looking{addr: addr, n: n, order: rand.New(rand.NewPCG(round, uint64(connection))), fixed: fixed{holds: []byte(`"email":`)}} //nolint:gosec // no secret
}

func (l *looking) Next(b []byte) []byte {
	t := l.order.IntN(l.n)
	for isOver(t) {
		t = l.order.IntN(l.n)
	}
	return append(b, get(l.addr, "/api/v2/users/me", accessToken(t))...)
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
