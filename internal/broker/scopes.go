package broker

import (
	"fmt"
	"strings"

	"github.com/deskauth/deskauth/internal/slip"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// DoubtScope says which word of a scope Zendesk Support cannot have, and which may have
// been meant; empty where all is well. One that is not known and looks like none that is
// may be newer than this program, and is Zendesk's to refuse: it drops what it does not
// know from a token, and refuses what the client may not have (facts §5.2), so that a word
// let through here gives nobody more than their client has.
func DoubtScope(asked oauth.Scope) string { return policies[Support].doubtScope(asked, nil) }

// doubtScope is DoubtScope for a product. What the broker itself was told to ask for is
// not doubted.
func (p Policy) doubtScope(asked, told oauth.Scope) string {
	for _, word := range asked {
		if told.Has(word) {
			continue
		}
		if word == "" || strings.ContainsFunc(word, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }) {
			return fmt.Sprintf("%q has a character that no scope has", word) // RFC 6749 §3.3
		}
		if p.Scopes == nil || zendesk.Known(word) {
			continue
		}
		if near := slip.Near(word, p.Scopes()); len(near) > 0 {
			return fmt.Sprintf("Zendesk has no scope %q%s", word, slip.DidYouMean(near))
		}
	}
	return ""
}

// SupportScopes are the names of Zendesk's scopes (facts §5.2).
func SupportScopes() (all []string) {
	for _, permission := range zendesk.AllPermissions() {
		all = append(all, permission.String())
	}
	return all
}
