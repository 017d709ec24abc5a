package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/telemetry"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func brokerCommand(p process) *cobra.Command {
	var o brokerOptions
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Serve the broker: connect people to Zendesk and keep their tokens alive",
		Long: "Serve the broker: it sends people through Zendesk's OAuth, keeps the tokens sealed,\n" +
			"and renews them so that none is lost that could be saved.\n\n" +
			"Register the redirect URL that it prints with your OAuth client, equal in every\n" +
			"character: PUBLIC-URL" + brokerhttp.DefaultCallbackPath + ".",
		Example: "  deskauth broker --account acme --client-id my_app --client-secret-file secret.txt --public-url https://connect.example.com\n" +
			"  deskauth broker --zendesk-url 'http://{subdomain}.localhost:4000' --client-id my_app",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spendMemory(brokerGarbagePercent)
			if err := fromEnvironment(cmd, p); err != nil {
				return err
			}
			if cmd.Flags().Changed("account") && len(o.Accounts) == 0 { // a list that lost its values is not "every account"
				return usagef("--account is empty: name a subdomain, or leave the flag and its variable out")
			}
			return serveBroker(cmd.Context(), o, p)
		},
	}
	o.flags(cmd.Flags())
	grow(cmd, p, branch{"backup", backupCommand}, branch{"restore", restoreCommand}, branch{"move", moveCommand},
		branch{"client", clientCommand}, branch{"connection", connectionCommand}, branch{"link", linkCommand},
		branch{"operator", operatorCommand}, branch{"pass", passCommand}, branch{"webhook", webhookCommand})
	return cmd
}

// serveBroker runs until ctx ends.
func serveBroker(ctx context.Context, o brokerOptions, p process) error {
	if o.ClientID == "" {
		return usagef("--client-id is missing: the unique identifier of your OAuth client, from Admin Center > Apps and integrations > APIs > OAuth clients")
	}
	if err := checkEventsKeep(o.EventsKeep); err != nil {
		return err
	}
	if o.Drain < 0 || o.Drain > drainMost {
		return usagef("--drain must be from 0 to %v", drainMost)
	}
	clientSecret, err := secretFlag(p, "client-secret", o.ClientSecretFile)
	if err != nil {
		return err
	}
	if o.ChatSecret, err = secretFlag(p, "chat-client-secret", o.ChatSecretFile); err != nil {
		return err
	}
	e, err := o.daemon(p)
	if err != nil {
		return err
	}
	defer e.close()
	var running *runningBroker
	ops, err := o.ops(e, func(ctx context.Context) error { return running.db.Ping(ctx) })
	if err != nil {
		return err
	}
	if running, err = openBroker(ctx, o, e, p, clientSecret); err != nil {
		closeServers(ops)
		return err
	}
	defer func() { _ = running.close() }() // its error is returned below, once
	invitation, err := running.broker.Invite(ctx)
	if err != nil {
		closeServers(append(running.servers, ops...))
		return err
	}
	fmt.Fprintln(p.Out, "deskauth broker is ready. Press Ctrl-C to stop.")
	running.describe(p, invitation)
	describeOps(p, ops)
	err = httpd.Run(ctx, append(running.servers, ops...)...)
	return errors.Join(err, running.close())
}

// runningBroker is a broker with its listener open and its chores under way.
type runningBroker struct {
	options brokerOptions
	base    zendesk.Base
	db      *store.DB
	broker  *broker.Broker
	brands  broker.Brands
	clock   *control.Follower // nil: nobody's
	public  *url.URL
	servers []httpd.Server
	close   func() error
}

