package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/secret"
)

// remoteBroker is a broker that runs elsewhere, worked on over its API: by the key that is
// given, else by that of a login by way of it.
//
//	--via URL, DESKAUTH_KEY or --key-file ─┐
//	                                       ├─▶ deskauth.Client ─▶ the broker
//	deskauth auth login --via URL ─────────┘
type remoteBroker struct {
	whichLogin
	KeyFile string
}

func (o *remoteBroker) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Via, "via", "", "the broker at this `URL` (default that of the current login)")
	f.StringVar(&o.Account, "account", "", "`subdomain` of the login by way of it whose key is used")
	o.keyFlags(f)
	o.manner.flags(f)
}

func (o *remoteBroker) keyFlags(f *pflag.FlagSet) {
	f.StringVar(&o.KeyFile, "key-file", "", "`file` with a key of that broker's; or the variable DESKAUTH_KEY (default the key of the login)")
}

// far is a broker that runs elsewhere, spoken to.
type far struct {
	*deskauth.Client
	p     process
	host  string
	login *viaLogin // nil: the key is not a login's
}

// reach carries a command out on the broker that is meant.
func (o *remoteBroker) reach(cmd *cobra.Command, p process, do func(context.Context, process, far) error) error {
	return o.run(cmd, p, func(ctx context.Context, p process) error {
		b, err := o.far(ctx, p)
		if err != nil {
			return err
		}
		defer func() { _ = b.Close() }()
		return do(ctx, p, b)
	})
}

func (o *remoteBroker) far(ctx context.Context, p process) (far, error) {
	key, err := secretFlag(p, "key", o.KeyFile)
	if err != nil {
		return far{}, err
	}
	if key.IsZero() {
		v, is, err := o.pickVia(ctx, p)
		if err == nil && !is {
			err = usagef("which broker? Name it with --via and its key with --key-file or DESKAUTH_KEY, or sign in by way of it: `deskauth auth login --via URL`")
		}
		return far{Client: v.client(o.whichLogin, p), p: p, host: hostOf(v.Broker), login: &v}, err
	}
	at := o.Via
	if at == "" {
		v, is, err := o.namedVia(p)
		if err != nil {
			return far{}, err
		} else if !is {
			return far{}, usagef("which broker is the key of? Name it with --via")
		}
		at = v.Broker
	}
	root, err := viaURL(at, false)
	if err != nil {
		return far{}, err
	}
	return far{Client: o.clientAt(p, root.String(), key), p: p, host: root.Host}, nil
}

func (o *remoteBroker) clientAt(p process, address string, key secret.Plain) *deskauth.Client {
	return viaLogin{Broker: address, key: key}.client(o.whichLogin, p)
}

// fail says why a broker did not do what was asked, of a record of that name.
func (b far) fail(what string, err error) error {
	var invalid *deskauth.Invalid
	var unusable *deskauth.Unusable
	switch {
	case err == nil:
		return nil
	case errors.Is(err, deskauth.ErrNotFound):
		return asNotFound(fmt.Errorf("%s has no %s, or none that the key reaches", b.host, what))
	case errors.Is(err, deskauth.ErrKeyRefused) && b.login == nil:
		return mustSignIn{fmt.Errorf("%s does not take the key in --key-file or DESKAUTH_KEY", b.host)}
	case errors.Is(err, deskauth.ErrKeyRefused):
		return b.login.explain(err)
	case errors.Is(err, deskauth.ErrForbidden):
		who := "it"
		if b.login != nil {
			who = "a login's key lends its connection and no more, and it"
		}
		return asRefused(fmt.Errorf("%s refuses it: the key has not the power; %s is named with --key-file or DESKAUTH_KEY", b.host, who))
	case errors.Is(err, deskauth.ErrNotRevoked):
		return asUnavailable(fmt.Errorf("%s could not be ended at Zendesk, and is kept, disabled: revoke it again later", what))
	case errors.As(err, &invalid):
		return usagef("%s: %s", printable(invalid.Field), printable(invalid.Why))
	case errors.As(err, &unusable):
		return asRefused(fmt.Errorf("connection %d cannot be used (%s, %s)", unusable.Connection, printable(string(unusable.State)), printable(unusable.Reason)))
	}
	return explainBroker(b.host, err)
}

// allOf are all of a list.
func allOf[T any](b far, what string, list iter.Seq2[T, error]) (all []T, err error) {
	for one, err := range list {
		if err != nil {
			return nil, b.fail(what, err)
		}
		all = append(all, one)
	}
	return all, nil
}
