package issuer

import (
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// ClientID is the number of a client. On the wire of OAuth a client is named by
// its identifier, in the management API by this number: Zendesk's way, and a
// trap (facts section 10).
type ClientID int64

// GlobalClientID is the number of a global client, outside accounts.
type GlobalClientID int64

// Kind tells whether a client can keep a secret (RFC 6749 section 2.1).
type Kind string

// The kinds.
const (
	Public       Kind = "public"
	Confidential Kind = "confidential"
)

// Client is an application that asks for tokens in one account.
type Client struct {
	ID              ClientID
	Account         AccountID
	Product         Product
	Identifier      string
	Name            string
	Description     string
	Company         string
	Kind            Kind
	User            UserID // the admin who created it
	RedirectURIs    []string
	AllowedScopes   oauth.Scope // empty: any
	Era             Era         // empty: the account's
	AnyLoopbackPort bool        // RFC 8252 section 7.3; an extension
	Global          GlobalClientID
	Secrets         []ClientSecret
	Logo            Logo
	Created         time.Time
	Updated         time.Time
}

// ClientSecret is one of the secrets that a client may present. There are two
// while a successor is being rolled out.
type ClientSecret struct {
	Digest  secret.Digest
	Hint    string // the first nine characters (facts section 4.2)
	Created time.Time
	Expires time.Time // zero: it does not
}

// ClientSecretHint is how many characters of a client's secret stay visible.
const ClientSecretHint = 9

// era is the client's own, or else its account's.
func (c Client) era(a Account) Era {
	if c.Era != "" {
		return c.Era
	}
	return a.Era
}

// Authenticate decides whether a token request comes from this client (RFC 6749
// section 3.2.1). Every grant passes here; none checks a secret by itself.
//
// Zendesk gives even public clients a secret: whoever presents one must present
// the right one. A confidential client may leave it out where PKCE speaks for
// it, at the exchange of a code (facts section 4.4); Code.Redeem then demands
// the verifier. Where there is no PKCE, nobody may leave it out.
func (c Client) Authenticate(now time.Time, req oauth.TokenRequest, p Policy) error {
	if req.ClientSecret != "" {
		if c.holds(now, secret.Of(req.ClientSecret).Digest()) {
			return nil
		}
		return oauth.Errorf(oauth.InvalidClient, "wrong secret of client %d", c.ID)
	}
	switch {
	case c.Kind == Public && p.PKCE:
		return nil
	case p.PKCE && req.GrantType == oauth.GrantAuthorizationCode && req.CodeVerifier != "":
		return nil
	default:
		return oauth.Errorf(oauth.InvalidClient, "no secret of confidential client %d", c.ID)
	}
}

// holds compares with every secret, so that the time tells nothing.
func (c Client) holds(now time.Time, presented secret.Digest) bool {
	found := false
	for _, s := range c.Secrets {
		if s.Digest.Equal(presented) && (s.Expires.IsZero() || now.Before(s.Expires)) {
			found = true
		}
	}
	return found
}

// match finds the redirect URI of a request: an exact comparison of strings
// (RFC 9700 section 2.1), since a trailing slash matters at Zendesk too. One
// that is not sent is the registered one, if there is exactly one.
func (c Client) match(req oauth.AuthorizeRequest) (string, error) {
	if !req.HasRedirectURI {
		if len(c.RedirectURIs) == 1 {
			return c.RedirectURIs[0], nil
		}
		return "", &Unverified{Words: `"redirect_uri" missing`, Reason: "no redirect_uri, and not exactly one is registered"}
	}
	if oauth.MatchRedirectURI(c.RedirectURIs, req.RedirectURI) ||
		c.AnyLoopbackPort && oauth.MatchLoopbackAnyPort(c.RedirectURIs, req.RedirectURI) {
		return req.RedirectURI, nil
	}
	return "", &Unverified{Words: `"redirect_uri" mismatch`, Reason: "redirect_uri is not registered"}
}

// life is how long the halves of a token live; nil: for ever.
type life struct {
	access, refresh *time.Duration
}

// lifetimes decides how long a token of this client lives (facts section 2.3).
func (c Client) lifetimes(a Account, p Policy, asked Lifetimes) (l life, err error) {
	if !p.Expires {
		return life{}, nil
	}
	if l.access, err = p.Access.choose("expires_in", asked.ExpiresIn); err != nil {
		return life{}, err
	}
	if l.refresh, err = p.Refresh.choose("refresh_token_expires_in", asked.RefreshTokenExpiresIn); err != nil {
		return life{}, err
	}
	if l.access == nil && c.era(a) == Enforced {
		l.access = &p.Access.Default
	}
	if l.refresh == nil {
		l.refresh = &p.Refresh.Default
	}
	return p.shortened(l), nil
}

// Lifetimes are the seconds that a token request asks for; nil where it does not.
type Lifetimes struct {
	ExpiresIn             *int64
	RefreshTokenExpiresIn *int64
}

func (b Bounds) choose(name string, seconds *int64) (*time.Duration, error) {
	if seconds == nil {
		return nil, nil
	}
	if *seconds < int64(b.Min/time.Second) || *seconds > int64(b.Max/time.Second) {
		return nil, oauth.Errorf(oauth.InvalidRequest, "%s must be from %d to %d, not %d",
			name, int64(b.Min/time.Second), int64(b.Max/time.Second), *seconds)
	}
	d := time.Duration(*seconds) * time.Second
	return &d, nil
}
