package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// caller is an account, and the login by which a command calls its API:
//
//	command ─▶ caller.API ─▶ pace (the account's rate limit) ─▶ broker.Transport ─▶ Zendesk
//	                                                            renews, replays a 401 once
//	                                                          or, by way of a broker,
//	                                                            deskauth.Client.HTTPClient
type caller struct {
	*zendesk.API
	account, host string
	base          zendesk.Base
	time          timekeeping
	pace          *pace
	needs         string // whom Zendesk lets do that, for an error

	logins     *logins // nil: the token is the environment's, or a broker's
	connection broker.Connection
	via        *lent // nil: the token is no broker's

	sending string // the file that is under way, to name it where it has to wait
}

// timekeeping is protocol time: this machine's, or the clock of a demo that
// DESKAUTH_CLOCK names.
type timekeeping struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

func machineTime() timekeeping {
	return timekeeping{time.Now, func(ctx context.Context, d time.Duration) error {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

// keepTime is machineTime, or a demo's clock, followed until it is closed.
func keepTime(ctx context.Context, p process) (timekeeping, func(), error) {
	clock, err := followClock(ctx, p)
	if err != nil || clock == nil {
		return machineTime(), func() {}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		clock.Run(ctx, func() {}, func(error) {})
	}()
	return timekeeping{clock.Now, clock.Sleep}, func() { cancel(); <-ended }, nil
}

// calls carries a command out that calls an account's API.
func (w *whichLogin) calls(cmd *cobra.Command, p process, do func(context.Context, process, *caller) error) error {
	return w.run(cmd, p, func(ctx context.Context, p process) error { return w.call(ctx, p, do) })
}

// call is calls for who has its flags already.
func (w whichLogin) call(ctx context.Context, p process, do func(context.Context, process, *caller) error) error {
	keeping, closing, err := keepTime(ctx, p)
	if err != nil {
		return err
	}
	defer closing()
	if v, is, err := w.environment(p); err != nil {
		return err
	} else if is {
		api := &zendesk.API{HTTP: w.toZendesk(p, v.base), Bearer: v.token.Reveal()}
		return do(ctx, p, newCaller(p, v.base, v.account, api, keeping))
	}
	if v, is, err := w.pickVia(ctx, p); err != nil {
		return err
	} else if is {
		return w.callVia(ctx, p, v, keeping, do)
	}
	return w.with(ctx, p, func(l *logins, c broker.Connection) error {
		client := *l.HTTP
		client.Transport = &broker.Transport{Broker: l.Broker, ID: c.ID, Next: l.HTTP.Transport}
		one := newCaller(p, l.Base, c.Account, &zendesk.API{HTTP: &client}, keeping)
		one.logins, one.connection = l, c
		return do(ctx, p, one)
	})
}

func newCaller(p process, base zendesk.Base, account string, api *zendesk.API, keeping timekeeping) *caller {
	c := &caller{
		API: api, account: account, base: base, time: keeping, pace: newPace(keeping),
		needs: "an account's OAuth clients and tokens are for admins, with the scopes read and write",
	}
	api.Base = base.URL(account)
	c.host = api.Base.Host
	api.Answered = c.pace.answered
	api.Retry = &zendesk.Retry{Most: fewTries, Now: keeping.now, Sleep: keeping.sleep, Waiting: func(wait zendesk.Wait) { c.waiting(p, wait) }}
	return c
}

// fewTries is how often a request is sent again where somebody waits for one answer, and
// manyTries among thousands, where one that fails is a nuisance later.
const (
	fewTries  = 2
	manyTries = 5
)

// waiting says why nothing happens, but where a progress bar stands.
func (c *caller) waiting(p process, wait zendesk.Wait) {
	var said *zendesk.APIError
	d := fmt.Sprintf("%v (%d of %d)", wait.For.Round(time.Second), wait.Try, c.Retry.Most)
	if c.sending != "" {
		d += " to send " + printable(c.sending)
	}
	switch {
	case c.via != nil && errors.Is(wait.Err, deskauth.ErrAway):
		fmt.Fprintf(p.Err, "deskauth: %s does not answer: trying again in %s.\n", hostOf(c.via.login.Broker), d)
	case !errors.As(wait.Err, &said):
		fmt.Fprintf(p.Err, "deskauth: %s does not answer: trying again in %s.\n", c.host, d)
	case c.pace.refused(wait) && !isTerminal(p.Err):
		fmt.Fprintf(p.Err, "deskauth: %s says to wait: going on in %v.\n", c.host, wait.For.Round(time.Second))
	}
}

// fail says why something that was asked came to nothing, and what to do.
func (c *caller) fail(err error) error {
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	var said *zendesk.APIError
	switch {
	case err == nil:
		return nil
	case c.logins != nil && (errors.As(err, &unusable) || errors.As(err, &unavailable)):
		return c.logins.explain(c.connection, err)
	case c.via != nil && ofBroker(err):
		return c.via.login.explain(err)
	case !errors.As(err, &said):
	case said.Status == http.StatusUnauthorized && c.via != nil:
		return mustSignIn{fmt.Errorf("%s does not take the token that %s lends: run `%s`", c.host, hostOf(c.via.login.Broker), c.via.login.signInAgain())}
	case said.Status == http.StatusUnauthorized && c.logins == nil:
		return mustSignIn{fmt.Errorf("%s does not take the token in %s", c.host, zcliToken)}
	case said.Status == http.StatusUnauthorized:
		return mustSignIn{fmt.Errorf("%s does not take the token of this login any more: run `deskauth auth login --account %s`", c.host, c.account)}
	case said.Status == http.StatusForbidden:
		return asRefused(fmt.Errorf("%s refuses it: %s; %s", c.host, c.needs, c.who()))
	case said.Status == http.StatusUnprocessableEntity || said.Status == http.StatusBadRequest:
		return asRefused(fmt.Errorf("%s does not take it: %s", c.host, reasons(said)))
	}
	return remoteError(c.host, err)
}

// unseen says of a change whose answer nobody saw, for the command was ended or the network
// failed, how to find out what became of it.
func (c *caller) unseen(p process, err error, what string) {
	var op *net.OpError
	switch {
	case errors.As(err, new(*zendesk.APIError)), errors.As(err, &op) && op.Op == "dial", ofBroker(err):
		return // it was answered, or never sent
	case errors.As(err, new(*broker.Unusable)), errors.As(err, new(*broker.Unavailable)):
		return
	}
	fmt.Fprintf(p.Err, "Whether %s.\n", printable(what))
}

// who is the person that the command acts as, for an error.
func (c *caller) who() string {
	if c.via != nil {
		return fmt.Sprintf("the connection at %s is %s's, with %s", hostOf(c.via.login.Broker), printable(c.via.login.Person), cmpScope(c.via.connection.Scope))
	}
	if c.logins == nil {
		return "the token is that in " + zcliToken
	}
	return fmt.Sprintf("this login is %s's, with %s", person(c.connection), cmpScope(c.connection.Granted))
}

func cmpScope(s oauth.Scope) string {
	if s.IsEmpty() {
		return "no scope"
	}
	return "scope " + s.String()
}

// reasons are what Zendesk says of each field, where it does.
func reasons(said *zendesk.APIError) string {
	var all []string
	for field, details := range said.Details {
		for _, d := range details {
			all = append(all, fmt.Sprintf("%s: %s", field, d.Description))
		}
	}
	if len(all) == 0 {
		return said.Error()
	}
	return printable(strings.Join(all, "; "))
}

// ownToken is the token that the command itself goes by; the zero one: nobody can tell.
func (c *caller) ownToken(ctx context.Context) (zendesk.OAuthToken, error) {
	t, err := c.CurrentToken(ctx)
	var said *zendesk.APIError
	if errors.As(err, &said) && (said.Status == http.StatusNotFound || said.Status == http.StatusForbidden) {
		return zendesk.OAuthToken{}, nil
	}
	return t, err
}
