package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Connections that no browser makes: a client that acts for itself, and a pair of
// tokens that somebody has already.

// ForClient says for what a client acts for itself.
type ForClient struct {
	Account string
	Product Product // "": Support
	Scope   oauth.Scope
}

// ConnectClient connects a client that acts for itself (RFC 6749 §4.4): at Zendesk,
// for the admin who made it (facts §2.4). There is no refresh token; each renewal
// asks anew. The error is *Invalid or *Failure.
func (b *Broker) ConnectClient(ctx context.Context, by Actor, r ForClient) (Connection, error) {
	client, err := b.clientOf(ctx, Flow{Account: r.Account}, &r.Product)
	if err != nil {
		return Connection{}, err
	}
	if client.Public() {
		return Connection{}, &Invalid{"client", "a public client has no credentials to act by"}
	}
	if r.Scope.IsEmpty() {
		r.Scope = b.Scope
	}
	_, secrets, err := b.credentials(ctx, client.ID)
	if err != nil {
		return Connection{}, err
	}
	reply := b.exchange(ctx, r.Account, r.Product, client, secrets, clientRequest(r.Scope))
	if reply.Result != Renewed {
		return Connection{}, &Failure{Kind: exchangeFailure(reply), Account: r.Account, Answer: answer(reply.Err), Err: reply.Err}
	}
	return b.take(ctx, Connection{
		Account: r.Account, Product: r.Product, Client: client.ID, Grant: oauth.GrantClientCredentials,
		State: Pending, Asked: r.Scope, Created: b.now(),
	}, reply.Token, ConnectionMade, by)
}

// clientRequest asks for a client's own token.
func clientRequest(scope oauth.Scope) oauth.TokenRequest {
	return oauth.TokenRequest{GrantType: oauth.GrantClientCredentials, Scope: scope.String(), HasScope: true}
}

func refreshRequest(refresh secret.Plain) oauth.TokenRequest {
	return oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, RefreshToken: refresh.Reveal()}
}

// Import is a pair that somebody has.
type Import struct {
	Account string
	Product Product // "": Support
	Access  secret.Plain
	Refresh secret.Plain // absent: it ends with the access token
	Scope   oauth.Scope  // that the program needs; none: as granted
	// Rotate renews the pair at once, so that nobody else's copy is good any more.
	// It also takes a pair whose access token is over.
	Rotate bool
}

// Import takes a pair over, once Zendesk says whose it is. The client must be the one
// that the pair was issued to: only it can renew. The error is *Invalid or *Failure;
// with a connection beside it, the pair was taken and could not be renewed.
func (b *Broker) Import(ctx context.Context, by Actor, r Import) (Connection, error) {
	client, err := b.clientOf(ctx, Flow{Account: r.Account}, &r.Product)
	if err != nil {
		return Connection{}, err
	}
	if r.Access.IsZero() {
		return Connection{}, &Invalid{"access token", "it is missing"}
	}
	c := Connection{
		Account: r.Account, Product: r.Product, Client: client.ID, Grant: oauth.GrantAuthorizationCode,
		State: Pending, Asked: r.Scope, Created: b.now(),
	}
	user, err := policies[c.Product].who(ctx, b.api(c, r.Access), r.Access)
	var refused *zendesk.APIError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized && r.Rotate && !r.Refresh.IsZero():
		return b.importByRefresh(ctx, by, c, client, r.Refresh)
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return Connection{}, &Failure{Kind: TokensOver, Account: r.Account, Err: err}
	case err != nil:
		return Connection{}, &Failure{Kind: whoFailure(err), Account: r.Account, Err: err}
	}
	c.User = user
	if c, err = b.adopt(ctx, by, c, b.importedPair(ctx, c, r)); err != nil || !r.Rotate || !c.Renewable() {
		return c, err
	}
	taken := c.Generation
	renewed, err := b.renewOrSay(ctx, c, false, func(c Connection) bool { return c.Generation <= taken })
	if err != nil {
		return c, err
	}
	return renewed, nil
}

