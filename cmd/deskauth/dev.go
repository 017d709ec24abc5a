package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/internal/store"
)

// devOptions are the flags of `deskauth dev`.
type devOptions struct {
	Data         string
	Seed         string
	IssuerListen string
	BrokerListen string
	Ops          string
	Control      string
	LogLevel     string
	LogFormat    string
}

func (o *devOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Data, "data", "", "`directory` of all data (default in the user's state directory); remove it to begin anew")
	f.StringVar(&o.Seed, "seed", "", "YAML `file` instead of the built-in seed")
	f.StringVar(&o.IssuerListen, "issuer-listen", "127.0.0.1:4000", "`address` of the local Zendesk")
	f.StringVar(&o.BrokerListen, "broker-listen", "127.0.0.1:4002", "`address` of the broker")
	f.StringVar(&o.Ops, "ops", "127.0.0.1:4003", "`address` of /healthz, /readyz and /metrics; empty for none")
	f.StringVar(&o.Control, "control", "127.0.0.1:4001", "`address` of the demo's controls; empty for none")
	f.StringVar(&o.LogLevel, "log-level", "warn", "debug, info, warn or error")
	f.StringVar(&o.LogFormat, "log-format", "text", "text or json")
}

func devCommand(p process) *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a local Zendesk and a broker, with people and clients to try",
		Long: "Run a local Zendesk and a broker in one process, on this machine alone, with people\n" +
			"and clients to try. The data stays from one start to the next.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd, p); err != nil {
				return err
			}
			return serveDev(cmd.Context(), o, p)
		},
	}
	o.flags(cmd.Flags())
	return cmd
}

// brokerClient is the client of the broker in each account of the local Zendesk.
// A seed never alters a client, so a broker on another port, with another
// redirect URL, is another client.
func brokerClient(public *url.URL) string {
	if public.Port() == "4002" {
		return "deskauth_broker"
	}
	return "deskauth_broker_" + public.Port()
}

// serveDev runs both halves until ctx ends.
func serveDev(ctx context.Context, o devOptions, p process) (err error) {
	shared := serving{Ops: o.Ops, LogLevel: o.LogLevel, LogFormat: o.LogFormat, Local: true}
	e, err := shared.daemon(p)
	if err != nil {
		return err
	}
	defer e.close()
	public, err := devPublicURL(o.BrokerListen)
	if err != nil {
		return err
	}
	if err := o.checkAddresses(); err != nil {
		return err
	}
	dir, err := o.dataDir(p)
	if err != nil {
		return err
	}
	data := devData{dir: dir}
	defer func() { err = errors.Join(err, data.close()) }()
	if err := data.claim(ctx); err != nil {
		return err
	}
	var clientSecret secret.Plain
	zendesk, err := openIssuer(ctx, o.issuer(shared, dir, public), e, p, func(f *seed.File) (err error) {
		if clientSecret, err = data.begin(ctx); err == nil {
			registerBroker(f, clientSecret, public)
		}
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, zendesk.close()) }()
	b, err := openBroker(ctx, o.broker(shared, dir, public, zendesk), e, p, clientSecret)
	if err != nil {
		closeServers(zendesk.servers)
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	servers := append(zendesk.servers, b.servers...)
	ops, err := shared.ops(e, func(ctx context.Context) error { return errors.Join(zendesk.db.Ping(ctx), b.db.Ping(ctx)) })
	if err != nil {
		closeServers(servers)
		return err
	}
	fmt.Fprintf(p.Out, "deskauth dev is ready. Press Ctrl-C to stop.\n\n  Open %s and sign in to Zendesk, as the users of an app would.\n  See what is connected at %s/connections.\n", b.public, b.public)
	zendesk.describe(p)
	fmt.Fprintf(p.Out, "\nThe data is in %s. Remove it to begin anew.\n", dir)
	describeOps(p, ops)
	if err := httpd.Run(ctx, append(servers, ops...)...); err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "Stopped. The data stays in %s.\n", dir)
	return nil
}

func (o devOptions) dataDir(p process) (string, error) {
	dir := o.Data
	if dir == "" {
		state, err := stateDir(p)
		if err != nil {
			return "", err
		}
		dir = filepath.Join(state, "dev")
	}
	return dir, nil
}

// checkAddresses refuses what can be no address before there is any data.
func (o devOptions) checkAddresses() error {
	for _, a := range [][2]string{{"issuer-listen", o.IssuerListen}, {"broker-listen", o.BrokerListen}, {"control", o.Control}, {"ops", o.Ops}} {
		if a[1] == "" && (a[0] == "control" || a[0] == "ops") {
			continue // none is wanted
		}
		if err := checkAddress(a[0], a[1]); err != nil {
			return err
		}
	}
	return nil
}

