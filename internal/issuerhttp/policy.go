package issuerhttp

import (
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
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
			PKCE:              true,
			CodeLife:          zendesk.CodeExpiresIn * time.Second,
			Access:            bounds(zendesk.MinExpiresIn, zendesk.MaxExpiresIn, zendesk.DefaultExpiresIn),
			Refresh:           bounds(zendesk.MinRefreshTokenExpiresIn, zendesk.MaxRefreshTokenExpiresIn, zendesk.DefaultRefreshTokenExpiresIn),
			Known:             zendesk.Known,
			Covers:            func(granted oauth.Scope, scope string) bool { return zendesk.Covers(granted, scope) },
		},
	}
}

func bounds(least, most, usual time.Duration) issuer.Bounds {
	return issuer.Bounds{Min: least * time.Second, Max: most * time.Second, Default: usual * time.Second}
}
