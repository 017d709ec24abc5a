package issuer

import (
	"context"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// TokenRequest is a request to the token endpoint, with who sends it.
type TokenRequest struct {
	Account Account
	Product Product
	Origin  Origin
	Base    string // the account's root as the client sees it
	oauth.TokenRequest
	Lifetimes Lifetimes
	Bent      Bent
}

// Exchange answers a request to the token endpoint. What every grant must pass
// stands here, once and in this order: the client authenticates, the product
// knows the grant; only then does the grant have its say.
//
// Errors are *oauth.Error, *TooMany, or another that is the server's fault.
func (i *Issuer) Exchange(ctx context.Context, req TokenRequest) (answer oauth.TokenResponse, err error) {
	defer i.tellExchange(ctx, req, &answer, &err)
	c, err := i.authenticate(ctx, req.Account, req.Product, req.TokenRequest, req.Origin)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	p := i.Policies[req.Product].bent(req.Bent)
	if !p.grants(req.GrantType, req.Account) {
		return oauth.TokenResponse{}, oauth.Errorf(oauth.UnsupportedGrantType, "unsupported grant_type")
	}
	switch req.GrantType {
	case oauth.GrantAuthorizationCode:
		return i.redeem(ctx, c, p, req)
	case oauth.GrantRefreshToken:
		return i.refresh(ctx, c, p, req)
	case oauth.GrantClientCredentials:
		return i.clientCredentials(ctx, c, p, req)
	case oauth.GrantPassword:
		return i.password(ctx, c, p, req)
	default:
		return oauth.TokenResponse{}, oauth.Errorf(oauth.UnsupportedGrantType, "unsupported grant_type")
	}
}

// authenticate finds the client of a request and has it prove itself. An
// unknown client and a wrong secret get the same answer, after the same work.
func (i *Issuer) authenticate(ctx context.Context, a Account, p Product, req oauth.TokenRequest, from Origin) (Client, error) {
	now := i.Now()
	within := limits("client", a.ID, string(p)+" "+req.ClientID, from)
	if err := i.allowed(ctx, now, within); err != nil {
		return Client{}, err
	}
	c, err := i.Store.Client(ctx, a.ID, p, req.ClientID)
	unknown := errors.Is(err, ErrNotFound)
	if unknown {
		c = Client{Kind: Confidential, Secrets: []ClientSecret{{}}}
	} else if err != nil {
		return Client{}, err
	}
	return c, i.trySecret(ctx, now, within, func() error {
		err := c.Authenticate(now, req, i.Policies[p])
		if unknown {
			err = oauth.Errorf(oauth.InvalidClient, "unknown client")
		}
		return err
	})
}

// redeem is the authorization code grant (RFC 6749 section 4.1.3).
func (i *Issuer) redeem(ctx context.Context, c Client, p Policy, req TokenRequest) (oauth.TokenResponse, error) {
	code, err := i.Store.Code(ctx, c.Account, c.Product, secret.Of(req.Code).Digest())
	if errors.Is(err, ErrNotFound) {
		return oauth.TokenResponse{}, CodeUnknown.because(oauth.InvalidGrant, "unknown code")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	now, pair := i.Now(), NewPair(i.Rand)
	t, err := code.Redeem(now, c, req, p, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	t, pair, err = i.mint(ctx, req.Base, req.Account, c, t, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	if _, err := i.Store.RedeemCode(ctx, code, t); errors.Is(err, ErrConflict) {
		return oauth.TokenResponse{}, CodeReplayed.because(oauth.InvalidGrant, "the code was used at the same time")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	return respond(now, t, req, pair), nil
}

// refresh is the refresh grant (RFC 6749 section 6).
func (i *Issuer) refresh(ctx context.Context, c Client, p Policy, req TokenRequest) (oauth.TokenResponse, error) {
	old, err := i.Store.TokenByRefresh(ctx, c.Account, c.Product, secret.Of(req.RefreshToken).Digest())
	if errors.Is(err, ErrNotFound) {
		return oauth.TokenResponse{}, RefreshUnknown.because(oauth.InvalidGrant, "unknown refresh token")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	now, pair := i.Now(), NewPair(i.Rand)
	next, err := old.Rotate(now, c, req, p, pair)
	if err != nil {
		return oauth.TokenResponse{}, i.replayed(ctx, now, req.Account, c, old, req.Origin, err)
	}
	next, pair, err = i.mint(ctx, req.Base, req.Account, c, next, pair)
	if err != nil {
		return oauth.TokenResponse{}, err
	}
	if _, err := i.Store.ReplaceToken(ctx, old, next); errors.Is(err, ErrConflict) {
		return oauth.TokenResponse{}, RefreshReplayed.because(oauth.InvalidGrant, "the refresh token was used at the same time")
	} else if err != nil {
		return oauth.TokenResponse{}, err
	}
	return respond(now, next, req, pair), nil
}

// replayed ends the family of a refresh token that was used again, where the
// account wants that. Otherwise the successor lives on, as at Zendesk.
func (i *Issuer) replayed(ctx context.Context, now time.Time, a Account, by Client, old Token, from Origin, cause error) error {
	if !a.RevokeReplayed || old.EndReason != Replaced || old.Client != by.ID {
		return cause
	}
	who := By{Origin: from}
	e := who.event(a.ID, now, ActionTokenFamilyRevoked, "token", int64(old.ID), by.Identifier)
	if err := i.Store.EndFamily(ctx, old, now, ReplayedFamily, e); err != nil {
		return err
	}
	return cause
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
		if !t.RefreshExpires.IsZero() {
			r.RefreshTokenExpiresIn = seconds(t.RefreshExpires.Sub(now))
		}
	}
	return r
}

func seconds(d time.Duration) *int64 {
	s := int64(d / time.Second)
	return &s
}