// devData is the directory of all data, which one process has at a time: both halves
// remember what is in it.
type devData struct {
	dir     string
	release func() error // nil: it is not ours
}

// claim makes the directory ours, if it is there yet.
func (d *devData) claim(ctx context.Context) error {
	there, err := os.Stat(d.dir)
	switch {
	case d.release != nil || errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--data: %w", err)
	case !there.IsDir():
		return fmt.Errorf("--data: %s is no directory", d.dir)
	}
	d.release, err = store.Hold(ctx, filepath.Join(d.dir, "dev.lock"))
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("the data in %s is in use by another deskauth dev: stop that first, or name another directory by --data", d.dir)
	}
	return err
}

// begin makes the directory and what both halves must know, where they are missing.
func (d *devData) begin(ctx context.Context) (secret.Plain, error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return secret.Plain{}, fmt.Errorf("--data: %w", err)
	}
	if err := d.claim(ctx); err != nil {
		return secret.Plain{}, err
	}
	return keptSecret(filepath.Join(d.dir, "broker-client-secret"))
}

func (d *devData) close() error {
	if d.release == nil {
		return nil
	}
	return d.release()
}

func (o devOptions) issuer(shared serving, dir string, public *url.URL) issuerOptions {
	return issuerOptions{
		serving: shared, Listen: o.IssuerListen, ListenFlag: "issuer-listen", DB: "sqlite:" + filepath.Join(dir, "issuer.db"), Seed: o.Seed,
		BaseDomains: []string{"localhost"}, Demo: true, EventsKeep: eventsKeep, Control: o.Control,
		Starts:  map[string]string{brokerClient(public): public.JoinPath(brokerhttp.DefaultConnectPath).String()},
		Follows: func(note string) string { return otherSecret(note, dir, public) },
	}
}

// otherSecret is what follows where the broker's client has another secret at the local
// Zendesk than the file says.
func otherSecret(note, dir string, public *url.URL) string {
	fields, of := strings.CutPrefix(note, "client "+brokerClient(public)+" ")
	if !of || !slices.Contains(strings.FieldsFunc(fields, func(c rune) bool { return c == ' ' || c == ',' }), "secret") {
		return ""
	}
	return ": Zendesk does not accept the secret in " + filepath.Join(dir, "broker-client-secret") +
		", and nobody can connect unless the broker remembers the former one: put that back in the file, or remove " + dir + " to begin anew"
}

func (o devOptions) broker(shared serving, dir string, public *url.URL, zendesk *runningIssuer) brokerOptions {
	return brokerOptions{
		serving: shared, Listen: o.BrokerListen, ListenFlag: "broker-listen", DB: "sqlite:" + filepath.Join(dir, "broker.db"),
		PublicURL: public.String(), ZendeskURL: zendesk.url("{subdomain}"), OwnZendesk: true,
		ClientID: brokerClient(public), Keys: keyring{File: filepath.Join(dir, "sealing-keys.json")}, Scope: "read",
		Account: zendesk.fallback(), Operators: []string{zendesk.fallback()}, Now: zendesk.issuer.Now,
	}
}

// devPublicURL is known before the listener is open, because the client is
// registered with it first.
func devPublicURL(listen string) (*url.URL, error) {
	u, err := url.Parse("http://" + listen)
	if err != nil || u.Port() == "" || u.Port() == "0" {
		return nil, usagef("--broker-listen must be an address with a port, such as 127.0.0.1:4002")
	}
	return &url.URL{Scheme: "http", Host: "localhost:" + u.Port()}, nil
}

// keptSecret reads the secret in a file, or makes one on first start.
func keptSecret(path string) (secret.Plain, error) {
	kept, err := secret.FromFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return kept, err
	}
	made := secret.New(rand.Reader)
	if err := os.WriteFile(path, []byte(made.Reveal()+"\n"), 0o600); err != nil {
		return secret.Plain{}, fmt.Errorf("keep the broker's client secret: %w", err)
	}
	return made, nil
}

// registerBroker adds the broker's client to each account of a seed.
func registerBroker(f *seed.File, s secret.Plain, public *url.URL) {
	for i := range f.Accounts {
		a := &f.Accounts[i]
		a.Clients = append(a.Clients, issuer.PlantedClient{
			Client: issuer.Client{
				Product: issuer.Support, Identifier: brokerClient(public), Name: "deskauth broker",
				Description: "Keeps connections to Zendesk alive for the programs of this machine.",
				Company:     a.Account.Name, Kind: issuer.Confidential, RedirectURIs: []string{brokerhttp.RedirectURI(public, "")},
			},
			Secret: s,
		})
	}
}
