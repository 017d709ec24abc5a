package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Zendesk has none of these: they let a team run the issuer in front of an API
// of its own.

// ClientRequest is a request of a client about a token.
type ClientRequest struct {
	Account Account
	Product Product
	Origin  Origin
	oauth.TokenRequest
	Token secret.Plain
}

// Introspection is what is known of one half of a pair.
type Introspection struct {
	Token
	Holder    Client
	IsRefresh bool
}

// Expires is when this half ends; zero: never.
func (v Introspection) Expires() time.Time {
	if v.IsRefresh {
		return v.RefreshExpires
	}
	return v.AccessExpires
}

// Introspect tells a confidential client of the account about any token of it
// (RFC 7662). A token that opens nothing is ErrNotFound, whatever the reason.
func (i *Issuer) Introspect(ctx context.Context, req ClientRequest) (Introspection, error) {
	c, err := i.authenticate(ctx, req.Account, req.Product, req.TokenRequest, req.Origin)
	if err != nil {
		return Introspection{}, err
	}
	if c.Kind == Public {
		return Introspection{}, oauth.Errorf(oauth.InvalidClient, "public client %d may not introspect", c.ID)
	}
	t, isRefresh, err := i.find(ctx, c, req.Token)
	if err != nil {
		return Introspection{}, err
	}
	now := i.Now()
	if isRefresh && !t.Refreshes(now) || !isRefresh && !t.Opens(now) {
		return Introspection{}, ErrNotFound
	}
	u, err := i.Store.User(ctx, t.Account, t.User)
	if err != nil {
		return Introspection{}, err
	}
	if !u.MaySignIn() {
		return Introspection{}, ErrNotFound
	}
	holder, err := i.Store.ClientByID(ctx, t.Account, t.Product, t.Client)
	return Introspection{t, holder, isRefresh}, err
}

// Revoke ends a token of the client that asks (RFC 7009), and with it its pair:
// Zendesk's own revocation does so too. An unknown token is no error.
func (i *Issuer) Revoke(ctx context.Context, req ClientRequest) error {
	c, err := i.authenticate(ctx, req.Account, req.Product, req.TokenRequest, req.Origin)
	if err != nil {
		return err
	}
	t, _, err := i.find(ctx, c, req.Token)
	if errors.Is(err, ErrNotFound) || err == nil && t.Client != c.ID {
		return nil
	} else if err != nil {
		return err
	}
	now := i.Now()
	e := By{Origin: req.Origin}.event(t.Account, now, ActionTokenRevoked, "token", int64(t.ID), c.Identifier)
	err = i.Store.EndToken(ctx, t, now, Revoked, e)
	if errors.Is(err, ErrConflict) {
		return nil // it ended meanwhile
	} else if err != nil {
		return err
	}
	i.tell(ctx, Verdict{
		Name: TokenRevoked, Account: req.Account.Subdomain, Product: req.Product, Client: req.ClientID, User: t.User, Token: t.AccessHint,
	}, nil)
	return nil
}

// find looks a token up, as an access token first.
func (i *Issuer) find(ctx context.Context, c Client, token secret.Plain) (t Token, isRefresh bool, err error) {
	t, err = i.Store.TokenByAccess(ctx, c.Account, c.Product, token.Digest())
	if !errors.Is(err, ErrNotFound) {
		return t, false, err
	}
	t, err = i.Store.TokenByRefresh(ctx, c.Account, c.Product, token.Digest())
	return t, true, err
}
