package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

func authSetupCommand(p process) *cobra.Command {
	var o loginOptions
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "Go from an account to a login, step by step",
		Long: "Go from an account that can create no API token any more to a login, step by step: the\n" +
			"account, an OAuth client of it, its redirect URLs, the sign-in, and a look at what came of\n" +
			"it. Each step is checked before the next. What was done is remembered: after Ctrl-C, or to\n" +
			"check it all again, run it again.\n\n" +
			"With --no-input it prints the steps, and does none: exit code 2.",
		Example: "  deskauth auth setup --account acme",
		Args:    noArgs,
	}
	o.signInFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := o.complete(cmd, p)
		if err != nil {
			return err
		}
		return o.setup(cmd.Context(), p)
	}
	return cmd
}

// firstLogin is the way from nothing to a login:
//
//	account ──► client ──► redirect URLs ──► sign-in ──► a look
//	   └ known     └ remembered                └ kept
type firstLogin struct {
	loginOptions
	p       process
	at      loginPlace
	account string
	host    string
	id      string // the client's identifier
	secret  secret.Plain
	fits    []string // redirect URLs that the client has
}

const setupSteps = 5

func (o loginOptions) setup(ctx context.Context, p process) error {
	if err := o.check(); err != nil {
		return err
	}
	s := &firstLogin{loginOptions: o, p: p}
	var err error
	if s.secret, err = o.clientSecret(p); err != nil {
		return err
	}
	if s.at, err = o.where(p); err != nil {
		return err
	}
	if o.NoInput {
		return s.sayAll()
	}
	if err := s.askAccount(ctx); err != nil {
		return err
	}
	l, closing, err := o.openToSignIn(ctx, p, s.at, o.redirects()[0])
	if err != nil {
		return err
	}
	defer closing()
	for _, step := range []func(context.Context, *logins) error{s.findAccount, s.findClient, s.findRedirects} {
		if err := step(ctx, l); err != nil {
			return err
		}
	}
	c, err := s.signIn(ctx, l)
	if err != nil {
		return l.signInError(ctx, err)
	}
	return s.look(ctx, l, c)
}

// sayAll prints what would be done.
func (s *firstLogin) sayAll() error {
	account := "SUBDOMAIN"
	if s.Account != "" {
		var err error
		if account, err = s.loginOptions.account(s.at); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.p.Err, "An admin makes an OAuth client:")
	fmt.Fprintln(s.p.Err)
	root := s.at.Base.URL("acme")
	if account != "SUBDOMAIN" {
		root = s.at.Base.URL(account)
	}
	s.sayHow(s.p, root)
	fmt.Fprintln(s.p.Err, "Then whoever is to be signed in runs")
	fmt.Fprintln(s.p.Err)
	fmt.Fprintf(s.p.Err, "  deskauth auth login --account %s --client-id %s\n\n", account, ownClient)
	return usagef("these steps need somebody: leave out --no-input, or take them one by one")
}

// step says which step it is, done what it found.
func (s *firstLogin) step(n int, what string) {
	fmt.Fprintf(s.p.Err, "%s %s\n", bold(s.p, s.p.Err, fmt.Sprintf("%d/%d", n, setupSteps)), what)
}

func (s *firstLogin) done(format string, args ...any) {
	fmt.Fprintf(s.p.Err, "    %s %s\n", green(s.p, s.p.Err, "ok"), fmt.Sprintf(format, args...))
}

// notYet says what is in the way, and waits until somebody has mended it. Where nobody
// is, that is the end.
func (s *firstLogin) notYet(ctx context.Context, err error) error {
	if !atTerminal(s.p) {
		return err
	}
	fmt.Fprintf(s.p.Err, "    %s %s\n", red(s.p, s.p.Err, "not yet:"), printableLines(err.Error()))
	_, ended := ask(ctx, s.p, "    Enter looks again, Ctrl-C ends: ")
	return ended
}

func (s *firstLogin) askAccount(ctx context.Context) (err error) {
	for s.Account == "" && atTerminal(s.p) {
		if s.Account, err = ask(ctx, s.p, "Subdomain of the account, the acme in acme.zendesk.com: "); err != nil {
			return err
		}
	}
	if s.account, err = s.loginOptions.account(s.at); err != nil {
		return err
	}
	s.host = s.at.Base.URL(s.account).Host
	return nil
}

func (s *firstLogin) findAccount(ctx context.Context, l *logins) error {
	s.step(1, "The account "+s.host)
	for {
		// Nobody's credentials: Zendesk answers those for an account that there is.
		_, err := (&zendesk.API{Base: l.Base.URL(s.account), HTTP: l.HTTP}).Me(ctx)
		var said *zendesk.APIError
		switch {
		case err == nil, errors.Is(err, zendesk.ErrAnonymous), errors.As(err, &said) && (said.Status == 401 || said.Status == 403):
			s.done("it is there")
			return nil
		case errors.As(err, &said) && said.Status == 404:
			return asNotFound(fmt.Errorf("nobody has the account %s: is --account right?", s.host))
		}
		if err := s.notYet(ctx, remoteError(s.host, err)); err != nil {
			return err
		}
	}
}

