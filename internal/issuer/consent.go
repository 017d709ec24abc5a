package issuer

import "github.com/deskauth/deskauth/oauth"

// consentedTo tells whether the user need not be asked: they allowed this
// client the same scopes before, and a token of that still lives (facts section
// 1.2). Fewer or more scopes are asked for anew.
func (a Authorization) consentedTo(earlier []oauth.Scope) bool {
	for _, scope := range earlier {
		if scope.Equal(a.Scope) {
			return true
		}
	}
	return false
}
