package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// loginOptions are the flags of `deskauth auth login`.
type loginOptions struct {
	whichLogin
	ClientID          string
	ClientSecretFile  string
	Scope             string
	Port              int
	NoBrowser         bool
	ClientCredentials bool
	WithToken         bool
	Insecure          bool
	Timeout           time.Duration
}

// loginPorts are where the browser comes back to. They are fixed, because Zendesk
// compares the whole address (facts §1.4), and three, in case one is taken.
var loginPorts = []int{18484, 18485, 18486}

const loginPath = "/callback"

func loginRedirect(port int) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port, loginPath) }

func authLoginCommand(p process) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in at a Zendesk account",
		Long: "Sign in at a Zendesk account, in a browser. Where none opens, or it runs elsewhere, open\n" +
			"the address that is printed, and paste the one that it ends at.\n\n" +
			"It needs an OAuth client of the account; without --client-id it says how to make one. The\n" +
			"client is remembered. With --client-credentials no browser is needed: what is done then is\n" +
			"done as the admin who made the client. With --with-token tokens that a program has are taken\n" +
			"over from standard input, the access token in the first line and its refresh token, if there\n" +
			"is one, in the second; they must be of the same client.",
		Example: "  deskauth auth login --account acme --client-id deskauth_cli\n" +
			"  deskauth auth login --account acme --client-id robot --client-secret-file secret.txt --client-credentials",
		Args: noArgs,
	}
	f := cmd.Flags()
	o.flags(f)
	f.StringVar(&o.ClientID, "client-id", "", "unique `identifier` of the OAuth client (default the one of the last login)")
	f.StringVar(&o.ClientSecretFile, "client-secret-file", "", "`file` with the client's secret; or the variable DESKAUTH_CLIENT_SECRET; none for a public client")
	f.StringVar(&o.Scope, "scope", "read write", "`scopes` to ask for, separated by spaces")
	f.IntVar(&o.Port, "port", 0, fmt.Sprintf("come back to this `port` of 127.0.0.1 instead of %d, %d or %d", loginPorts[0], loginPorts[1], loginPorts[2]))
	f.Lookup("port").DefValue = "" // not "0"
	f.BoolVar(&o.NoBrowser, "no-browser", false, "open no browser, and print the address alone")
	f.BoolVar(&o.ClientCredentials, "client-credentials", false, "sign the client itself in, by its secret")
	f.BoolVar(&o.WithToken, "with-token", false, "take tokens over that come on standard input")
	f.BoolVar(&o.Insecure, "insecure-storage", false, "keep the key of the logins in a plain file, where there is no keychain")
	f.DurationVar(&o.Timeout, "timeout", 5*time.Minute, "how long to wait for the browser")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := fromEnvironment(cmd, p); err != nil {
			return err
		}
		return o.login(cmd.Context(), p)
	}
	return cmd
}

func (o loginOptions) check() error {
	switch {
	case o.Port != 0 && (o.Port < 1 || o.Port > 65535):
		return usagef("--port must be from 1 to 65535")
	case o.Timeout <= 0:
		return usagef("--timeout must be more than nothing")
	case o.ClientCredentials && o.WithToken:
		return usagef("both --client-credentials and --with-token are given: keep one")
	}
	return checkScope(o.Scope)
}

