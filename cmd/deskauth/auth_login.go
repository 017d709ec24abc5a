package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
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
	APIToken          bool
	Email             string
	Insecure          bool
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
			"It needs an OAuth client of the account, which is remembered. Without --client-id it says\n" +
			"how to make one, and asks. With --api-token it asks for an admin's email and API token or\n" +
			"password, as long as Zendesk takes them, uses them once to find the client or to make it,\n" +
			"and keeps them nowhere. A script has them in DESKAUTH_EMAIL and DESKAUTH_API_TOKEN or\n" +
			"DESKAUTH_PASSWORD, or in the files that DESKAUTH_API_TOKEN_FILE or DESKAUTH_PASSWORD_FILE\n" +
			"name, or gives the API token on standard input.\n\n" +
			"With --client-credentials no browser is needed: what is done then is done as the admin who\n" +
			"made the client. With --with-token tokens that a program has are taken over from standard\n" +
			"input, the access token in the first line and its refresh token, if there is one, in the\n" +
			"second; where they may ask, they say themselves which client they are of.\n\n" +
			"With --via the sign-in goes through somebody's broker: the command shows a code, a browser on\n" +
			"any machine allows it, and what is kept here is a key that lends that one connection.",
		Example: "  deskauth auth login --account acme --client-id deskauth_cli\n" +
			"  deskauth auth login --account acme --api-token\n" +
			"  deskauth auth login --account acme --client-id robot --client-secret-file secret.txt --client-credentials\n" +
			"  deskauth auth login --via https://connect.example.com --account acme",
		Args: noArgs,
	}
	f := cmd.Flags()
	o.signInFlags(f)
	f.BoolVar(&o.ClientCredentials, "client-credentials", false, "sign the client itself in, by its secret")
	f.BoolVar(&o.WithToken, "with-token", false, "take tokens over that come on standard input")
	f.BoolVar(&o.APIToken, "api-token", false, "find or make the client by an admin's API token or password, which are asked for")
	withoutVariable(f, "api-token") // DESKAUTH_API_TOKEN is the token itself
	f.StringVar(&o.Email, "email", "", "`address` of the admin whose API token or password it is")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := o.complete(cmd, p)
		if err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		if o.Via != "" {
			return o.viaLogin(cmd.Context(), p)
		}
		return o.login(cmd.Context(), p)
	}
	return cmd
}

// signInFlags are those of a sign-in in a browser.
func (o *loginOptions) signInFlags(f *pflag.FlagSet) {
	o.whichFlags(f)
	f.StringVar(&o.ClientID, "client-id", "", "unique `identifier` of the OAuth client (default the one of the last login)")
	f.StringVar(&o.ClientSecretFile, "client-secret-file", "", "`file` with the client's secret; or the variable DESKAUTH_CLIENT_SECRET; none for a public client")
	f.StringVar(&o.Scope, "scope", "read write", "`scopes` to ask for, separated by spaces")
	f.IntVar(&o.Port, "port", 0, fmt.Sprintf("come back to this `port` of 127.0.0.1 instead of %d, %d or %d", loginPorts[0], loginPorts[1], loginPorts[2]))
	untold(f, "port")
	f.BoolVar(&o.NoBrowser, "no-browser", false, "open no browser, and print the address alone")
	f.BoolVar(&o.NoInput, "no-input", false, "ask nothing")
	f.BoolVar(&o.Insecure, "insecure-storage", false, "keep the key of the logins in a plain file, where there is no keychain")
	f.DurationVar(&o.Timeout, "timeout", 5*time.Minute, "how long to wait for the browser")
	o.debugFlag(f)
}

// complete fills the flags in from the environment.
func (o *loginOptions) complete(cmd *cobra.Command, p process) (process, error) {
	if err := fromEnvironment(cmd, p); err != nil {
		return p, err
	}
	p.NoInput = o.NoInput
	return p, o.zcliPlace(p)
}

