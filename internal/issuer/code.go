package issuer

import (
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Code is an authorization code: live, then redeemed, once.
type Code struct {
	Account      AccountID
	Product      Product
	Digest       secret.Digest
	Client       ClientID
	User         UserID
	RedirectURI  string
	RedirectSent bool
	Scope        oauth.Scope
	Challenge    string
	Created      time.Time
	Expires      time.Time
	Redeemed     bool
}

func (a Authorization) code(now time.Time, u User, p Policy, code secret.Plain) Code {
	return Code{
		Account: a.Account.ID, Product: a.Client.Product, Digest: code.Digest(), Client: a.Client.ID, User: u.ID,
		RedirectURI: a.RedirectURI, RedirectSent: a.RedirectSent, Scope: a.Scope, Challenge: a.Challenge,
		Created: now, Expires: now.Add(p.CodeLife),
	}
}

// Redeem decides whether a code may become a token, and which. A code that was
// redeemed before is refused like an unknown one, and its token lives on: who
// asked twice because an answer was lost shall not lose the winner's.
func (c Code) Redeem(now time.Time, by Client, req TokenRequest, p Policy, pair Pair) (Token, error) {
	switch {
	case c.Redeemed:
		return Token{}, CodeReplayed.because(oauth.InvalidGrant, "the code was used before")
	case !now.Before(c.Expires):
		return Token{}, CodeExpired.because(oauth.InvalidGrant, "the code expired")
	case c.Client != by.ID:
		return Token{}, oauth.Errorf(oauth.InvalidGrant, "the code belongs to another client")
	case !c.sameRedirect(req.RedirectURI):
		return Token{}, oauth.Errorf(oauth.InvalidGrant, "redirect_uri differs from the one authorized")
	case p.PKCE && by.Kind == Public && c.Challenge == "":
		// It was confidential when the code was made: PKCE is demanded at once.
		return Token{}, oauth.Errorf(oauth.InvalidGrant, "a public client's code without a code_challenge")
	case p.PKCE && !oauth.Challenge(c.Challenge).Matches(req.CodeVerifier):
		return Token{}, oauth.Errorf(oauth.InvalidGrant, "code_verifier and code_challenge do not match")
	}
	scope, err := by.narrow(c.Scope, req, p)
	if err != nil {
		return Token{}, err
	}
	l, err := by.lifetimes(req.Account, p, req.Lifetimes)
	if err != nil {
		return Token{}, err
	}
	t := Token{
		Account: c.Account, Product: c.Product, Client: c.Client, User: c.User,
		Family: pair.Family, Generation: 1, Origin: string(oauth.GrantAuthorizationCode),
		Scope: scope, Consented: c.Scope, Created: now,
	}
	return t.withPair(now, pair, l), nil
}

// sameRedirect follows RFC 6749 section 4.1.3: what was sent at authorization
// must be sent again. What was left out may stay out.
func (c Code) sameRedirect(sent string) bool {
	return sent == c.RedirectURI || sent == "" && !c.RedirectSent
}

// narrow decides the scope of a token within what was granted (facts section
// 2.1): left out, it stays; unknown names fall away; what is wider is refused.
func (c Client) narrow(granted oauth.Scope, req TokenRequest, p Policy) (oauth.Scope, error) {
	scope := granted
	if req.HasScope && req.Scope != "" {
		scope = p.known(oauth.ParseScope(req.Scope))
		if wider, exceeds := p.exceeds(scope, granted); exceeds {
			return nil, oauth.Errorf(oauth.InvalidScope, "scope %q exceeds what was granted", wider)
		}
	}
	// The client's ceiling may have been lowered since.
	if err := c.checkScope(scope, p); err != nil {
		return nil, err
	}
	return p.narrowed(scope), nil
}