func (s *firstLogin) findClient(ctx context.Context, l *logins) (err error) {
	s.step(2, "An OAuth client")
	if s.id = cmp.Or(s.ClientID, lookup(s.p, zcliClientID)); s.id == "" {
		if s.id, err = l.clientOf(ctx, s.account); err != nil {
			return err
		}
	}
	for {
		if s.id == "" {
			if s.id, err = s.askForClient(ctx, s.p, l, s.account); err != nil {
				return err
			}
		}
		// Of its redirect URLs the next step speaks.
		err := l.CheckClient(ctx, s.account, s.id, s.redirects()[0])
		var failure *broker.Failure
		switch {
		case err == nil, lacksRedirect(err):
			s.done("%s knows %s", s.host, printable(s.id))
			return nil
		case errors.As(err, &failure) && failure.Kind == broker.NoSuchClient:
			if err := s.notYet(ctx, l.signInError(ctx, err)); err != nil {
				return err
			}
			s.id = ""
			continue
		}
		if err := s.notYet(ctx, l.signInError(ctx, err)); err != nil {
			return err
		}
	}
}

// findRedirects wants one of the redirect URLs, and says which are lacking.
func (s *firstLogin) findRedirects(ctx context.Context, l *logins) error {
	s.step(3, "Its redirect URLs")
	for {
		var lacking []string
		s.fits = nil
		for _, address := range s.redirects() {
			switch err := l.CheckClient(ctx, s.account, s.id, address); {
			case err == nil:
				s.fits = append(s.fits, address)
			case lacksRedirect(err):
				lacking = append(lacking, address)
			default:
				return l.signInError(ctx, err)
			}
		}
		for _, address := range s.fits {
			s.done("%s", address)
		}
		if len(s.fits) > 0 {
			for _, address := range lacking {
				fmt.Fprintf(s.p.Err, "    it lacks %s, which is needed while a program holds the other ports\n", address)
			}
			return l.remember(ctx, s.account, s.id, s.secret)
		}
		err := asRefused(fmt.Errorf("the client %s at %s lacks the redirect URLs %s: add them there, equal in every character", printable(s.id), s.host, strings.Join(lacking, ", ")))
		if err := s.notYet(ctx, err); err != nil {
			return err
		}
	}
}

// signIn finds the login that is there, or makes one.
func (s *firstLogin) signIn(ctx context.Context, l *logins) (broker.Connection, error) {
	s.step(4, "Signing in")
	all, err := l.all(ctx)
	if err != nil {
		return broker.Connection{}, err
	}
	if c, found := choose(all, s.account, 0); found && s.ClientID == "" {
		if c, err := l.probe(ctx, c); err == nil {
			s.done("%s is signed in already", person(c))
			return c, nil
		}
	}
	back, err := s.listenOnOne(ctx)
	if err != nil {
		return broker.Connection{}, err
	}
	l.RedirectURI = loginRedirect(back.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // it listens on TCP
	b := &browserLogin{loginOptions: s.loginOptions, logins: l, p: s.p, back: back}
	defer func() { b.back.Close() }()
	c, err := b.run(ctx, s.account)
	if err == nil {
		s.done("signed in as %s", person(c))
	}
	return c, err
}

// listenOnOne listens where the client may send the browser back to.
func (s *firstLogin) listenOnOne(ctx context.Context) (net.Listener, error) {
	failed := errors.New("the client has none of the redirect URLs")
	for _, port := range s.ports() {
		if !slices.Contains(s.fits, loginRedirect(port)) {
			continue
		}
		l, err := listenOn(ctx, port)
		if err == nil {
			return l, nil
		}
		failed = fmt.Errorf("the ports that the client may send a browser back to are taken (%w): end what uses them, or register the other addresses too", err)
	}
	return nil, failed
}

// look says what came of it, and what an admin's token can see of the client.
func (s *firstLogin) look(ctx context.Context, l *logins, c broker.Connection) error {
	s.step(setupSteps, "What came of it")
	if err := s.at.setCurrent(c.ID); err != nil {
		return err
	}
	s.done("%s, with the scopes %s", person(c), c.Granted)
	if missing := c.Missing(); len(missing) > 0 {
		fmt.Fprintf(s.p.Err, "    Zendesk did not grant: %s\n", missing)
	}
	for _, line := range s.lookAtClient(ctx, l, c) {
		fmt.Fprintf(s.p.Err, "    %s\n", line)
	}
	fmt.Fprintf(s.p.Err, "The login is kept sealed; its key is in %s.\n", l.keys)
	fmt.Fprintln(s.p.Err, "Scripts borrow its token: deskauth auth token. Who is signed in: deskauth auth status.")
	return nil
}

// lookAtClient compares the client, where the login may see it, with what it should be.
func (s *firstLogin) lookAtClient(ctx context.Context, l *logins, c broker.Connection) (lines []string) {
	g, err := l.Token(ctx, c.ID, 0)
	if err != nil {
		return nil
	}
	api := &zendesk.API{Base: l.Base.URL(c.Account), HTTP: l.HTTP, Bearer: g.Access.Reveal()}
	for client, err := range api.Clients(ctx) {
		if err != nil { // it is for admins, and needs the scope read
			return []string{"what the client is registered as, only an admin's login with the scope read may see"}
		}
		if client.Identifier == s.id {
			return s.saysOfClient(client)
		}
	}
	return nil
}

func (s *firstLogin) saysOfClient(c zendesk.Client) []string {
	lines := []string{fmt.Sprintf("the client is %s, %s, number %d", printable(c.Identifier), c.Kind, c.ID)}
	if c.Kind == zendesk.Confidential && s.secret.IsZero() {
		lines = append(lines, "it is confidential, and signs in without its secret: a public one is meant for that")
	}
	if len(c.AllowedScopes) > 0 {
		lines = append(lines, "it may ask for these scopes alone: "+printable(strings.Join(c.AllowedScopes, " ")))
	}
	return lines
}
