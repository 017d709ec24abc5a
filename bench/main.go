package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// bench is one run of the benchmark.
type bench struct {
	deskauth string // the binary
	bare     string // the binary
	line     string // the binary
	peers    string // directory of the Go peers' binaries; empty: none
	node     string // directory of the Node peer, installed; empty: none
	doc      string // document that keeps the tables; empty: none
	postgres string // a server on which databases may be made; empty: SQLite alone
	dir      string // databases and logs
	out      string // where the results go
	pin      bool
	runs     int
	warm     time.Duration
	each     time.Duration
	starts   int
	settle   time.Duration
	pruning  bool
	tokens   int
	only     *regexp.Regexp
	say      func(format string, args ...any)

	report report
}

// postgresVariable names the server that withpg has started.
const postgresVariable = "DESKAUTH_TEST_POSTGRES"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := mainE(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func mainE(ctx context.Context) error {
	b := bench{say: func(format string, args ...any) { fmt.Printf(format+"\n", args...) }}
	var only string
	flag.StringVar(&b.deskauth, "deskauth", "build/deskauth", "the `binary` to measure")
	flag.StringVar(&b.bare, "bare", "build/bench/bare", "the bare servers' `binary`")
	flag.StringVar(&b.line, "line", "build/bench/line", "the `binary` that prints one line")
	flag.StringVar(&b.peers, "peers", "", "`directory` of the Go peers' binaries; empty for none")
	flag.StringVar(&b.node, "node", "", "`directory` of the Node peer, with its packages; empty for none")
	flag.StringVar(&b.doc, "doc", "", "`document` whose tables are to be written anew; empty for none")
	flag.StringVar(&b.postgres, "postgres", os.Getenv(postgresVariable), "`URL` of a server for the part at scale; empty for SQLite alone")
	flag.StringVar(&b.out, "out", "build/bench", "`directory` for the results")
	flag.BoolVar(&b.pin, "pin", true, "pin servers to core 0 (pin this process to another by taskset)")
	flag.IntVar(&b.runs, "runs", 3, "`number` of runs, of which the median counts")
	flag.DurationVar(&b.warm, "warm", 2*time.Second, "warm-up")
	flag.DurationVar(&b.each, "each", 8*time.Second, "length of a run")
	flag.IntVar(&b.starts, "starts", 5, "`number` of cold starts, of which the median counts")
	flag.DurationVar(&b.settle, "settle", settle, "idle time before resident memory is read")
	flag.IntVar(&b.tokens, "tokens", 10_000_000, "`number` of tokens of the part at scale; 0 leaves it out")
	flag.BoolVar(&b.pruning, "pruning", true, "wait for the issuer to prune, and measure what that does to others")
	within := flag.Duration("within", 28*time.Minute, "end by then, with what was measured")
	flag.StringVar(&only, "only", "", "`regexp` of the parts to run: "+partNames())
	flag.Parse()
	ctx, cancel := context.WithTimeout(ctx, *within)
	defer cancel()

	var err error
	if b.only, err = regexp.Compile(only); err != nil {
		return err
	}
	if err := os.MkdirAll(b.out, 0o750); err != nil {
		return err
	}
	// Beside the results and not in a temporary directory, which may be memory: the
	// promise is about a disk.
	if b.dir, err = os.MkdirTemp(b.out, "run-"); err != nil {
		return err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	return b.run(ctx)
}

// part is a group of lines that share servers.
type part struct {
	name string
	run  func(b *bench, ctx context.Context) error
}

var parts = []part{
	{"issue", (*bench).issue},
	{"refresh", (*bench).refresh},
	{"bearer", (*bench).bearer},
	{"introspect", (*bench).introspect},
	{"lend", (*bench).lend},
	{"proxy", (*bench).proxy},
	{"cold", (*bench).coldStart},
	{"commands", (*bench).commands},
	{"sqlite", (*bench).sqliteScale},
	{"postgres", (*bench).postgresScale},
}

func partNames() string {
	var names string
	for _, p := range parts {
		names += p.name + " "
	}
	return names
}

// run runs the parts. One that fails does not keep the others from being measured.
func (b *bench) run(ctx context.Context) error {
	b.report.begin(b)
	var failed error
	for _, p := range parts {
		if !b.only.MatchString(p.name) {
			continue
		}
		if err := p.run(b, ctx); err != nil {
			b.say("%s FAILED: %v", p.name, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return errors.Join(failed, b.report.write(b))
}
