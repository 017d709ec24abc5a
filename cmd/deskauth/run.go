package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/intercept"
	"github.com/deskauth/deskauth/internal/issuer"
)

// runOptions are the flags of `deskauth run`.
type runOptions struct {
	Account     string
	Offline     bool
	Issuer      string
	Seed        string
	ProxyListen string
	KeptCA      bool
	Browser     bool
	BrowserArgs []string
	LogLevel    string
}

func (o *runOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Account, "account", "", "`subdomain` of the account that the program is told of (default the first)")
	f.BoolVar(&o.Offline, "offline", false, "refuse every host that is neither Zendesk's nor this machine")
	f.StringVar(&o.Issuer, "issuer", "", "`URL` of a running issuer to answer, such as http://localhost:4000 (default a demo of its own)")
	f.StringVar(&o.Seed, "seed", "", "YAML `file` of accounts for the demo, instead of the built-in one")
	f.StringVar(&o.ProxyListen, "proxy-listen", "127.0.0.1:0", "loopback `address` of the proxy, for a browser that is set to it")
	f.BoolVar(&o.KeptCA, "kept-ca", false, "use the authority of `deskauth ca init`, which a browser may trust, instead of one for this run")
	f.BoolVar(&o.Browser, "browser", false, "open a Chromium profile of its own that meets the local Zendesk too")
	f.StringArrayVar(&o.BrowserArgs, "browser-arg", nil, "`argument` for that Chromium; may repeat")
	f.StringVar(&o.LogLevel, "log-level", "warn", "debug, info, warn or error")
}

func runCommand(p process) *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT…]",
		Short: "Run a program that meets the local Zendesk at *.zendesk.com",
		Long: "Run a program, unchanged, with every call to https://*.zendesk.com answered by a local\n" +
			"Zendesk: a demo that starts with it and is forgotten with it, or the one at --issuer.\n" +
			"No call for a zendesk.com name leaves this machine; one that is no account gets 404.\n\n" +
			"The program finds a proxy and a certificate authority, made for this run alone, in its\n" +
			"environment: curl, Python, Ruby, Go, Node, PHP and Java know where to look. A program\n" +
			"that ignores its environment (aiohttp without trust_env, Go on macOS and Windows) is not\n" +
			"reached by that. Other hosts are reached as before, or refused with --offline. Own host\n" +
			"names of a Zendesk (support.customer.example) are such other hosts.\n\n" +
			"The program gets ZENDESK_SUBDOMAIN and ZENDESK_URL as well, and of the demo that starts\n" +
			"with it DESKAUTH_CONTROL and DESKAUTH_CLOCK: `deskauth control` within it steers that\n" +
			"demo. Exit code: the program's;\n" +
			"128 and its number if a signal ended it; 127 if there is no such program.",
		Example: "  deskauth run -- python3 app.py\n" +
			"  deskauth run --account globex --offline -- npm test\n" +
			"  deskauth run --browser -- node server.js\n" +
			"  deskauth run -- curl -u admin@acme.example/token:demo-api-token-of-acme https://acme.zendesk.com/api/v2/users/me.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := fromEnvironment(cmd, p); err != nil {
				return err
			}
			if len(args) == 0 && !o.Browser {
				return usagef("name a program to run: deskauth run -- COMMAND")
			}
			if o.Issuer != "" && o.Seed != "" {
				return usagef("--seed is for a demo of its own: leave it out with --issuer")
			}
			return serveRun(cmd.Context(), o, args, p)
		},
	}
	// What follows the program's name is the program's.
	cmd.Flags().SetInterspersed(false)
	o.flags(cmd.Flags())
	return cmd
}