// clientOf finds the client that serves an account, for a product that is Support
// where none is named.
func (b *Broker) clientOf(ctx context.Context, f Flow, p *Product) (Client, error) {
	account := f.Account
	if *p == "" {
		*p = Support
	}
	if _, known := policies[*p]; !known {
		return Client{}, &Invalid{"product", fmt.Sprintf("it is %s or %s", Support, Chat)}
	}
	if err := zendesk.CheckSubdomain(account); err != nil {
		return Client{}, &Invalid{"subdomain", err.Error()}
	}
	if served, err := b.serves(ctx, f); err != nil {
		return Client{}, err
	} else if !served {
		return Client{}, &Failure{Kind: NotServed, Account: account}
	}
	client, err := b.Store.ClientFor(ctx, account, *p)
	if errors.Is(err, ErrNotFound) {
		return Client{}, &Failure{Kind: NoSuchClient, Account: account, Err: errors.New("no client is set up for this account")}
	}
	return client, err
}

// importedPair is what can be found out of a pair whose answer nobody has: Zendesk
// knows its scopes and ends. What it does not tell is guessed as for any other.
func (b *Broker) importedPair(ctx context.Context, c Connection, r Import) Pair {
	told := oauth.TokenResponse{AccessToken: r.Access.Reveal(), RefreshToken: r.Refresh.Reveal()}
	p := b.pair(c, told)
	if !policies[c.Product].Lifetimes {
		return p
	}
	token, err := b.api(c, r.Access).CurrentToken(ctx)
	if err != nil {
		return p
	}
	p.Scope = oauth.ParseScope(plainText(oauth.Scope(token.Scopes).String()))
	p.AccessExpires = since(token.ExpiresAt)
	if !r.Refresh.IsZero() && token.RefreshTokenExpiresAt != nil {
		p.RefreshExpires = since(token.RefreshTokenExpiresAt)
	}
	return p
}

// adopt stores a pair whose person is known: as a connection, or in the one that
// this person has.
func (b *Broker) adopt(ctx context.Context, by Actor, c Connection, p Pair) (Connection, error) {
	if c.Asked.IsEmpty() {
		c.Asked = p.Scope
	}
	pending, err := b.Store.AddPending(ctx, c)
	if err != nil {
		return Connection{}, err
	}
	next := pending.Next(p, false)
	next.State = Active
	if next, err = b.withPair(ctx, next, p); err != nil {
		return Connection{}, err
	}
	event := Event{At: b.now(), Kind: Imported, By: by, Account: c.Account, Connection: next.ID, Client: c.Client, Detail: string(c.Product)}
	for range identifyTries {
		if err = b.Store.Adopt(ctx, next, event); !errors.Is(err, ErrConflict) {
			return next, err
		}
		var arrival Arrival
		if arrival, err = b.merge(ctx, Flow{}, next, p, event); !errors.Is(err, ErrConflict) {
			return arrival.Connection, err
		}
	}
	return Connection{}, fmt.Errorf("import a connection to %s: %w", c.Account, err)
}

// importByRefresh takes over a pair whose access token is over. The refresh spends
// what was brought: from here on the tokens are nowhere else.
func (b *Broker) importByRefresh(ctx context.Context, by Actor, c Connection, client Client, refresh secret.Plain) (Connection, error) {
	_, secrets, err := b.credentials(ctx, client.ID)
	if err != nil {
		return Connection{}, err
	}
	reply := b.exchange(ctx, c.Account, c.Product, client, secrets, refreshRequest(refresh))
	if reply.Result != Renewed {
		kind := exchangeFailure(reply)
		if reply.Result == GrantRefused {
			kind = TokensOver
		}
		return Connection{}, &Failure{Kind: kind, Account: c.Account, Answer: answer(reply.Err), Err: reply.Err}
	}
	return b.take(ctx, c, reply.Token, Imported, by)
}

// take stores tokens that are nowhere else, before anything is done with them, and
// finds out whose they are.
func (b *Broker) take(ctx context.Context, c Connection, t oauth.TokenResponse, how EventKind, by Actor) (Connection, error) {
	if c.Asked.IsEmpty() {
		c.Asked = oauth.ParseScope(plainText(t.Scope))
	}
	err := b.keepAtAll(ctx, func(ctx context.Context) (err error) { c, err = b.Store.AddPending(ctx, c); return err })
	if err != nil {
		return Connection{}, err
	}
	pair := b.pair(c, t)
	if c, err = b.withPair(ctx, c.Next(pair, false), pair); err != nil {
		return Connection{}, err
	}
	if err := b.keepAtAll(ctx, func(ctx context.Context) error { return b.Store.KeepTokens(ctx, c) }); err != nil {
		return Connection{}, err
	}
	if pair.Guessed {
		c = b.askExpiry(ctx, c, pair.Access)
	}
	arrival, err := b.identifyAs(ctx, Flow{Account: c.Account}, c, pair, how, by)
	return arrival.Connection, err
}
