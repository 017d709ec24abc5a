package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/oauth"
)

// A login by way of a broker in use: its key is shown to that broker, which lends, and
// the key is all that is ended when somebody signs out.

// client speaks to the login's broker by its key. It is to be closed.
func (v viaLogin) client(w whichLogin, p process) *deskauth.Client {
	// The address was checked when it was kept.
	return &deskauth.Client{URL: v.Broker, Key: v.key.Reveal(), PlainHTTP: true, HTTP: w.toBroker(p, brokerTime)}
}

// explain says what a person is to do about what a broker said.
func (v viaLogin) explain(err error) error {
	var unusable *deskauth.Unusable
	switch {
	case errors.As(err, new(coded)): // explained already
		return err
	case errors.Is(err, deskauth.ErrKeyRefused), errors.Is(err, deskauth.ErrNotFound):
		return mustSignIn{fmt.Errorf("%s does not take the key of this login any more: run `%s`", hostOf(v.Broker), v.signInAgain())}
	case errors.As(err, &unusable):
		return mustSignIn{fmt.Errorf("the connection at %s cannot be used any more (%s, %s): run `%s`", v.Host, printable(string(unusable.State)), printable(unusable.Reason), v.signInAgain())}
	}
	return explainBroker(hostOf(v.Broker), err)
}

// explainBroker is explain for what is the same for every key.
func explainBroker(host string, err error) error {
	later := func(why string) error {
		return asUnavailable(fmt.Errorf("%s cannot answer now (%s): try again later", host, printable(why)))
	}
	var problem *brokerProblem
	var unavailable *deskauth.Unavailable
	var other *deskauth.RemoteError
	var way *url.Error
	switch {
	case errors.As(err, &problem) && isLater(problem.status):
		return later(problem.Error())
	case errors.As(err, &problem):
		return asRefused(fmt.Errorf("%s refuses it: %w", host, err))
	case errors.As(err, &unavailable):
		return later(unavailable.Reason)
	case errors.Is(err, deskauth.ErrForbidden):
		return asRefused(fmt.Errorf("%s refuses it: the key does not allow that", host))
	case errors.As(err, &other) && other.Type != "" && isLater(other.Status):
		return later(cmp.Or(other.Title, other.Type))
	case errors.As(err, &other) && other.Type != "":
		return asRefused(fmt.Errorf("%s refuses it: %s", host, printable(cmp.Or(other.Detail, other.Title, other.Type))))
	case errors.Is(err, deskauth.ErrAway) && !errors.As(err, &way):
		return later("it does not reach its database")
	}
	return brokerError(host, err)
}

// isLater tells the answers that another time may be others.
func isLater(status int) bool { return status >= 500 || status == http.StatusTooManyRequests }

// token lends.
func (v viaLogin) token(ctx context.Context, p process, w whichLogin, minTTL time.Duration) (string, error) {
	b := v.client(w, p)
	defer func() { _ = b.Close() }()
	t, err := b.Token(ctx, v.Connection, deskauth.MinTTL(minTTL))
	if err != nil {
		return "", v.explain(err)
	}
	return t.AccessToken, nil
}

// logout ends the key, makes sure that it has ended, and forgets it. The connection
// stays the broker's.
func (v viaLogin) logout(ctx context.Context, p process, w whichLogin, at loginPlace) error {
	b := v.client(w, p)
	defer func() { _ = b.Close() }()
	err := b.EndOwnKey(ctx)
	if err == nil {
		_, err = b.Connection(ctx, v.Connection)
	}
	switch {
	case errors.Is(err, deskauth.ErrKeyRefused):
	case err == nil:
		return fmt.Errorf("%s says that the key is ended, and goes on taking it; the login is kept", hostOf(v.Broker))
	default:
		return v.explain(err)
	}
	if err := os.Remove(v.file(at.Root)); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "Signed out at %s: the key of %s is ended. The connection stays with the broker.\n", hostOf(v.Broker), v.Person)
	if now, err := at.current(); err != nil || now.Via != v.Broker || int64(now.Connection) != v.Connection {
		return err
	}
	return at.clearCurrent()
}

// status asks the broker how the connection is.
func (v viaLogin) status(ctx context.Context, p process, w whichLogin, at loginPlace, now current, offline bool) loginStatus {
	s := loginStatus{
		Source: "broker", Via: v.Broker, Account: v.Account, URL: v.Host, Name: v.Person, State: "unknown", KeyExpiresAt: timeOrNil(v.KeyExpires),
		Scope: oauth.Scope{}, MissingScope: oauth.Scope{}, Current: now.Via == v.Broker && int64(now.Connection) == v.Connection,
	}
	v, err := openVia(ctx, p, at, v)
	if err != nil {
		s.Reason, s.SignIn = err.Error(), errors.As(err, new(mustSignIn))
		return s
	}
	if offline {
		return s
	}
	b := v.client(w, p)
	defer func() { _ = b.Close() }()
	c, err := b.Connection(ctx, v.Connection)
	if err != nil {
		err = v.explain(err)
		s.Unreachable, s.SignIn = err.Error(), errors.As(err, new(mustSignIn))
		return s
	}
	s.URL, s.UserID, s.Name, s.Email, s.Role = c.URL, c.User.ID, c.User.Name, c.User.Email, c.User.Role
	s.Scope, s.MissingScope = append(s.Scope, c.Scope...), append(s.MissingScope, c.Missing...)
	s.State, s.Reason, s.ExpiresAt, s.RefreshExpiresAt = string(c.State), c.Reason, c.ExpiresAt, c.RefreshExpiresAt
	s.SignIn = c.State != deskauth.Active && c.State != deskauth.Renewing && c.State != deskauth.Disabled
	made, _ := v.lentTokens(ctx, b) // a broker of before had none
	for _, t := range made {
		if s.MadeTokens++; s.MadeTokensUntil == nil || t.Until.Before(*s.MadeTokensUntil) {
			s.MadeTokensUntil = &t.Until
		}
	}
	return s
}
