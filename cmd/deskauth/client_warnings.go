package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// clientWarnings is what about a client will surprise somebody, though Zendesk takes it.
func clientWarnings(c zendesk.Client) (all []string) {
	for _, address := range c.RedirectURI {
		if w := slashWarning(c.RedirectURI, address); w != "" {
			all = append(all, w)
		}
	}
	for _, pair := range overlaps(c.AllowedScopes) {
		all = append(all, fmt.Sprintf("the allowed scope %s is within %s already: the Admin Center refuses to save both", pair[0], pair[1]))
	}
	switch {
	case c.Kind != zendesk.Public:
	case len(c.RedirectURI) == 0:
		all = append(all, "it is public and has no redirect URL, so nobody can sign in by it: client credentials are for confidential clients")
	default:
		all = append(all, "it is public: PKCE is required of it, and client credentials are refused")
	}
	return all
}

// slashWarning is about an address that ends with a slash, which people leave out:
// Zendesk compares every character (facts §1.6).
func slashWarning(all []string, address string) string {
	without, ends := strings.CutSuffix(address, "/")
	if !ends || slices.Contains(all, without) {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	return fmt.Sprintf("the redirect URL %s ends with a slash: an app that sends %s is refused, as Zendesk compares every character", address, without)
}

// overlaps are the allowed scopes that others contain, each with the one that does
// (facts §4.5).
func overlaps(allowed []string) (all [][2]string) {
	for i, a := range allowed {
		for j, b := range allowed {
			within := i != j && zendesk.Known(a) && zendesk.Within(oauth.Scope{a}, oauth.Scope{b}).IsEmpty()
			twice := within && zendesk.Within(oauth.Scope{b}, oauth.Scope{a}).IsEmpty()
			if within && (!twice || i > j) {
				all = append(all, [2]string{a, b})
				break
			}
		}
	}
	return all
}

// doubtScopes refuses what looks like a slip of a scope that Zendesk has. Others may be
// newer than this program, and are Zendesk's to refuse.
func doubtScopes(scopes []string) error {
	if why := broker.DoubtScope(scopes); why != "" {
		return usagef("%s", why)
	}
	return nil
}
