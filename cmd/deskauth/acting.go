package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/zendesk"
)

// acting is Zendesk's API as whoever is signed in: by a login, whose token is renewed in
// time, or by the variable that wins over it.
//
//	command ─► zendesk.API (retries) ─► broker.Transport (token, 401 once) ─► Zendesk
type acting struct {
	*zendesk.API
	host    string // for people
	account string
	place   loginPlace
	login   broker.Connection // zero: a variable's token
}

// acting opens the login that is meant and does something by it. What Zendesk refuses
// comes back as an error with what to do, and its exit code.
func (w whichLogin) acting(ctx context.Context, p process, do func(acting) error) error {
	v, is, err := w.environment(p)
	if err != nil {
		return err
	}
	if is {
		at, err := w.where(p)
		if err != nil {
			return err
		}
		a := w.actingBy(p, at, v.account, w.toZendesk(p, v.base))
		a.Bearer = v.token.Reveal()
		return a.explained(do(a))
	}
	if v, is, err := w.namedVia(p); err != nil {
		return err
	} else if is {
		// Another login would be another account's: what is sent there is sent to strangers.
		return usagef("the login at %s is by way of %s, which lends its token to `deskauth auth token` alone: name another login with --account, or choose one with `deskauth auth switch`", printable(v.Host), v.Broker)
	}
	return w.with(ctx, p, func(l *logins, c broker.Connection) error {
		client := *l.HTTP
		client.Transport = &broker.Transport{Broker: l.Broker, ID: c.ID, Next: l.HTTP.Transport}
		a := w.actingBy(p, l.place, c.Account, &client)
		a.login = c
		err := do(a)
		if errors.As(err, new(*broker.Unusable)) || errors.As(err, new(*broker.Unavailable)) {
			return l.explain(c, err)
		}
		return a.explained(err)
	})
}

func (w whichLogin) actingBy(p process, at loginPlace, account string, client *http.Client) acting {
	base := at.Base.URL(account)
	retry := &zendesk.Retry{Within: 10 * time.Minute, Waiting: func(wait zendesk.Wait) {
		if wait.For >= 2*time.Second {
			fmt.Fprintf(p.Err, "%s says to wait: going on in %v.\n", base.Host, wait.For.Round(time.Second))
		}
	}}
	return acting{API: &zendesk.API{Base: base, HTTP: client, Retry: retry}, host: base.Host, account: account, place: at}
}

// explained says what an error of Zendesk's means. What a command says by itself stays.
func (a acting) explained(err error) error {
	var said *zendesk.APIError
	switch {
	case err == nil, errors.As(err, new(coded)), errors.As(err, new(usage)), errors.As(err, new(mustSignIn)), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, zendesk.ErrAnonymous), errors.As(err, &said) && said.Status == http.StatusUnauthorized:
		return mustSignIn{fmt.Errorf("%s does not take the token: run `deskauth auth login --account %s`", a.host, a.account)}
	case errors.As(err, new(local)):
		return err
	}
	return remoteError(a.host, err)
}

// local is an error of this machine, which says nothing of Zendesk.
type local struct{ error }

func (l local) Unwrap() error { return l.error }
