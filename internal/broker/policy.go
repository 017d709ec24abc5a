package broker

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// Policy is how a product's OAuth differs from another's. The use cases read it
// and never ask which product it is.
type Policy struct {
	AuthorizePath, TokenPath string
	Encoding                 oauth.Encoding
	PKCE                     bool
	Subdomain                bool          // the authorization page wants the account as a parameter
	Lifetimes                bool          // takes expires_in and refresh_token_expires_in, and tells them
	AccessLife, RefreshLife  time.Duration // what counts when nothing tells the lifetime; 0 = does not expire

	// Scopes are the names of those there are; nil: nobody tells.
	Scopes func() []string

	// probe asks whether a token is still taken, and when it ends; the zero time:
	// never.
	probe func(context.Context, *zendesk.API) (time.Time, error)
	// who asks whose token it is.
	who func(context.Context, *zendesk.API, secret.Plain) (User, error)
	// revoke ends a token, and the refresh token beside it. One that is gone already
	// is no error.
	revoke func(context.Context, *zendesk.API, secret.Plain) error
}

// policies are those of the products that can be connected. Form encoding is
// understood everywhere (facts §12.7).
var policies = map[Product]Policy{
	Support: {
		AuthorizePath: zendesk.AuthorizePath, TokenPath: zendesk.TokenPath,
		Encoding: oauth.Form, PKCE: true, Lifetimes: true,
		AccessLife:  zendesk.DefaultExpiresIn * time.Second,
		RefreshLife: zendesk.DefaultRefreshTokenExpiresIn * time.Second,
		Scopes:      SupportScopes,
		probe:       expiryOf, who: whoOfSupport,
		revoke: func(ctx context.Context, api *zendesk.API, _ secret.Plain) error { return api.RevokeCurrent(ctx) },
	},
	// Chat's clients, codes and tokens are its own. Its tokens do not expire as far as
	// Zendesk tells, and it knows no PKCE (facts §8).
	Chat: {
		AuthorizePath: chat.AuthorizePath, TokenPath: chat.TokenPath,
		Encoding: oauth.Form, Subdomain: true,
		probe: probeChat, who: whoOfChat, revoke: revokeChat,
	},
}

// notCovered are the scopes of asked that granted does not give, in Zendesk's own
// sense: read gives tickets:read.
func notCovered(asked, granted oauth.Scope) (missing oauth.Scope) {
	for _, one := range asked {
		if !granted.Has(one) && !missing.Has(one) && !zendesk.Covers(granted, one) {
			missing = append(missing, one)
		}
	}
	return missing
}

// LocalPath returns a path of this site that a browser may be sent to, or "" when
// p is anything else: another site's address, also one that a browser would read
// as such ("//host", "/\host").
func LocalPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || len(p) > 2048 {
		return ""
	}
	for _, r := range p {
		if r < ' ' || r == 0x7f || r == '\\' {
			return ""
		}
	}
	if !utf8.ValidString(p) { // nor can PostgreSQL keep it
		return ""
	}
	if _, err := url.Parse(p); err != nil { // each reader would make something else of it
		return ""
	}
	return p
}
