package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/zendesk"
)

// lent is a login by way of a broker, while a command calls the account's API with the
// token that it lends:
//
//	caller.API ─▶ deskauth.Client.HTTPClient ─▶ the account
//	              asks the broker for the token, and for another after a 401; to no
//	              other host does it go
type lent struct {
	login      viaLogin
	broker     *deskauth.Client
	connection deskauth.Connection
}

// callVia is call for a login by way of a broker.
func (w whichLogin) callVia(ctx context.Context, p process, v viaLogin, keeping timekeeping, do func(context.Context, process, *caller) error) error {
	ask := v.client(w, p)
	defer func() { _ = ask.Close() }()
	c, err := ask.Connection(ctx, v.Connection)
	if err != nil {
		return v.explain(err)
	}
	base, err := w.baseOf(c)
	if err != nil {
		return err
	}
	b, wire := v.client(w, p), w.toZendesk(p, base)
	defer func() { _ = b.Close() }()
	b.Now, b.Zendesk = keeping.now, wire.Transport
	calls := b.HTTPClient(c.ID)
	calls.Timeout = wire.Timeout
	one := newCaller(p, base, c.Account, &zendesk.API{HTTP: calls}, keeping)
	one.via = &lent{v, b, c}
	return do(ctx, p, one)
}

// baseOf is where the accounts are of which a broker has a connection. It has to be the
// one that is named, if one is: what is sent to another goes to strangers.
func (w whichLogin) baseOf(c deskauth.Connection) (zendesk.Base, error) {
	var none zendesk.Base
	if c.Product != productSupport {
		return none, asRefused(fmt.Errorf("connection %d of the broker is one of %s, and not of Zendesk Support", c.ID, printable(c.Product)))
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return none, fmt.Errorf("the broker's connection %d has no address", c.ID)
	}
	rest, found := strings.CutPrefix(u.Host, c.Account+".")
	if !found || c.Account == "" {
		return none, fmt.Errorf("the broker's connection %d is at %s, which is no account's address", c.ID, printable(u.Host))
	}
	base, err := brokerOptions{ZendeskURL: u.Scheme + "://{subdomain}." + rest, AllowHTTP: w.AllowHTTP}.base()
	if err != nil {
		return none, fmt.Errorf("the broker's connection %d is at %s: %w", c.ID, printable(c.URL), err)
	}
	if w.ZendeskURL != "" && w.ZendeskURL != base.String() {
		return none, usagef("--zendesk-url is %s, and the broker's connection %d is at %s: leave one out", w.ZendeskURL, c.ID, printable(u.Host))
	}
	return base, nil
}

// productSupport is the product whose API these commands call.
const productSupport = "support"

// ofBroker tells the errors of a broker from those of the account.
func ofBroker(err error) bool {
	return errors.Is(err, deskauth.ErrKeyRefused) || errors.Is(err, deskauth.ErrNotFound) || errors.Is(err, deskauth.ErrForbidden) ||
		errors.Is(err, deskauth.ErrAway) || errors.As(err, new(*deskauth.Unusable)) || errors.As(err, new(*deskauth.Unavailable)) ||
		errors.As(err, new(*deskauth.RemoteError))
}

// revokeLent ends the token that all the others were ended with: the one that the broker
// lends by now, for it may have been renewed since the plan was made. The connection is
// the broker's, which learns of it at the next use.
func (c *caller) revokeLent(ctx context.Context, t tokenRecord, r *report) error {
	one := result{ID: t.ID, Result: revoked, At: c.time.now().UTC()}
	if err := c.RevokeCurrent(ctx); ctx.Err() != nil {
		return context.Cause(ctx)
	} else if err != nil {
		one.Result, one.Why = failed, c.fail(err).Error()
	}
	return r.add(one)
}
