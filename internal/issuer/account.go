package issuer

import (
	"slices"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// AccountID is the number of an account. It is part of every key.
type AccountID int64

// Product is one of the two separate OAuth systems of an account: their
// clients, codes and tokens never meet.
type Product string

// The products.
const (
	Support Product = "support"
	Chat    Product = "chat"
)

// Era tells whether Zendesk's token expiration is enforced (facts section 2.3):
// for clients made since 2026-04-30 it is, and for all from 2027-04-01.
type Era string

// The eras.
const (
	Legacy   Era = "legacy"   // access tokens never expire unless the request asks
	Enforced Era = "enforced" // 30 minutes and 30 days unless the request asks
)

// BasicAuth tells where an account stands in Zendesk's removal of API tokens
// (facts section 9).
type BasicAuth string

// The steps of the removal, and Zendesk's own calendar of them.
const (
	BasicByDate          BasicAuth = "by_date"
	BasicAllowed         BasicAuth = "allowed"
	BasicCreationBlocked BasicAuth = "creation_blocked" // since 2026-10-27
	BasicOff             BasicAuth = "off"              // from 2027-04-30
)

// When Zendesk takes the steps, in UTC: of the hour nothing is known.
var (
	basicCreationBlockedFrom = time.Date(2026, 10, 27, 0, 0, 0, 0, time.UTC)
	basicOffFrom             = time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)
)

// ChatMode tells whether an account has Chat, and how.
type ChatMode string

// The ways to have Chat.
const (
	ChatWithSupport ChatMode = "support"
	ChatOnly        ChatMode = "chat_only"
	ChatOff         ChatMode = "off"
)

// Plan names the rate limits of an account.
type Plan string

// The plans of facts section 6.5; PlanNone has no limits.
const (
	PlanNone           Plan = "none"
	PlanTeam           Plan = "team"
	PlanGrowth         Plan = "growth"
	PlanProfessional   Plan = "professional"
	PlanEnterprise     Plan = "enterprise"
	PlanEnterprisePlus Plan = "enterprise_plus"
)

// Account is a Zendesk instance, named by its subdomain.
type Account struct {
	ID        AccountID
	Subdomain string
	Name      string
	Era       Era
	BasicAuth BasicAuth
	Chat      ChatMode
	Plan      Plan
	Created   time.Time
	Updated   time.Time // when a setting was changed last: by it a swap tells one state from the next

	// PasswordAccess and TokenAccess tell what Basic authentication takes. With
	// both off, a caller by Basic is anonymous (facts section 6.6).
	PasswordAccess bool
	TokenAccess    bool
	// PasswordGrant lets the token endpoint take passwords: Zendesk once did.
	PasswordGrant bool
	TokenFormat   TokenFormat // empty: by the client's era
	// RevokeReplayed ends the whole family when a refresh token is used again
	// (RFC 9700 section 4.14.2). Zendesk does not: an extension.
	RevokeReplayed bool
}

// TokenFormat is how an access token looks.
type TokenFormat string

// The formats: clients whose expiry is enforced get JWTs at Zendesk, older ones
// opaque tokens (facts section 2.2).
const (
	Opaque TokenFormat = "opaque"
	JWT    TokenFormat = "jwt"
)

// tokenFormat is what a client's tokens look like.
func (a Account) tokenFormat(c Client) TokenFormat {
	switch {
	case a.TokenFormat != "":
		return a.TokenFormat
	case c.era(a) == Enforced:
		return JWT
	default:
		return Opaque
	}
}

// Policy is what differs between products: data, so that no use case asks which
// product it serves.
type Policy struct {
	Product Product
	Grants  []oauth.GrantType
	// Passwords tells whether an account takes the password grant.
	Passwords     func(a Account) bool
	ResponseTypes []oauth.ResponseType
	// Expires tells whether tokens have a life at all.
	Expires bool
	// OpaqueTokens keeps tokens opaque whatever an account says.
	OpaqueTokens bool
	// PublicRefusal is what a public client is told at a grant for confidential ones.
	PublicRefusal oauth.Code
	// FragmentTokenType is what the implicit grant calls a bearer.
	FragmentTokenType string
	PKCE              bool // whether the product knows RFC 7636, and demands it of public clients
	CodeLife          time.Duration
	Access            Bounds
	Refresh           Bounds

	// Known tells whether a scope exists. Unknown names are dropped in silence.
	Known func(scope string) bool
	// Usual is the scope of a client that asks for none and has no ceiling.
	Usual oauth.Scope
	// Covers tells whether granted includes what scope names.
	Covers func(granted oauth.Scope, scope string) bool

	// What a fault bends in one decision; see Bent.
	narrowTo oauth.Scope
	longest  life
}

// Bounds are the lifetimes that a request may ask for, inclusive, and the one
// it gets when expiration is enforced and it asks for none.
type Bounds struct {
	Min, Max, Default time.Duration
}

// grants tells whether an account's clients may use a grant.
func (p Policy) grants(t oauth.GrantType, a Account) bool {
	if t == oauth.GrantPassword {
		return p.Passwords != nil && p.Passwords(a)
	}
	return slices.Contains(p.Grants, t)
}

// known drops the names that do not exist: Zendesk issues a token all the same,
// and calls fail later, far away (facts section 2.6).
func (p Policy) known(asked oauth.Scope) oauth.Scope {
	kept := oauth.Scope{}
	for _, s := range asked {
		if p.Known(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// exceeds returns the first scope that granted does not include.
func (p Policy) exceeds(asked, granted oauth.Scope) (string, bool) {
	for _, s := range asked {
		if !p.Covers(granted, s) {
			return s, true
		}
	}
	return "", false
}
