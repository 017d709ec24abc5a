package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/internal/store"
)

// issuerOptions are the flags of `deskauth issuer`.
type issuerOptions struct {
	serving
	EventsKeep     int // days; 0: for ever
	Listen         string
	ListenFlag     string // empty: "listen"; dev calls it by another name
	DB             string
	Seed           string
	BaseDomains    []string
	DefaultAccount string
	Files          string
	Starts         map[string]string // see issuerhttp.Server; dev's broker

	// Follows is what somebody should know of a note of the seed's, and do; nil: nothing.
	Follows func(note string) string

	// What only a demo has.
	Demo       bool
	Control    string
	Chaos      string
	RandomSeed string
}

func (o *issuerOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Listen, "listen", "127.0.0.1:4000", "`address` to serve on")
	f.StringVar(&o.DB, "db", "", "sqlite:PATH or postgres://… (default a SQLite file in the user's state directory)")
	markSecret(f, "db")
	f.StringVar(&o.Seed, "seed", "", "YAML `file` of accounts, users and clients to add where they are missing")
	f.StringSliceVar(&o.BaseDomains, "base-domain", []string{"localhost"}, "`domain` below which an account is a label; may repeat")
	f.StringVar(&o.DefaultAccount, "default-account", "", "`subdomain` of the account at an IP address or bare localhost (default the first)")
	o.deskFlags(f)
	o.demoFlags(f)
	f.IntVar(&o.EventsKeep, "events-keep", eventsKeep, "how many `days` the audit trail goes back")
	o.serving.flags(f, "127.0.0.1:4003")
}

// follows is what a note of the seed's means here.
func (run *runningIssuer) follows(note string) string {
	if run.options.Follows == nil {
		return ""
	}
	return run.options.Follows(note)
}