func (o loginOptions) check() error {
	switch {
	case o.Port != 0 && (o.Port < 1 || o.Port > 65535):
		return usagef("--port must be from 1 to 65535")
	case o.Timeout <= 0:
		return usagef("--timeout must be more than nothing")
	case o.ClientCredentials && o.WithToken:
		return usagef("both --client-credentials and --with-token are given: keep one")
	case o.APIToken && o.WithToken:
		return usagef("both --api-token and --with-token are given: keep one")
	case o.APIToken && o.ClientID != "":
		return usagef("--api-token finds the client: leave out --client-id, or sign in by it alone")
	}
	if o.Via != "" && (o.ClientCredentials || o.WithToken || o.APIToken || o.ClientID != "") {
		return usagef("--via signs in by the broker's own client: leave out --client-id, --client-credentials, --with-token and --api-token")
	}
	return checkScope(o.Scope)
}

func (o loginOptions) login(ctx context.Context, p process) error {
	secretOf, err := o.clientSecret(p)
	if err != nil {
		return err
	}
	if o.ClientID == "" && !o.APIToken {
		o.ClientID = lookup(p, zcliClientID)
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
	l, closing, err := o.openToSignIn(ctx, p, at, redirect)
	if err != nil {
		return err
	}
	defer closing()
	defer l.endLeft(ctx)
	c, err := o.signIn(ctx, p, l, account, secretOf, back)
	if err != nil {
		return l.signInError(ctx, err)
	}
	if err := l.holdTo(ctx, c, secretOf); err != nil {
		return err
	}
	if err := at.setCurrent(c.ID); err != nil {
		return err
	}
	l.welcome(p, c)
	return nil
}

// holdTo makes sure that the login is by the secret that was given. One of an earlier
// login may have done, and whoever rolled a secret is to know.
func (l *logins) holdTo(ctx context.Context, c broker.Connection, given secret.Plain) error {
	if given.IsZero() {
		return nil
	}
	number, refused, err := l.SecretRefused(ctx, c.Client, given)
	if err != nil || !refused {
		return err
	}
	if _, err := l.RemoveSecret(ctx, broker.AtCommand, c.Client, number, false); err != nil {
		return err
	}
	return asRefused(fmt.Errorf("%s does not accept the secret that was given, and it is forgotten; the login is by the one of an earlier login", l.Base.URL(c.Account).Host))
}

func (o loginOptions) clientSecret(p process) (secret.Plain, error) {
	s, err := secretFlag(p, "client-secret", o.ClientSecretFile)
	if theirs := lookup(p, zcliClientSecret); err == nil && theirs != "" && s.IsZero() {
		s = secret.Of(theirs)
	}
	return s, err
}

// openToSignIn opens the logins of a Zendesk, and makes what they are kept in.
func (o loginOptions) openToSignIn(ctx context.Context, p process, at loginPlace, redirect string) (*logins, func(), error) {
	keys, err := makeLoginKeys(ctx, at.Root, o.Insecure, p)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(at.dir(), 0o700); err != nil {
		return nil, nil, err
	}
	l, closing, err := o.openWith(ctx, p, at, keys, redirect)
	if !errors.Is(err, errOtherKeys) {
		return l, closing, err
	}
	// Whoever lost the key is told to sign in again, so that must do.
	aside, err := at.putAside(time.Now())
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(p.Err, "The logins that were here are sealed with another key, and are kept in %s.\n", aside)
	return o.openWith(ctx, p, at, keys, redirect)
}

// signIn settles the client, and signs in by it.
func (o loginOptions) signIn(ctx context.Context, p process, l *logins, account string, s secret.Plain, back net.Listener) (broker.Connection, error) {
	var tokens broker.Import
	var api *zendesk.API
	var err error
	switch {
	case o.WithToken:
		if tokens, err = readTokens(ctx, account, p.In); err != nil {
			return broker.Connection{}, err
		}
		if o.ClientID == "" {
			o.ClientID = clientOfToken(ctx, &zendesk.API{Base: l.Base.URL(account), HTTP: l.HTTP, Bearer: tokens.Access.Reveal()})
		}
	case o.APIToken:
		if api, err = o.byBasic(ctx, p, l, account); err != nil {
			return broker.Connection{}, err
		}
	}
	if err := o.useClient(ctx, p, l, account, api, s); err != nil {
		return broker.Connection{}, err
	}
	switch {
	case o.ClientCredentials:
		return l.ConnectClient(ctx, broker.AtCommand, broker.ForClient{Account: account, Scope: oauth.ParseScope(o.Scope)})
	case o.WithToken:
		return l.Import(ctx, broker.AtCommand, tokens)
	}
	b := &browserLogin{loginOptions: o, logins: l, p: p, back: back}
	defer func() { b.back.Close() }() // perhaps another than the one that it began with
	return b.run(ctx, account)
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

// ports are those that the browser may come back to.
func (o loginOptions) ports() []int {
	if o.Port != 0 {
		return []int{o.Port}
	}
	return loginPorts
}

func (o loginOptions) listen(ctx context.Context) (net.Listener, error) {
	var failed error
	for _, port := range o.ports() {
		l, err := listenOn(ctx, port)
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

func listenOn(ctx context.Context, port int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
}

// tokensMost bounds what is read of standard input.
const tokensMost = 64 << 10

// readTokens reads what is to be taken over. A refresh token that comes along is used
// at once, so that no other copy of it is good any more.
func readTokens(ctx context.Context, account string, in io.Reader) (broker.Import, error) {
	text, err := readSome(ctx, in, tokensMost)
	if err != nil {
		return broker.Import{}, err
	}
	access, rest, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	access, refresh := strings.TrimSpace(access), strings.TrimSpace(rest)
	if access == "" || strings.ContainsFunc(refresh, func(r rune) bool { return r <= ' ' }) {
		return broker.Import{}, usagef("--with-token: standard input has the access token in its first line, the refresh token in the second, and nothing else")
	}
	return broker.Import{Account: account, Access: secret.Of(access), Refresh: secret.Of(refresh), Rotate: refresh != ""}, nil
}

// signInError says in the command line's words why nobody is signed in.
func (l *logins) signInError(ctx context.Context, err error) error {
	var failure *broker.Failure
	var invalid *broker.Invalid
	switch {
	case errors.As(err, &invalid):
		return usagef("%w", err)
	case !errors.As(err, &failure):
		return err
	}
	host := l.Base.URL(cmp.Or(failure.Account, "account")).Host
	which := ""
	if known, err := l.clientOf(ctx, failure.Account); err == nil && known != "" {
		which = " " + printable(known)
	}
	said := ""
	if failure.Answer != "" {
		said = ": " + failure.Answer
	}
	switch failure.Kind {
	case broker.Denied:
		return errors.New("nobody is signed in: it was denied at Zendesk")
	case broker.NoSuchAccount:
		return asNotFound(fmt.Errorf("nobody has the account %s: is --account right?", host))
	case broker.NoSuchClient:
		return asNotFound(fmt.Errorf("%s does not know the client%s: is --client-id its unique identifier, and is it of that account?", host, which))
	case broker.RedirectMismatch:
		return asRefused(fmt.Errorf("the client%s at %s lacks the redirect URL %s: add it there, equal in every character, or name another client with --client-id", which, host, l.RedirectURI))
	case broker.ScopeNotAllowed:
		return asRefused(fmt.Errorf("the client%s at %s may not ask for these scopes: name others with --scope, or allow them there%s", which, host, said))
	case broker.ClientRefused:
		return asRefused(fmt.Errorf("%s does not accept the client%s: is its secret right, and its kind (public, confidential)?%s", host, which, said))
	case broker.Unreachable, broker.AnsweredWrongly:
		return remoteError(host, failure.Err)
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