func (o loginOptions) login(ctx context.Context, p process) error {
	if err := o.check(); err != nil {
		return err
	}
	secretOf, err := secretFlag(p, "client-secret", o.ClientSecretFile)
	if err != nil {
		return err
	}
	at, err := o.where(p)
	if err != nil {
		return err
	}
	account, err := o.account(at)
	if err != nil {
		return err
	}
	// The address that the browser comes back to is a part of what is asked.
	var back net.Listener
	redirect := noRedirect
	if !o.ClientCredentials && !o.WithToken {
		if back, err = o.listen(ctx); err != nil {
			return err
		}
		defer back.Close()
		redirect = loginRedirect(back.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // it listens on TCP
	}
	keys, err := makeLoginKeys(at.Root, o.Insecure, p)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(at.dir(), 0o700); err != nil {
		return err
	}
	l, closing, err := o.openWith(ctx, p, at, keys, redirect)
	if err != nil {
		return err
	}
	defer closing()
	if err := o.useClient(ctx, p, l, account, secretOf); err != nil {
		return err
	}
	var c broker.Connection
	switch {
	case o.ClientCredentials:
		c, err = l.ConnectClient(ctx, broker.ForClient{Account: account, Scope: oauth.ParseScope(o.Scope)})
	case o.WithToken:
		c, err = l.takeOver(ctx, account, p.In)
	default:
		c, err = (&browserLogin{loginOptions: o, logins: l, p: p, back: back}).run(ctx, account)
	}
	if err != nil {
		return l.signInError(err)
	}
	if err := at.setCurrent(c.ID); err != nil {
		return err
	}
	l.welcome(p, c)
	return nil
}

// account is the subdomain to sign in at.
func (o loginOptions) account(at loginPlace) (string, error) {
	if o.Account == "" {
		return "", usagef("--account is missing: the subdomain of the account, such as acme")
	}
	account, err := at.Base.CleanSubdomain(o.Account)
	if err != nil {
		return "", usagef("--account: %w", err)
	}
	return account, nil
}

func (o loginOptions) listen(ctx context.Context) (net.Listener, error) {
	ports := loginPorts
	if o.Port != 0 {
		ports = []int{o.Port}
	}
	var failed error
	for _, port := range ports {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return l, nil
		}
		failed = err
	}
	if o.Port == 0 {
		return nil, fmt.Errorf("the ports that the browser comes back to are all taken (%d, %d, %d): end what uses one, or register another address and name its --port", loginPorts[0], loginPorts[1], loginPorts[2])
	}
	return nil, fmt.Errorf("--port: %w", failed)
}

// useClient takes the client that is named, or the one of the last login there; where
// there is neither it says how to make one, and asks.
func (o loginOptions) useClient(ctx context.Context, p process, l *logins, account string, s secret.Plain) error {
	id := o.ClientID
	if id == "" {
		all, err := l.Clients(ctx, 0, 1000)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(c broker.ClientState) bool { return c.Account == account && c.Product == broker.Support }) && s.IsZero() {
			return nil
		}
		o.howToMakeOne(p, l, account)
		if id, err = ask(p, "Unique identifier of the client: "); err != nil {
			return err
		}
		if id == "" {
			return usagef("--client-id is missing: the unique identifier of an OAuth client at %s", account)
		}
	}
	var secrets []secret.Plain
	if !s.IsZero() {
		secrets = append(secrets, s)
	}
	err := l.UseClient(ctx, account, broker.Support, id, secrets...)
	if invalid := (*broker.Invalid)(nil); errors.As(err, &invalid) {
		return usagef("%w", err)
	}
	return err
}

// tokensMost bounds what is read of standard input.
const tokensMost = 64 << 10

// takeOver imports what comes on standard input. A refresh token that comes along is
// used at once, so that no other copy of it is good any more.
func (l *logins) takeOver(ctx context.Context, account string, in io.Reader) (broker.Connection, error) {
	text, err := io.ReadAll(io.LimitReader(in, tokensMost))
	if err != nil {
		return broker.Connection{}, err
	}
	access, rest, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	access, refresh := strings.TrimSpace(access), strings.TrimSpace(rest)
	if access == "" || strings.ContainsFunc(refresh, func(r rune) bool { return r <= ' ' }) {
		return broker.Connection{}, usagef("--with-token: standard input has the access token in its first line, the refresh token in the second, and nothing else")
	}
	return l.Import(ctx, broker.Import{Account: account, Access: secret.Of(access), Refresh: secret.Of(refresh), Rotate: refresh != ""})
}

