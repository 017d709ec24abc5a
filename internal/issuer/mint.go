package issuer

import (
	"context"
	"errors"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// mint finishes a token that a grant decided on: its user must be one who may
// hold it, and it gets its form. Every grant passes here, so none can forget.
// base is the account's root as the client sees it.
func (i *Issuer) mint(ctx context.Context, base string, a Account, c Client, t Token, pair Pair) (Token, Pair, error) {
	u, err := i.Store.User(ctx, t.Account, t.User)
	if errors.Is(err, ErrNotFound) || err == nil && !u.MaySignIn() {
		return t, pair, oauth.Errorf(oauth.InvalidGrant, "user %d may not hold tokens", t.User)
	} else if err != nil {
		return t, pair, err
	}
	if i.Policies[c.Product].OpaqueTokens || a.tokenFormat(c) == Opaque {
		return t, pair, nil
	}
	keys, err := i.SigningKeys(ctx, a)
	if err != nil {
		return t, pair, err
	}
	if pair.Access, err = keys[0].sign(base, c, t, pair.Access); err != nil {
		return t, pair, err
	}
	t.Access, t.AccessHint = pair.Access.Digest(), jwtHint(pair.Access)
	return t, pair, nil
}

// jwtHint is what lists show of a JWT: of its signature, since the first ten
// characters of all JWTs are alike.
func jwtHint(token secret.Plain) string {
	text := token.Reveal()
	return secret.Of(text[strings.LastIndexByte(text, '.')+1:]).Hint(TokenHint)
}