// openBroker opens all that a broker needs. What it returns is closed by close,
// after its servers ended.
func openBroker(ctx context.Context, o brokerOptions, e edge, p process, clientSecret secret.Plain) (_ *runningBroker, err error) {
	run := &runningBroker{options: o}
	if run.base, err = o.base(); err != nil {
		return nil, usagef("--zendesk-url: %w", err)
	}
	if err := checkScope(o.Scope); err != nil {
		return nil, err
	}
	if err := run.serveAccounts(); err != nil {
		return nil, err
	}
	if run.brands, err = o.brands(run.base); err != nil {
		return nil, err
	}
	// Nothing is written before the address is ours.
	listener, err := o.listen(cmp.Or(o.ListenFlag, "listen"), o.Listen)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = listener.Close()
		}
	}()
	if o.unproxied(e, listener.Addr()) {
		e.log.Warn("this is plain HTTP that other machines reach, without --trusted-proxy: whoever sits between reads every token, and behind a proxy every browser has the proxy's address",
			"address", listener.Addr().String())
	}
	if run.public, err = o.publicURL(e, listener); err != nil {
		return nil, err
	}
	if o.Now == nil {
		if run.clock, err = followClock(ctx, p); err != nil {
			return nil, err
		}
		if run.clock != nil {
			run.options.Now = run.clock.Now
		}
	}
	if err := run.openStore(ctx, p); err != nil {
		return nil, err
	}
	if err := run.start(ctx, p, e, clientSecret); err != nil {
		return nil, errors.Join(err, run.db.Close())
	}
	run.close = run.chores(e)
	run.servers = []httpd.Server{{
		Name: "broker", Listener: listener, TLS: e.tls, Log: e.log,
		Handler: e.traced("broker", brokerhttp.New(brokerhttp.Config{
			Broker: run.broker, PublicURL: run.public, API: true, Board: true, Calls: run.calls(), Account: run.options.Account, Log: e.log, Metrics: e.metrics.Of("broker"), TrustedProxies: e.trusted,
		})),
	}}
	return run, nil
}

// calls is the way of the proxy to Zendesk.
func (run *runningBroker) calls() http.RoundTripper {
	return broker.NewHTTPClient(broker.HTTPConfig{Base: run.base, AllowPrivate: run.options.AllowPrivate, Streams: true}).Transport
}

// serveAccounts reads the accounts, in any form that a person knows theirs by. The
// only one is filled into the subdomain box.
func (run *runningBroker) serveAccounts() error {
	o := &run.options
	for flag, all := range map[string][]string{"account": o.Accounts, "operators": o.Operators} {
		for i, typed := range all {
			account, err := run.base.CleanSubdomain(typed)
			if err != nil {
				return usagef("--%s: %w", flag, err)
			}
			all[i] = account
		}
	}
	if o.Account == "" && len(o.Accounts) == 1 {
		o.Account = o.Accounts[0]
	}
	return nil
}

func (run *runningBroker) openStore(ctx context.Context, p process) error {
	dsn, err := withDefaultSQLite(run.options.DB, "broker", p)
	if err != nil {
		return err
	}
	if run.db, err = store.Open(ctx, dsn); err != nil {
		return err
	}
	if err := hold(ctx, run.db, dsn, "broker"); err != nil {
		return errors.Join(err, run.db.Close())
	}
	if err := run.db.MigrateBroker(ctx); err != nil {
		return errors.Join(err, run.db.Close())
	}
	return nil
}