// serveRun answers for Zendesk until the program ends.
func serveRun(ctx context.Context, o runOptions, args []string, p process) (err error) {
	dir, err := os.MkdirTemp("", "deskauth-run-")
	if err != nil {
		return err
	}
	defer func() { err = beside(p, err, os.RemoveAll(dir)) }()
	authority, err := o.authority(p)
	if err != nil {
		return err
	}
	e, err := serving{LogLevel: o.LogLevel, LogFormat: "text"}.edge(p)
	if err != nil {
		return err
	}
	// A signal is the program's to act on; we end when it has.
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	local, err := o.zendesk(ctx, e, dir, p)
	if err != nil {
		return err
	}
	defer func() { err = beside(p, err, local.close()) }()
	listener, err := o.listen()
	if err != nil {
		closeServers(local.servers)
		return err
	}
	proxy := &intercept.Proxy{
		Answer: local.answer, Authority: authority, Offline: o.Offline, Upstream: http.ProxyFromEnvironment, Log: e.log,
	}
	group, serve := errgroup.WithContext(ctx)
	group.Go(func() error { return proxy.Serve(serve, listener) })
	group.Go(func() error { return httpd.Run(serve, local.servers...) })
	told := o.tell(dir, listener.Addr().String(), authority, local, p)
	result := o.carryOut(args, told, p)
	stop()
	return beside(p, result, group.Wait())
}

// beside returns the first of two errors. The program's exit stays what it is, so what
// goes wrong while we clean up behind it is said at once.
func beside(p process, err, cleanup error) error {
	if err == nil || cleanup == nil {
		return cmp.Or(err, cleanup)
	}
	fmt.Fprintln(p.Err, "deskauth: "+cleanup.Error())
	return err
}

// listen opens the proxy's address. It is for this machine alone: a proxy that others
// reach would lend them this machine's way into its networks.
func (o runOptions) listen() (net.Listener, error) {
	listener, err := httpd.Listen(o.ProxyListen)
	if err != nil {
		return nil, fmt.Errorf("--proxy-listen: %w", err)
	}
	if !loopback(listener.Addr()) {
		_ = listener.Close()
		return nil, usagef("--proxy-listen %s can be reached by other machines: name a loopback address", o.ProxyListen)
	}
	return listener, nil
}

func (o runOptions) authority(p process) (*intercept.Authority, error) {
	if !o.KeptCA {
		return intercept.NewAuthority(rand.Reader, time.Now())
	}
	dir, err := caDir(p)
	if err != nil {
		return nil, err
	}
	a, err := intercept.OpenAuthority(dir, rand.Reader, time.Now())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoAuthority
	}
	return a, err
}

// answering is what answers for Zendesk.
type answering struct {
	answer  http.Handler
	account string // whom the program is told of; "" if nobody knows
	control string // where its controls are; "" if it is not ours to say
	servers []httpd.Server
	close   func() error
}

// zendesk is the issuer that is named, or a demo whose data goes with dir.
func (o runOptions) zendesk(ctx context.Context, e edge, dir string, p process) (answering, error) {
	if o.Issuer != "" {
		remote, err := intercept.Remote(o.Issuer)
		if err != nil {
			return answering{}, usagef("--issuer: %v", err)
		}
		if err := intercept.Reach(ctx, o.Issuer); err != nil {
			return answering{}, fmt.Errorf("--issuer %s does not answer: start it first (%w)", o.Issuer, err)
		}
		return answering{answer: remote, account: o.Account, close: func() error { return nil }}, nil
	}
	demo, err := openIssuer(ctx, issuerOptions{
		// It listens, too: what a page links to under localhost is found there.
		// So do its controls: the program's are never those of another demo.
		Listen: "127.0.0.1:0", Control: "127.0.0.1:0", DB: "sqlite:" + filepath.Join(dir, "issuer.db"), Seed: o.Seed, Demo: true,
		BaseDomains: []string{"localhost", "zendesk.com"},
	}, e, p)
	if err != nil {
		return answering{}, err
	}
	account := o.Account
	if account == "" && len(demo.accounts) > 0 {
		account = demo.accounts[0].Subdomain
	}
	if !slices.ContainsFunc(demo.accounts, func(a issuer.Account) bool { return a.Subdomain == account }) {
		closeServers(demo.servers)
		return answering{}, errors.Join(usagef("the demo has no account %q: there is %s; --seed is a file of others", account, subdomains(demo.accounts)), demo.close())
	}
	return answering{
		answer: demo.servers[0].Handler, account: account, control: demo.controlAddress(), servers: demo.servers, close: demo.close,
	}, nil
}

// subdomains names accounts, for whoever named another.
func subdomains(accounts []issuer.Account) string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.Subdomain)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