// howToMakeOne says what to click and what to type, in the words of Zendesk's Admin
// Center.
func (o loginOptions) howToMakeOne(p process, l *logins, account string) {
	fmt.Fprintf(p.Err, "Signing in needs an OAuth client of %s. An admin makes one:\n\n", l.Base.URL(account).Host)
	fmt.Fprintln(p.Err, "  Admin Center > Apps and integrations > APIs > OAuth clients > Add OAuth client")
	fmt.Fprintln(p.Err, "    Name             deskauth")
	fmt.Fprintln(p.Err, "    Identifier       deskauth_cli, or another")
	fmt.Fprintln(p.Err, "    Client kind      Public (Confidential for --client-credentials)")
	fmt.Fprintln(p.Err, "    Redirect URLs    each as it stands here, without a slash at the end:")
	ports := loginPorts
	if o.Port != 0 {
		ports = []int{o.Port}
	}
	for _, port := range ports {
		fmt.Fprintf(p.Err, "                     %s\n", loginRedirect(port))
	}
	fmt.Fprintln(p.Err)
}

// ask asks whoever sits at the terminal; "" where nobody does.
func ask(p process, question string) (string, error) {
	if !atTerminal(p) {
		return "", nil
	}
	fmt.Fprint(p.Err, question)
	line, err := bufio.NewReader(p.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}

func atTerminal(p process) bool {
	in, isFile := p.In.(*os.File)
	return isFile && term.IsTerminal(int(in.Fd()))
}

// signInError says in the command line's words why nobody is signed in.
func (l *logins) signInError(err error) error {
	var failure *broker.Failure
	var invalid *broker.Invalid
	switch {
	case errors.As(err, &invalid):
		return usagef("%w", err)
	case !errors.As(err, &failure):
		return err
	}
	host := l.Base.URL(cmp.Or(failure.Account, "account")).Host
	said := ""
	if failure.Answer != "" {
		said = ": " + failure.Answer
	}
	switch failure.Kind {
	case broker.Denied:
		return errors.New("nobody is signed in: it was denied at Zendesk")
	case broker.NoSuchAccount:
		return fmt.Errorf("nobody has the account %s: is --account right?", host)
	case broker.NoSuchClient:
		return fmt.Errorf("%s does not know the client: is --client-id its unique identifier, and is it of that account?", host)
	case broker.RedirectMismatch:
		return fmt.Errorf("the client at %s lacks the redirect URL %s: add it there, equal in every character", host, l.RedirectURI)
	case broker.ScopeNotAllowed:
		return fmt.Errorf("the client at %s may not ask for these scopes: name others with --scope, or allow them there%s", host, said)
	case broker.ClientRefused:
		return fmt.Errorf("%s does not accept the client: is its secret right, and its kind (public, confidential)?%s", host, said)
	case broker.Unreachable:
		return fmt.Errorf("%s cannot be reached now: %w", host, failure.Err)
	case broker.TokensOver:
		return fmt.Errorf("%s does not take that token any more", host)
	case broker.Anonymous:
		return fmt.Errorf("the token of %s belongs to nobody", host)
	}
	return err
}

// welcome says who is signed in, and where that is kept.
func (l *logins) welcome(p process, c broker.Connection) {
	fmt.Fprintf(p.Err, "Signed in at %s as %s.\n", l.Base.URL(c.Account).Host, person(c))
	if missing := c.Missing(); len(missing) > 0 {
		fmt.Fprintf(p.Err, "Zendesk did not grant: %s\n", missing)
	}
	fmt.Fprintf(p.Err, "The login is kept sealed; its key is in %s.\n", l.keys)
}

// person is who a login is, for people.
func person(c broker.Connection) string {
	name := printable(c.User.Name)
	if name == "" {
		name = fmt.Sprintf("user %d", c.User.ID)
	}
	if c.User.Role != "" {
		name += " (" + printable(c.User.Role) + ")"
	}
	return name
}

// callbackOf reads what somebody pasted: the address that the browser ended at, or its
// query.
func callbackOf(pasted string) (url.Values, bool) {
	pasted = strings.TrimSpace(pasted)
	if _, query, found := strings.Cut(pasted, "?"); found {
		pasted = query
	}
	pasted, _, _ = strings.Cut(pasted, "#")
	query, err := url.ParseQuery(pasted)
	return query, err == nil && query.Has("state")
}