// start opens the sealing keys and makes the broker.
func (run *runningBroker) start(ctx context.Context, p process, e edge, clientSecret secret.Plain) error {
	o := run.options
	if o.OwnZendesk { // a demo's keys are its own
		p.Lookup = func(string) (string, bool) { return "", false }
	}
	sealed, err := run.sealed(ctx)
	if err != nil {
		return err
	}
	source, ring, err := o.Keys.open(ctx, p, sealed, func(line string) { e.log.Warn("the program that keeps the sealing keys says", "line", line) })
	if err != nil {
		return err
	}
	run.broker, err = broker.New(ctx, broker.Config{
		Store: run.db.Broker(), Ring: ring, Source: source, Base: run.base, Scope: oauth.ParseScope(o.Scope),
		Accounts: o.Accounts, Operators: o.Operators, Brands: run.brands, PrivateWebhooks: o.PrivateWebhooks, EventsKeep: time.Duration(o.EventsKeep) * day,
		HTTP:        broker.NewHTTPClient(broker.HTTPConfig{Base: run.base, AllowPrivate: o.AllowPrivate}),
		Observer:    broker.NewObserver(e.traces.Observer(), telemetry.NewMetrics(e.registry).Observer(), telemetry.Lines(e.log, e.traces.TraceID)),
		RedirectURI: brokerhttp.RedirectURI(run.public, ""), Now: o.Now, Timing: broker.Timing{Drain: o.Drain},
	})
	if err != nil {
		return err
	}
	telemetry.NewGauges(e.registry, run.broker.Totals)
	if err := run.keepZendesk(ctx); err != nil {
		return err
	}
	var secrets []secret.Plain
	if !clientSecret.IsZero() {
		secrets = append(secrets, clientSecret)
	}
	by := broker.AtCommand
	if o.OwnZendesk { // nobody named it: a demo's client is its own
		by = broker.Itself
	}
	if err := run.broker.UseClient(ctx, by, "", broker.Support, o.ClientID, secrets...); err != nil {
		return err
	}
	return useChatClient(ctx, run.broker, o.ChatClientID, o.ChatSecret)
}

// sealed tells whether keys have sealed anything in the database.
func (run *runningBroker) sealed(ctx context.Context) (bool, error) {
	_, err := run.db.Broker().SealingKey(ctx)
	if errors.Is(err, broker.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// keepZendesk notes where Zendesk is, for the commands beside the broker.
func (run *runningBroker) keepZendesk(ctx context.Context) error {
	if run.options.OwnZendesk {
		return run.broker.MoveBase(ctx)
	}
	err := run.broker.KeepBase(ctx)
	if other := (*broker.OtherZendesk)(nil); errors.As(err, &other) {
		return fmt.Errorf("--zendesk-url: %w, and it has connections there: start it with that one, or with another --db", err)
	}
	return err
}

// closeWait bounds how long the broker waits for renewals in flight, each of
// which ends within a minute: a token that Zendesk has already changed must not
// be lost to a shutdown.
const closeWait = 90 * time.Second

// chores starts what runs beside the requests, and returns how to end it and
// close the database.
func (run *runningBroker) chores(e edge) func() error {
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { run.broker.Run(ctx, func(err error) { e.log.Error("chore failed", "error", err) }) })
	if run.clock != nil {
		wg.Go(func() { run.follow(ctx, &wg, e.log) })
	}
	return sync.OnceValue(func() error {
		stop()
		wg.Wait()
		closing, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		return errors.Join(run.broker.Close(closing), run.db.Close())
	})
}

// follow keeps the clock's time. Where it was made to leap, what came due is looked
// after at once.
func (run *runningBroker) follow(ctx context.Context, wg *sync.WaitGroup, log *slog.Logger) {
	tend := func() {
		if err := errors.Join(run.broker.Tend(ctx), run.broker.RevokeDue(ctx)); err != nil && ctx.Err() == nil {
			log.Error("chore failed", "error", err)
		}
	}
	run.clock.Run(ctx, func() { wg.Go(tend) }, func(err error) {
		log.Error("the clock of DESKAUTH_CLOCK is lost; time runs on as it ran", "error", err)
	})
}

func (run *runningBroker) describe(p process, invitation secret.Plain) {
	fmt.Fprintf(p.Out, "\n  %s\tpages\n  %s\tthe redirect URL to register with the client %s\n  %s\tZendesk\n",
		run.public, brokerhttp.RedirectURI(run.public, ""), run.options.ClientID, run.options.ZendeskURL)
	if !invitation.IsZero() {
		fmt.Fprintf(p.Out, "\nNobody is an operator yet. Whoever opens this link first, within fifteen minutes, and signs in to Zendesk, becomes one:\n\n  %s\n",
			brokerhttp.InvitationURL(run.public, invitation))
	}
}