func issuerCommand(p process) *cobra.Command {
	var o issuerOptions
	cmd := &cobra.Command{
		Use:   "issuer",
		Short: "Serve a local Zendesk: OAuth, its pages and its API",
		Long: "Serve a local Zendesk: the OAuth server of Zendesk Support with its sign-in and\n" +
			"consent pages, and the API behind its tokens.\n\n" +
			"http://acme.localhost:4000 is the account acme. An IP address or bare localhost is the\n" +
			"default account, for programs that cannot resolve names below localhost.",
		Example: "  deskauth issuer --demo\n  deskauth issuer --seed team.yaml --db postgres://localhost/deskauth",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, p); err != nil {
				return err
			}
			if err := checkEventsKeep(o.EventsKeep); err != nil {
				return err
			}
			if err := o.checkDemo(cmd.Flags()); err != nil {
				return err
			}
			return serveIssuer(cmd.Context(), o, p)
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

// eventsKeep is how many days events are kept where nothing else is said.
const eventsKeep = int(broker.DefaultEventsKeep / day)

// part names the default database: a demo has one of its own, because its
// passwords and secrets are public.
func (o issuerOptions) part() string {
	if o.Demo {
		return "issuer-demo"
	}
	return "issuer"
}

// serveIssuer runs until ctx ends.
func serveIssuer(ctx context.Context, o issuerOptions, p process) error {
	e, err := o.daemon(p)
	if err != nil {
		return err
	}
	defer e.close()
	var running *runningIssuer
	ops, err := o.ops(e, func(ctx context.Context) error { return running.db.Ping(ctx) })
	if err != nil {
		return err
	}
	if running, err = openIssuer(ctx, o, e, p); err != nil {
		closeServers(ops)
		return err
	}
	defer func() { _ = running.close() }() // its error is returned below, once
	running.announce(p)
	describeOps(p, ops)
	err = httpd.Run(ctx, append(running.servers, ops...)...)
	return errors.Join(err, running.close())
}

// runningIssuer is an issuer with its listeners open and its chores under way.
type runningIssuer struct {
	options  issuerOptions
	edge     edge
	db       *store.DB
	issuer   *issuer.Issuer
	desk     *desk.Desk
	controls *control.Controls // nil: no demo
	seed     seed.File
	accounts []issuer.Account
	port     string
	servers  []httpd.Server
	close    func() error
}

// openIssuer opens all that an issuer needs. What it returns is closed by close,
// after its servers ended.
func openIssuer(ctx context.Context, o issuerOptions, e edge, p process, plant ...func(*seed.File) error) (*runningIssuer, error) {
	run := &runningIssuer{options: o, edge: e}
	var err error
	if run.seed, err = o.readSeed(); err != nil {
		return nil, err
	}
	// Nothing is written before every address is ours.
	listeners, err := o.listeners()
	if err != nil {
		return nil, err
	}
	for _, more := range plant {
		if err := more(&run.seed); err != nil {
			closeAll(listeners)
			return nil, err
		}
	}
	if err := run.openStore(ctx, p); err != nil {
		closeAll(listeners)
		return nil, err
	}
	run.close = run.chores()
	run.serve(listeners)
	return run, nil
}

// listeners are the issuer's and, in a demo, that of its controls.
func (o issuerOptions) listeners() ([]net.Listener, error) {
	public, err := o.listen(cmp.Or(o.ListenFlag, "listen"), o.Listen)
	if err != nil || o.Control == "" {
		return []net.Listener{public}, err
	}
	if err := checkAddress("control", o.Control); err != nil {
		closeAll([]net.Listener{public})
		return nil, err
	}
	controls, err := httpd.Listen(o.Control)
	if err != nil {
		closeAll([]net.Listener{public})
		return nil, fmt.Errorf("--control: %w", err)
	}
	if !loopback(controls.Addr()) {
		closeAll([]net.Listener{public, controls})
		return nil, usagef("--control %s can be reached by other machines: name an address of this one", o.Control)
	}
	return []net.Listener{public, controls}, nil
}

func (o issuerOptions) readSeed() (seed.File, error) {
	switch {
	case o.Seed != "":
		data, err := os.ReadFile(o.Seed)
		if err != nil {
			return seed.File{}, fmt.Errorf("--seed: %w", err)
		}
		return seed.Parse(o.Seed, data)
	case o.Demo:
		return seed.BuiltIn(), nil
	default:
		return seed.File{}, nil
	}
}

func (run *runningIssuer) openStore(ctx context.Context, p process) error {
	dsn, err := withDefaultSQLite(run.options.DB, run.options.part(), p)
	if err != nil {
		return err
	}
	if run.db, err = store.Open(ctx, dsn); err != nil {
		return err
	}
	if err := hold(ctx, run.db, dsn, "issuer"); err != nil {
		return errors.Join(err, run.db.Close())
	}
	run.issuer = &issuer.Issuer{
		Store: run.db.Issuer(), Passwords: issuer.NewPasswords(), Policies: issuerhttp.Policies(),
		Now: time.Now, Rand: rand.Reader, Uses: &issuer.Uses{},
	}
	if err := run.prepare(ctx); err != nil {
		return errors.Join(err, run.db.Close())
	}
	run.openDesk(dsn, p)
	return nil
}

// prepare brings the tables up to date and plants the seed.
func (run *runningIssuer) prepare(ctx context.Context) error {
	if err := run.db.MigrateIssuer(ctx); err != nil {
		return err
	}
	if err := run.db.MigrateDesk(ctx); err != nil {
		return err
	}
	if err := run.steer(ctx); err != nil {
		return err
	}
	if err := run.refuseDemoData(ctx); err != nil {
		return err
	}
	notes, err := run.seed.Apply(ctx, run.issuer, run.db.Desk())
	if err != nil {
		return err
	}
	for _, note := range notes {
		run.edge.log.Warn("seed", "note", note+run.follows(note))
	}
	if run.accounts, err = run.issuer.Store.Accounts(ctx); err != nil {
		return err
	}
	if d := run.options.DefaultAccount; d != "" {
		if _, err := run.issuer.Store.Account(ctx, d); err != nil {
			return fmt.Errorf("--default-account %s: there is no such account", d)
		}
	}
	return nil
}

// refuseDemoData keeps what a demo made public from being served as if it were
// secret.
func (run *runningIssuer) refuseDemoData(ctx context.Context) error {
	if run.options.Demo {
		return nil
	}
	accounts, err := run.issuer.Store.Accounts(ctx)
	if err != nil || !slices.ContainsFunc(accounts, func(a issuer.Account) bool { return seed.BuiltInNames(a.Subdomain) }) {
		return err
	}
	held, err := seed.BuiltIn().HeldBy(ctx, run.issuer.Store)
	if err != nil || !held {
		return err
	}
	return errors.New("the database holds a demo's people and clients, whose passwords and secrets are public: start with --demo, or name another --db")
}

// pruneKeep is how long what ended is kept, for people who ask why.
const pruneKeep = 24 * time.Hour

// pruneMost bounds how long a prune keeps others waiting: the rows lie all over the
// table and its indexes, and whoever writes meanwhile waits for all of them. More at
// once are not pruned sooner: so few go through before their pages are to be moved
// from the log to the table.
const pruneMost = 25

// chores starts what runs beside the requests, and returns how to end it and
// close the database.
func (run *runningIssuer) chores() func() error {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	every(ctx, &wg, run.edge.log, "note when tokens were used", time.Second, run.issuer.FlushUses)
	every(ctx, &wg, run.edge.log, "prune", time.Minute, run.prune)
	every(ctx, &wg, run.edge.log, "remove uploads", time.Minute, run.pruneDesk)
	return sync.OnceValue(func() error {
		stop()
		wg.Wait()
		return errors.Join(run.issuer.FlushUses(context.Background()), run.closeStores())
	})
}

// prune deletes until nothing is over. It rests as long as each step took, so that
// others have the database for half of the time at least.
func (run *runningIssuer) prune(ctx context.Context) error {
	for {
		began, now := time.Now(), run.issuer.Now()
		over := issuer.Over{Ended: now.Add(-pruneKeep), Failures: now}
		if run.options.EventsKeep > 0 {
			over.Events = now.Add(-time.Duration(run.options.EventsKeep) * day)
		}
		n, err := run.issuer.Store.Prune(ctx, over, pruneMost)
		if err != nil || n == 0 {
			return err
		}
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (run *runningIssuer) serve(listeners []net.Listener) {
	o, e := run.options, run.edge
	surface := &issuerhttp.Server{Issuer: run.issuer, Log: e.log, Demo: o.Demo, Hosts: run.hosts(), Starts: o.Starts}
	run.deskSurface(surface)
	if len(listeners) > 1 {
		surface.Control = journalURL(listeners[1])
	}
	handler := surface.Handler()
	if run.controls != nil {
		surface.Bend, handler = run.controls.Bend, run.controls.Wrap(handler)
	}
	run.port = port(listeners[0])
	run.servers = []httpd.Server{e.server("issuer", listeners[0], handler, surface.Panicked)}
	if len(listeners) > 1 {
		run.servers = append(run.servers, run.controlServer(listeners[1]))
	}
}

func lower(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, strings.ToLower(n))
	}
	return all
}
