package main

import (
	"context"
	"fmt"
	"net/url"
	"os"

	"github.com/deskauth/deskauth/internal/broker"
)

// Which login by way of a broker is meant, if one is: of the broker and the account that
// are named, else the current one. chooseVia decides.

// viaURL reads --via.
func viaURL(text string, plain bool) (*url.URL, error) {
	u, err := brokerURL(text, plain)
	if err != nil {
		return nil, usagef("--via %w", err)
	}
	return u, nil
}

// pickVia is the login by way of a broker that is meant, opened, if one is.
func (w whichLogin) pickVia(ctx context.Context, p process) (v viaLogin, is bool, err error) {
	if v, is, err = w.namedVia(p); err != nil || !is {
		return v, false, err
	}
	at, err := w.where(p)
	if err != nil {
		return v, false, err
	}
	v, err = openVia(ctx, p, at, v)
	return v, err == nil, err
}

// namedVia is the login by way of a broker that is meant, if one is. Where a Zendesk is
// named it is none, unless its broker is named too.
func (w whichLogin) namedVia(p process) (v viaLogin, is bool, err error) {
	if w.ZendeskURL != "" && w.Via == "" {
		return v, false, nil
	}
	at, err := w.where(p)
	if err != nil {
		return v, false, err
	}
	all, err := viaLogins(at.Root)
	if err != nil || len(all) == 0 && w.Via == "" {
		return v, false, err
	}
	now, err := at.current()
	if err != nil {
		return v, false, err
	}
	return w.amongVia(at, all, now)
}

func (w whichLogin) amongVia(at loginPlace, all []viaLogin, now current) (v viaLogin, is bool, err error) {
	via, account := "", ""
	if w.Via != "" {
		root, err := viaURL(w.Via, w.AllowHTTP)
		if err != nil {
			return v, false, err
		}
		via = root.String()
	}
	if w.Account != "" {
		if account, err = at.Base.CleanSubdomain(w.Account); err != nil {
			return v, false, usagef("--account: %w", err)
		}
	}
	v, found := chooseVia(all, via, account, now)
	if !found && via != "" {
		missing := viaLogin{Broker: via, Account: account}
		return v, false, mustSignIn{fmt.Errorf("nobody is signed in by way of %s: run `%s`", via, missing.signInAgain())}
	}
	// One that is only of the same account gives way to a login of our own.
	if found && via == "" && v.Broker != now.Via {
		if _, err := os.Stat(at.db()); err == nil {
			return v, false, nil
		}
	}
	return v, found, nil
}

// switchVia makes one the current login.
func (w whichLogin) switchVia(p process) (is bool, err error) {
	if w.ZendeskURL != "" && w.Via == "" {
		return false, nil
	}
	at, err := w.where(p)
	if err != nil {
		return false, err
	}
	all, err := viaLogins(at.Root)
	if err != nil {
		return false, err
	}
	v, is, err := w.amongVia(at, all, current{})
	if err != nil || !is {
		return false, err
	}
	if err := at.writeCurrent(current{Connection: broker.ConnectionID(v.Connection), Via: v.Broker}); err != nil {
		return false, err
	}
	fmt.Fprintf(p.Err, "The login at %s as %s, by way of %s, is the current one.\n", v.Host, v.Person, hostOf(v.Broker))
	return true, nil
}

func openVia(ctx context.Context, p process, at loginPlace, v viaLogin) (viaLogin, error) {
	keys, err := findLoginKeys(ctx, at.Root, p)
	if err != nil {
		return v, err
	}
	ring, err := keys.Load(ctx)
	if err != nil {
		return v, err
	}
	return v.opened(ring)
}
