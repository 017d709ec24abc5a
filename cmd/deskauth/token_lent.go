package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Tokens that a broker makes for a time: it has them in a ledger of its own, and revokes
// each when it is due. Nothing of them is noted here.

func (c *caller) makeLentToken(ctx context.Context, p process, out secretOutput, wish tokenWish, of zendesk.Client, file *secretFile) error {
	made, err := c.via.broker.MakeToken(ctx, c.via.connection.ID, deskauth.MadeTokenRequest{
		Client: strconv.FormatInt(of.ID, 10), Scope: wish.scopes, For: time.Duration(wish.life).String(), Ticket: wish.ticket, Why: wish.why,
	})
	if err != nil {
		return c.notMade(err, of)
	}
	host := hostOf(c.via.login.Broker)
	fmt.Fprintf(p.Err, "Made token %d of %s at %s, with %s.\n", made.Token, printable(of.Identifier), c.host, cmpScope(made.Scope))
	fmt.Fprintf(p.Err, "It is due at %s: %s revokes it then.\n", stamp(&made.Until), host)
	t, err := c.OAuthToken(ctx, made.Token)
	if err != nil {
		t = zendesk.OAuthToken{ID: made.Token, ClientID: of.ID, Scopes: made.Scope}
	}
	t.FullToken = made.AccessToken
	return c.tellMade(ctx, p, out, t, file)
}

// notMade says why a broker made no token.
func (c *caller) notMade(err error, of zendesk.Client) error {
	var invalid *deskauth.Invalid
	var said *deskauth.RemoteError
	switch {
	case errors.As(err, &invalid) && (invalid.Field == "for" || invalid.Field == "until"):
		return usagef("--for: %s", printable(invalid.Why))
	case errors.As(err, &invalid):
		return usagef("%s: %s", printable(invalid.Field), printable(invalid.Why))
	case errors.As(err, &said) && said.Type == "zendesk_refused":
		return asRefused(fmt.Errorf("%s refuses it: %s; %s; %s", c.host, printable(said.Detail), c.needs, c.who()))
	case errors.As(err, &said) && said.Type == "in_doubt":
		return asUnavailable(fmt.Errorf("nobody heard whether %s made the token; if it did, nobody has it, and it lives on: look with `deskauth token list --client %s`", c.host, printable(of.Identifier)))
	}
	return c.via.login.explain(err)
}

// lentTokens are those that a broker is to revoke, or that may live on.
func (v viaLogin) lentTokens(ctx context.Context, b *deskauth.Client) (all []deskauth.MadeToken, err error) {
	for one, err := range b.MadeTokens(ctx, v.Connection) {
		if err != nil {
			return all, err
		}
		if one.EndedAt == nil || one.State == "left" {
			all = append(all, one)
		}
	}
	return all, nil
}

// sayLentTokens names, to standard error, what the broker of the login revokes that is
// meant, if one is.
func (w whichLogin) sayLentTokens(ctx context.Context, p process) {
	v, is, err := w.pickVia(ctx, p)
	if err != nil || !is {
		if err != nil && w.Via != "" {
			fmt.Fprintf(p.Err, "deskauth: %s\n", printableLines(err.Error()))
		}
		return
	}
	b := v.client(w, p)
	defer func() { _ = b.Close() }()
	all, err := v.lentTokens(ctx, b)
	if err != nil {
		fmt.Fprintf(p.Err, "deskauth: %s\n", printableLines(v.explain(err).Error()))
		return
	}
	for _, t := range all {
		host := hostOf(v.Broker)
		switch t.State {
		case "living":
			fmt.Fprintf(p.Err, "Token %d at %s, due %s: %s revokes it.\n", t.Token, v.Host, stamp(&t.Until), host)
		case "left":
			fmt.Fprintf(p.Err, "Token %d at %s, due %s: %s could not revoke it.\n", t.Token, v.Host, stamp(&t.Until), host)
		default:
			fmt.Fprintf(p.Err, "A token of %s at %s that %s asked for at %s: nobody heard whether it was made.\n", printable(t.Client), v.Host, host, stamp(&t.CreatedAt))
		}
	}
}
