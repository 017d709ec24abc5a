package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// proxyOptions are the flags of `deskauth proxy`.
type proxyOptions struct {
	whichLogin
	Listen    string
	Reachable bool
	ReadOnly  bool
	Paths     []string
}

func proxyCommand(p process) *cobra.Command {
	var o proxyOptions
	cmd := &cobra.Command{
		Use:   "proxy [flags] [-- COMMAND ARG…]",
		Short: "Lend the login to a program of this machine, which never sees its token",
		Long: "Lend the login to a program of this machine: it calls the account's API at an address of\n" +
			"this machine, by a secret that is made for it and shown once, and never sees the token.\n" +
			"The secret goes as a bearer, or as the password of Basic. What answers is Zendesk, with its\n" +
			"own statuses and limits. Pages in a browser are refused; and OAuth tokens and clients, which\n" +
			"would outlive this, are changed only where --path names them, as in --path oauth.\n\n" +
			"With a COMMAND it is started with the variables set, for it alone, and without those that\n" +
			"hold credentials of yours; and this ends when it does, with its exit code. Else it goes on until Ctrl-C, and ends what is in flight.",
		Example: "  deskauth proxy --read-only\n" +
			"  deskauth proxy --path tickets --path users -- python3 report.py\n" +
			"  deskauth proxy -- sh -c 'curl -H \"Authorization: Bearer $ZENDESK_OAUTH_TOKEN\" $ZENDESK_URL/api/v2/users/me.json'",
		Args: cobra.ArbitraryArgs,
	}
	// What follows the program's name is the program's.
	cmd.Flags().SetInterspersed(false)
	o.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd, p, func(ctx context.Context, p process) error {
			if err := o.check(); err != nil {
				return err
			}
			o.streams = true
			if len(args) > 0 {
				// A signal is the program's to act on; we end when it has.
				ctx = context.WithoutCancel(ctx)
			}
			return localError(o.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
				return o.lend(ctx, p, c, args)
			}))
		})
	}
	return cmd
}

func (o *proxyOptions) flags(f *pflag.FlagSet) {
	o.whichLogin.flags(f)
	f.StringVar(&o.Listen, "listen", "127.0.0.1:0", "`address` to serve on, of this machine; port 0 is a free one")
	withoutVariable(f, "listen") // DESKAUTH_LISTEN is a server's
	f.BoolVar(&o.Reachable, "reachable-by-others", false, "allow an address that other machines reach, in plain HTTP: whoever sits between reads the secret and every answer")
	f.BoolVar(&o.ReadOnly, "read-only", false, "let GET and HEAD through alone")
	f.StringSliceVar(&o.Paths, "path", nil, "let through what is at or below this `path` alone, such as tickets; may repeat")
}

func (o *proxyOptions) check() error {
	if err := checkAddress("listen", o.Listen); err != nil {
		return err
	}
	for i, path := range o.Paths {
		if !strings.HasPrefix(path, "/") {
			path = apiRoot + strings.TrimPrefix(path, apiRoot[1:])
		}
		if err := zendesk.CheckPath(path); err != nil || !strings.HasPrefix(path, apiRoot) || path == apiRoot {
			return usagef("--path %s is none below %s", printable(o.Paths[i]), apiRoot)
		}
		o.Paths[i] = strings.TrimSuffix(path, ".json")
	}
	return nil
}

// lend serves until the context ends, or the program does.
func (o proxyOptions) lend(ctx context.Context, p process, c *caller, args []string) error {
	listener, err := o.open()
	if err != nil {
		return err
	}
	key := secret.New(rand.Reader)
	log := httpd.NewLogger(p.log("text"), slog.LevelWarn, "text")
	host, _, _ := net.SplitHostPort(o.Listen)
	serves := brokerhttp.Lending{
		Root: c.Base, Transport: c.transport(), Secret: key, Hosts: named(host), Others: o.Reachable,
		ReadOnly: o.ReadOnly, Paths: o.Paths, Explain: c.explained, Log: log,
	}
	server := httpd.Server{Name: "proxy", Listener: listener, Handler: serves.Handler(), Log: log}
	if len(args) == 0 {
		o.announce(p, c, listener.Addr(), key)
		return httpd.Run(ctx, server)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return httpd.Run(ctx, server) })
	lent := runOptions{}.program(args, map[string]string{
		"ZENDESK_URL": "http://" + reached(listener.Addr()), zcliToken: key.Reveal(),
	}, p)
	lent.Env = slices.DeleteFunc(lent.Env, isCredential)
	result := lent.run()
	stop()
	return beside(p, result, group.Wait())
}

// credentials are the variables by which a command is told what is secret, beside the
// token: a program by itself could sign in by them, and many write down what they were
// started with.
func credentials() (all []string) {
	for _, name := range []string{passphraseName, apiTokenName, passwordName, "key", "client-secret", "chat-client-secret", "pass-link", "access-token", "refresh-token"} {
		all = append(all, variable(name), variable(name)+"_FILE")
	}
	return append(all, zcliClientSecret, zcliAPIToken, zcliPassword, "ZENDESK_TOKEN")
}

// isCredential tells of a line of an environment that it is one of those.
func isCredential(line string) bool {
	name, _, _ := strings.Cut(line, "=")
	return slices.Contains(credentials(), name)
}

// named is a host that was named and is no address.
func named(host string) []string {
	if host == "" || net.ParseIP(host) != nil {
		return nil
	}
	return []string{host}
}

// open opens the address. One that other machines reach would lend them the login.
func (o proxyOptions) open() (net.Listener, error) {
	listener, err := httpd.Listen(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	if !o.Reachable && !loopback(listener.Addr()) {
		_ = listener.Close()
		return nil, usagef("--listen %s can be reached by other machines: name a loopback address, or say --reachable-by-others", o.Listen)
	}
	return listener, nil
}

// reached is where a program of this machine reaches an address.
func reached(a net.Addr) string {
	if tcp, is := a.(*net.TCPAddr); is && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return a.String()
}

func (o proxyOptions) announce(p process, c *caller, at net.Addr, key secret.Plain) {
	what := "the API"
	if len(o.Paths) > 0 {
		what = strings.Join(o.Paths, ", ")
	}
	if o.ReadOnly {
		what += ", to read,"
	}
	address := "http://" + reached(at)
	fmt.Fprintf(p.Out, "Lending %s of %s at %s\n\n", what, c.host, address)
	fmt.Fprintf(p.Out, "  export ZENDESK_URL=%s\n  export ZENDESK_OAUTH_TOKEN=%s\n\n", address, key.Reveal())
	fmt.Fprintf(p.Out, "The second is the secret of this proxy, shown once, and no token of Zendesk's:\n\n")
	fmt.Fprintf(p.Out, "  curl -H \"Authorization: Bearer $ZENDESK_OAUTH_TOKEN\" $ZENDESK_URL/api/v2/users/me.json\n\nCtrl-C ends it.\n")
}

// transport calls the account's API as the login.
func (c *caller) transport() http.RoundTripper {
	next := c.HTTP.Transport
	if c.Bearer == "" {
		return next
	}
	return bearing{secret.Of(c.Bearer), next}
}

// bearing adds a token that nobody renews.
type bearing struct {
	token secret.Plain
	next  http.RoundTripper
}

func (b bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token.Reveal())
	return b.next.RoundTrip(r)
}

// explained is why there is no answer, and whether somebody must sign in.
func (c *caller) explained(err error) (why string, person bool) {
	said := cmp.Or(c.fail(err), err)
	return printableLines(said.Error()), errors.As(said, new(mustSignIn))
}
