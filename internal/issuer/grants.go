package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// start is a token of a family of its own, without lifetimes yet.
func (c Client) start(now time.Time, u UserID, origin oauth.GrantType, scope oauth.Scope, pair Pair) Token {
	return Token{
		Account: c.Account, Product: c.Product, Client: c.ID, User: u, Family: pair.Family, Generation: 1,
		Origin: string(origin), Scope: scope, Consented: scope, Created: now,
	}
}

// asks decides the scope of a grant for which nobody consented: what is asked,
// within the client's ceiling; left out, the ceiling itself (facts section 2.1).
func (c Client) asks(req TokenRequest, p Policy) (oauth.Scope, error) {
	if !req.HasScope || req.Scope == "" {
		if len(c.AllowedScopes) > 0 {
			return p.narrowed(c.AllowedScopes), nil
		}
		return p.narrowed(p.Usual), nil
	}
	scope := p.known(oauth.ParseScope(req.Scope))
	if err := c.checkScope(scope, p); err != nil {
		return nil, err
	}
	return p.narrowed(scope), nil
}

// Represent decides the client credentials grant (RFC 6749 section 4.4): the
// client acts as the admin who made it, and gets no refresh token (facts 2.4).
func (c Client) Represent(now time.Time, req TokenRequest, p Policy, pair Pair) (Token, error) {
	if c.Kind == Public {
		return Token{}, oauth.Errorf(p.PublicRefusal, "client %d is public", c.ID)
	}
	scope, err := c.asks(req, p)
	if err != nil {
		return Token{}, err
	}
	l, err := c.lifetimes(req.Account, p, Lifetimes{ExpiresIn: req.Lifetimes.ExpiresIn})
	if err != nil {
		return Token{}, err
	}
	return c.start(now, c.User, oauth.GrantClientCredentials, scope, pair).withAccess(now, pair, l), nil
}

// Trust decides the password grant (RFC 6749 section 4.3), for a user who has
// given the client their password.
func (c Client) Trust(now time.Time, u User, req TokenRequest, p Policy, pair Pair) (Token, error) {
	scope, err := c.asks(req, p)
	if err != nil {
		return Token{}, err
	}
	l, err := c.lifetimes(req.Account, p, req.Lifetimes)
	if err != nil {
		return Token{}, err
	}
	return c.start(now, u.ID, oauth.GrantPassword, scope, pair).withPair(now, pair, l), nil
}

// Imply decides the implicit grant (RFC 6749 section 4.2): what the user allowed
// becomes an access token at once, and there is no refresh token.
func (a Authorization) Imply(now time.Time, u User, p Policy, pair Pair) (Token, error) {
	l, err := a.Client.lifetimes(a.Account, p, Lifetimes{})
	if err != nil {
		return Token{}, err
	}
	return a.Client.start(now, u.ID, "implicit", p.narrowed(a.Scope), pair).withAccess(now, pair, l), nil
}

func (i *Issuer) clientCredentials(ctx context.Context, c Client, p Policy, req TokenRequest) (oauth.TokenResponse, error) {
	now, pair := i.Now(), NewPair(i.Rand)
	t, err := c.Represent(now, req, p, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	return i.add(ctx, now, c, t, req, pair)
}

func (i *Issuer) password(ctx context.Context, c Client, p Policy, req TokenRequest) (oauth.TokenResponse, error) {
	in := SignIn{Email: req.Username, Password: secret.Of(req.Password), Origin: req.Origin}
	u, err := i.byPassword(ctx, req.Account, in, forgetful{i.Passwords})
	if errors.Is(err, ErrSignIn) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.InvalidGrant, "%s", err)
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	now, pair := i.Now(), NewPair(i.Rand)
	t, err := c.Trust(now, u, req, p, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	return i.add(ctx, now, c, t, req, pair)
}

// add mints a token that nothing precedes, and answers with it.
func (i *Issuer) add(ctx context.Context, now time.Time, c Client, t Token, req TokenRequest, pair Pair) (oauth.TokenResponse, error) {
	t, pair, err := i.mint(ctx, req.Base, req.Account, c, t, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	if _, err := i.Store.AddToken(ctx, t); err != nil {
		return oauth.TokenResponse{}, err
	}
	return respond(now, t, req, pair), nil
}

// imply answers an allowed authorization request with a token in the fragment.
func (i *Issuer) imply(ctx context.Context, now time.Time, auth Authorization, u User, told ...Event) (string, error) {
	pair := NewPair(i.Rand)
	t, err := auth.Imply(now, u, i.Policies[auth.Client.Product].bent(auth.Bent), pair)
	if err != nil {
		return "", err
	}
	t, pair, err = i.mint(ctx, auth.Base, auth.Account, auth.Client, t, pair)
	if err != nil {
		return "", err
	}
	if _, err := i.Store.AddToken(ctx, t, told...); err != nil {
		return "", err
	}
	return oauth.FragmentURL(auth.RedirectURI, oauth.ImplicitResponse{
		AccessToken: pair.Access.Reveal(), TokenType: i.Policies[auth.Client.Product].FragmentTokenType,
		Scope: t.Scope.String(), State: auth.State,
	}.Encode()), nil
}
