package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// TokenFilter picks tokens. Revoked and replaced ones are never among them.
type TokenFilter struct {
	User    UserID         // zero: anybody's
	Client  ClientID       // zero: any; a client that stands for a global one has none here
	Global  GlobalClientID // zero: any
	Expired bool           // those whose access token has expired too
}

// Tokens lists an account's tokens, for their owner or an admin.
func (i *Issuer) Tokens(ctx context.Context, a Account, p Product, f TokenFilter, r Range) (Page[Token], error) {
	page, err := i.Store.Tokens(ctx, a.ID, p, f, i.Now(), r)
	for n, t := range page.Items {
		page.Items[n] = i.withUse(t)
	}
	return page, err
}

// withUse adds what this replica has not told the store yet.
func (i *Issuer) withUse(t Token) Token {
	if used := i.Uses.Of(t.ref()); used.After(t.Used) {
		t.Used = used
	}
	return t
}

// Token returns a token that has not been revoked or replaced, if who may see
// it: everybody may their own, an admin all of the account. To others it is not
// there.
func (i *Issuer) Token(ctx context.Context, who User, p Product, id TokenID) (Token, error) {
	t, err := i.Store.Token(ctx, who.Account, p, id)
	if err != nil {
		return Token{}, err
	}
	if !t.Ended.IsZero() || t.User != who.ID && who.Role != Admin {
		return Token{}, ErrNotFound
	}
	return i.withUse(t), nil
}

// RevokeToken ends a token of those that who may see, both halves of it (facts
// section 3.3).
func (i *Issuer) RevokeToken(ctx context.Context, who User, p Product, id TokenID, by By) error {
	t, err := i.Token(ctx, who, p, id)
	if err != nil {
		return err
	}
	err = i.revoke(ctx, t, by)
	if errors.Is(err, ErrConflict) {
		return ErrNotFound // somebody was faster
	}
	return err
}

// RevokeCurrent ends the token by which a caller came, or returns ErrToken when
// it has just ended.
func (i *Issuer) RevokeCurrent(ctx context.Context, c Caller, by By) error {
	if c.Via != ViaBearer {
		return ErrNotFound
	}
	err := i.revoke(ctx, c.Token, by)
	if errors.Is(err, ErrConflict) {
		return ErrToken
	}
	return err
}

func (i *Issuer) revoke(ctx context.Context, t Token, by By) error {
	now := i.Now()
	e := by.event(t.Account, now, ActionTokenRevoked, "token", int64(t.ID), "")
	err := i.Store.EndToken(ctx, t, now, Revoked, e)
	i.tellToken(ctx, TokenRevoked, t, err)
	return err
}

// originAPI is the origin of tokens that no grant made.
const originAPI = "api"

// CreateToken gives a user a token of a client without any flow: it never
// expires and has no refresh token (facts section 3.1). Any word is taken as a
// scope; one that means nothing opens nothing. base is the account's root as the
// client sees it.
//
// It returns Invalids when there is no such client.
func (i *Issuer) CreateToken(ctx context.Context, a Account, p Product, u User, client ClientID, scopes []string, base string, by By) (Token, secret.Plain, error) {
	c, err := i.ownClient(ctx, a, p, client)
	if errors.Is(err, ErrNotFound) {
		return Token{}, secret.Plain{}, Invalids{{Field: "client_id", Flaw: NotAllowed, Why: "must be the numeric id of a client of this account"}}
	} else if err != nil {
		return Token{}, secret.Plain{}, err
	}
	now, pair := i.Now(), NewPair(i.Rand)
	t, pair, err := i.mint(ctx, base, a, c, c.hand(now, u, scopes, pair), pair)
	if err != nil {
		return Token{}, secret.Plain{}, err
	}
	e := by.event(a.ID, now, ActionTokenCreated, "token", 0, fmt.Sprintf("%s %d: %s", c.Noun(), c.ID, t.Scope))
	t.ID, err = i.Store.AddToken(ctx, t, e)
	i.tellToken(ctx, TokenIssued, t, err)
	return t, pair.Access, err
}

// hand is a token that a user has made for themselves. Nobody consented to
// anything by it.
func (c Client) hand(now time.Time, u User, scopes []string, pair Pair) Token {
	return Token{
		Account: c.Account, Product: c.Product, Client: c.ID, User: u.ID, Family: pair.Family, Generation: 1,
		Origin: originAPI, Scope: scopeOf(scopes), Created: now,
		Access: pair.Access.Digest(), AccessHint: pair.Access.Hint(TokenHint),
	}
}

// scopeOf keeps what can be a scope at all (RFC 6749 section 3.3): printable
// ASCII without space, quote and backslash.
func scopeOf(words []string) oauth.Scope {
	scope := oauth.Scope{}
	for _, w := range words {
		sound := w != "" && len(w) <= scopeMost && !strings.ContainsFunc(w, func(c rune) bool {
			return c <= ' ' || c > '~' || c == '"' || c == '\\'
		})
		if sound && !scope.Has(w) && len(scope) < scopesMost {
			scope = append(scope, w)
		}
	}
	return scope
}

// How long a scope may be, and how many a token may have: more than there are.
const (
	scopeMost  = 100
	scopesMost = 200
)
