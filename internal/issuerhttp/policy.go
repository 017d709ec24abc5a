package issuerhttp

import (
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// Policies is Zendesk's dialect as data for the issuer.
func Policies() map[issuer.Product]issuer.Policy {
	return map[issuer.Product]issuer.Policy{
		issuer.Support: {
			Product: issuer.Support,
			Grants: []oauth.GrantType{
				oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials,
			},
			Passwords:         func(a issuer.Account) bool { return a.PasswordGrant },
			ResponseTypes:     []oauth.ResponseType{oauth.ResponseCode, oauth.ResponseToken},
			FragmentTokenType: "bearer",
			Usual:             oauth.Scope{zendesk.Read, zendesk.Write},
			Expires:           true,
			PublicRefusal:     oauth.UnauthorizedClient,
			PKCE:              true,
			CodeLife:          zendesk.CodeExpiresIn * time.Second,
			Access:            bounds(zendesk.MinExpiresIn, zendesk.MaxExpiresIn, zendesk.DefaultExpiresIn),
			Refresh:           bounds(zendesk.MinRefreshTokenExpiresIn, zendesk.MaxRefreshTokenExpiresIn, zendesk.DefaultRefreshTokenExpiresIn),
			Known:             zendesk.Known,
			Covers:            func(granted oauth.Scope, scope string) bool { return zendesk.Covers(granted, scope) },
		},
		issuer.Chat: {
			Product: issuer.Chat,
			Grants: []oauth.GrantType{
				oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials,
			},
			Passwords:         func(a issuer.Account) bool { return a.Chat == issuer.ChatOnly },
			ResponseTypes:     []oauth.ResponseType{oauth.ResponseCode, oauth.ResponseToken},
			FragmentTokenType: chat.FragmentTokenType,
			PublicRefusal:     oauth.InvalidClient,
			OpaqueTokens:      true,
			CodeLife:          zendesk.CodeExpiresIn * time.Second,
			Usual:             oauth.Scope{chat.Read, chat.Write},
			Known:             chat.Known,
			Covers:            func(granted oauth.Scope, scope string) bool { return granted.Has(scope) },
		},
	}
}

func bounds(least, most, usual time.Duration) issuer.Bounds {
	return issuer.Bounds{Min: least * time.Second, Max: most * time.Second, Default: usual * time.Second}
}
