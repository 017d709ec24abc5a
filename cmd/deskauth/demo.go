package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/seed"
)

// demoFlags are those of what only a demo may do.
func (o *issuerOptions) demoFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.Demo, "demo", false, "pick users without a password, steer clock and faults; with no --seed, a built-in one")
	f.StringVar(&o.Control, "control", "127.0.0.1:4001", "`address` of the demo's controls; empty for none; needs --demo")
	f.StringVar(&o.Chaos, "chaos", "", "`part` of the requests to disturb from the start, such as 5%; needs --demo")
	f.StringVar(&o.RandomSeed, "random-seed", "", "`text` from which ids and secrets are made, the same each time; on an empty database; needs --demo")
}

// demoOnly are the flags that mean nothing without --demo.
var demoOnly = []string{"control", "chaos", "random-seed"}

// checkDemo refuses what only a demo has, where there is none.
func (o *issuerOptions) checkDemo(f *pflag.FlagSet) error {
	if !o.Demo {
		for _, name := range demoOnly {
			if f.Changed(name) && f.Lookup(name).Value.String() != "" {
				return usagef("--%s needs --demo", name)
			}
		}
		o.Control = ""
	}
	if _, err := o.chaos(); err != nil {
		return usagef("--chaos: %w", err)
	}
	return nil
}

func (o issuerOptions) chaos() ([]control.Fault, error) {
	if o.Chaos == "" {
		return nil, nil
	}
	part, err := control.ParsePart(o.Chaos)
	if err != nil {
		return nil, err
	}
	sum := fnv.New32a()
	_, _ = io.WriteString(sum, o.RandomSeed)
	return control.Chaos(part, uint64(sum.Sum32())), nil
}

// steer gives a demo its controls. The issuer is not in use yet, and from here on
// keeps the clock's time.
func (run *runningIssuer) steer(ctx context.Context) (err error) {
	if !run.options.Demo {
		return nil
	}
	if err := run.db.MigrateControl(ctx); err != nil {
		return err
	}
	if run.controls, err = control.New(ctx, run.db.Control(), run.issuer, run.hosts()); err != nil {
		return err
	}
	run.controls.Done = ctx.Done()
	run.controls.Quiet = func() { run.desk.Jobs.Forget() }
	run.controls.Seed = func(ctx context.Context, yaml []byte) ([]string, error) {
		file, err := seed.Parse("the seed", yaml)
		if err != nil {
			return nil, err
		}
		return file.Apply(ctx, run.issuer, run.db.Desk())
	}
	restart, err := run.fixRand(ctx)
	if err != nil {
		return err
	}
	run.controls.Start = func(ctx context.Context) error {
		restart()
		_, err := run.seed.Apply(ctx, run.issuer, run.db.Desk())
		if err != nil {
			return err
		}
		return run.disturb()
	}
	return run.disturb()
}

// disturb adds the faults of --chaos.
func (run *runningIssuer) disturb() error {
	faults, err := run.options.chaos()
	if err != nil {
		return err
	}
	for _, f := range faults {
		if _, err := run.controls.Faults.Add(f); err != nil {
			return err
		}
	}
	return nil
}

// fixRand makes the issuer's randomness that of --random-seed, and returns how to
// begin it anew. A database with accounts may have met the same secrets before.
func (run *runningIssuer) fixRand(ctx context.Context) (restart func(), err error) {
	run.issuer.Rand = rand.Reader
	if run.options.RandomSeed == "" {
		return func() {}, nil
	}
	accounts, err := run.issuer.Store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	if len(accounts) > 0 {
		return nil, usagef("--random-seed makes the same secrets each time, so it needs an empty database: name a new one with --db")
	}
	fixed := control.NewRand(run.options.RandomSeed)
	run.issuer.Rand = fixed
	return fixed.Restart, nil
}

func (run *runningIssuer) hosts() apihttp.Hosts {
	return apihttp.Hosts{Store: run.issuer.Store, BaseDomains: lower(run.options.BaseDomains), Default: run.options.DefaultAccount}
}

// controlServer serves the controls.
func (run *runningIssuer) controlServer(l net.Listener) httpd.Server {
	plain := run.edge
	plain.tls = nil // it is for this machine, and its clients know no certificate
	return plain.server("control", l, run.controls.Handler(), nil)
}

// controlAddress is where the controls are; "" if nowhere.
func (run *runningIssuer) controlAddress() string {
	for _, s := range run.servers {
		if s.Name == "control" {
			return s.Listener.Addr().String()
		}
	}
	return ""
}

// journalURL is the journal's page at the listener of the controls.
func journalURL(l net.Listener) string { return "http://" + l.Addr().String() + control.LivePath }

// describeControls prints where the controls are and, lest anybody wonder, that the
// clock is not this machine's.
func (run *runningIssuer) describeControls(w io.Writer) {
	if run.controls == nil {
		return
	}
	if at := run.controlAddress(); at != "" {
		fmt.Fprintf(w, "\nControls: http://%s (deskauth control --help)\nJournal:  http://%s%s, as it happens\n", at, at, control.LivePath)
	}
	if ahead := time.Until(run.controls.Clock.Now()).Round(time.Second); ahead.Abs() > time.Second {
		fmt.Fprintf(w, "\nThe clock is steered and shows %s: `deskauth control clock reset` makes it this machine's.\n",
			run.controls.Clock.Now().UTC().Format(time.RFC3339))
	}
	if faults := run.controls.Faults.List(); len(faults) > 0 {
		fmt.Fprintf(w, "\n%d faults disturb requests: `deskauth control fault list`.\n", len(faults))
	}
}

// followClock is protocol time for a program that DESKAUTH_CLOCK tells to follow a
// demo's, and what keeps it following; nil when it does not.
func followClock(ctx context.Context, p process) (*control.Follower, error) {
	address, found := p.Lookup("DESKAUTH_CLOCK")
	if !found || strings.TrimSpace(address) == "" {
		return nil, nil
	}
	f, err := control.Follow(ctx, address)
	var invalid *control.Invalid
	if errors.As(err, &invalid) {
		return nil, usagef("DESKAUTH_CLOCK: %s", invalid.Why)
	}
	if err != nil {
		return nil, fmt.Errorf("DESKAUTH_CLOCK: %w", err)
	}
	return f, nil
}
