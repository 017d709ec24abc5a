package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// TokenRequest is a request to the token endpoint, with who sends it.
type TokenRequest struct {
	Account Account
	Product Product
	Origin  Origin
	oauth.TokenRequest
	Lifetimes Lifetimes
}

// Exchange answers a request to the token endpoint. What every grant must pass
// stands here, once and in this order: the client authenticates, the product
// knows the grant; only then does the grant have its say.
//
// Errors are *oauth.Error, *TooMany, or another that is the server's fault.
func (i *Issuer) Exchange(ctx context.Context, req TokenRequest) (oauth.TokenResponse, error) {
	c, err := i.authenticate(ctx, req)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	p := i.Policies[req.Product]
	if !slices.Contains(p.Grants, req.GrantType) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.UnsupportedGrantType, "unsupported grant_type")
	}
	switch req.GrantType {
	case oauth.GrantAuthorizationCode:
		return i.redeem(ctx, c, p, req)
	case oauth.GrantRefreshToken:
		return i.refresh(ctx, c, p, req)
	default:
		return oauth.TokenResponse{}, oauth.Errorf(oauth.UnsupportedGrantType, "unsupported grant_type")
	}
}

// authenticate finds the client of a request and has it prove itself. An
// unknown client and a wrong secret get the same answer, after the same work.
func (i *Issuer) authenticate(ctx context.Context, req TokenRequest) (Client, error) {
	now := i.Now()
	subject := fmt.Sprintf("client %d %s %s %s", req.Account.ID, req.Product, req.ClientID, req.Origin.Address)
	if err := i.allowed(ctx, now, subject); err != nil {
		return Client{}, err
	}
	c, err := i.Store.Client(ctx, req.Account.ID, req.Product, req.ClientID)
	switch {
	case errors.Is(err, ErrNotFound):
		err = oauth.Errorf(oauth.InvalidClient, "unknown client")
		_ = Client{Kind: Confidential, Secrets: []ClientSecret{{}}}.Authenticate(now, req.TokenRequest)
	case err == nil:
		err = c.Authenticate(now, req.TokenRequest)
	}
	if oauth.ErrorCode(err) == oauth.InvalidClient {
		return Client{}, i.failed(ctx, now, subject, err)
	}
	return c, err
}

// redeem is the authorization code grant (RFC 6749 section 4.1.3).
func (i *Issuer) redeem(ctx context.Context, c Client, p Policy, req TokenRequest) (oauth.TokenResponse, error) {
	code, err := i.Store.Code(ctx, c.Account, c.Product, secret.Of(req.Code).Digest())
	if errors.Is(err, ErrNotFound) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.InvalidGrant, "unknown code")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	now, pair := i.Now(), NewPair(i.Rand)
	t, err := code.Redeem(now, c, req, p, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	if err := i.mayHold(ctx, t); err != nil {
		return oauth.TokenResponse{}, err
	}
	if _, err := i.Store.RedeemCode(ctx, code, t); errors.Is(err, ErrConflict) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.InvalidGrant, "the code was used at the same time")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	return respond(now, t, req, pair), nil
}

// refresh is the refresh grant (RFC 6749 section 6).
func (i *Issuer) refresh(ctx context.Context, c Client, p Policy, req TokenRequest) (oauth.TokenResponse, error) {
	old, err := i.Store.TokenByRefresh(ctx, c.Account, c.Product, secret.Of(req.RefreshToken).Digest())
	if errors.Is(err, ErrNotFound) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.InvalidGrant, "unknown refresh token")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	now, pair := i.Now(), NewPair(i.Rand)
	next, err := old.Rotate(now, c, req, p, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	if err := i.mayHold(ctx, next); err != nil {
		return oauth.TokenResponse{}, err
	}
	if _, err := i.Store.ReplaceToken(ctx, old, next); errors.Is(err, ErrConflict) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.InvalidGrant, "the refresh token was used at the same time")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	return respond(now, next, req, pair), nil
}

// mayHold refuses a token for a user who may no longer sign in. Every grant
// that makes a token for a user asks it.
func (i *Issuer) mayHold(ctx context.Context, t Token) error {
	u, err := i.Store.User(ctx, t.Account, t.User)
	if errors.Is(err, ErrNotFound) || err == nil && !u.MaySignIn() {
		return oauth.Errorf(oauth.InvalidGrant, "user %d may not hold tokens", t.User)
	}
	return err
}

// respond builds the answer. expires_in is there only if the request asked for
// it, as at Zendesk (facts section 2.3): the trap that brokers fall into.
func respond(now time.Time, t Token, req TokenRequest, pair Pair) oauth.TokenResponse {
	r := oauth.TokenResponse{AccessToken: pair.Access.Reveal(), TokenType: "bearer", Scope: t.Scope.String()}
	if req.Lifetimes.ExpiresIn != nil && !t.AccessExpires.IsZero() {
		r.ExpiresIn = seconds(t.AccessExpires.Sub(now))
	}
	if t.HasRefresh {
		r.RefreshToken = pair.Refresh.Reveal()
		r.RefreshTokenExpiresIn = seconds(t.RefreshExpires.Sub(now))
	}
	return r
}

func seconds(d time.Duration) *int64 {
	s := int64(d / time.Second)
	return &s
}
