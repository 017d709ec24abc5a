package issuer

import (
	"slices"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// FailuresMost, FailuresOfAddress and FailuresWindow are how failures are slowed down.
const (
	FailuresMost      = failuresMost
	FailuresOfAddress = failuresOfAddress
	FailuresWindow    = failuresWindow
)

// SupportPolicy is Zendesk's dialect, as the tests of decisions need it.
func SupportPolicy() Policy {
	return Policy{
		Product:           Support,
		Grants:            []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
		Passwords:         func(a Account) bool { return a.PasswordGrant },
		ResponseTypes:     []oauth.ResponseType{oauth.ResponseCode, oauth.ResponseToken},
		FragmentTokenType: "bearer",
		Usual:             oauth.Scope{"read", "write"},
		Expires:           true,
		PublicRefusal:     oauth.UnauthorizedClient,
		PKCE:              true,
		CodeLife:          120 * time.Second,
		Access:            Bounds{Min: 300 * time.Second, Max: 172_800 * time.Second, Default: 1_800 * time.Second},
		Refresh:           Bounds{Min: 604_800 * time.Second, Max: 7_776_000 * time.Second, Default: 2_592_000 * time.Second},
		Known:             zendesk.Known,
		Covers:            func(granted oauth.Scope, scope string) bool { return zendesk.Covers(granted, scope) },
	}
}

// ChatPolicy is a second product whose numbers and words differ.
func ChatPolicy() Policy {
	p := SupportPolicy()
	p.Product, p.PKCE, p.CodeLife = Chat, false, time.Minute
	p.Expires, p.OpaqueTokens, p.PublicRefusal, p.FragmentTokenType = false, true, oauth.InvalidClient, "Bearer"
	p.Passwords = func(a Account) bool { return a.Chat == ChatOnly }
	words := []string{"read", "write", "chat"}
	p.Known = func(scope string) bool { return slices.Contains(words, scope) }
	p.Covers = func(granted oauth.Scope, scope string) bool { return granted.Has(scope) }
	return p
}
