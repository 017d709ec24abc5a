package web

import "testing"

func TestDetailText(t *testing.T) {
	for _, c := range []struct {
		lang               Lang
		kind, detail, want string
	}{
		{"en", "connected", "support", "Support"},
		{"en", "removed", "chat", "Chat"},
		{"en", "state_changed", "disabled: switched_off", "Disabled · Somebody disabled it."},
		{"fr", "state_changed", "active", "En ordre"},
		{"en", "ordered", "renew by acme/1", "Renew now"},
		{"en", "ordered", "close circuit of acme", "close circuit of acme"},
		{"en", "access_token_refused", "generation 3", "Token generation 3"},
		{"en", "signed_in", "1", ""},
		{"en", "operator_removed", "7", "user 7"},
		{"en", "key_ended", "7", "key 7"},
		{"en", "webhook_added", "webhook 3", "Webhook 3"},
		{"en", "sign_in_failed", "denied", "Access was denied"},
		{"en", "link_refused", "no_such_account", "There is no acme.zendesk.com"},
		{"en", "sign_in_failed", "quite_new", "quite_new"},
		{"en", "refresh_expiring", "2026-12-22T10:00:00Z", "2026-12-22 10:00:00"},
		{"de", "pass_used", `pass 2, ticket 6, from ::1: "a.log" (5 bytes)`, `Pass 2, Ticket 6 · ::1: "a.log" (5 bytes)`},
		{"en", "pass_revoked", "pass 2, ticket 6", "pass 2, ticket 6"},
		{"en", "pass_refused", "pass 1: file_too_large, from 127.0.0.1", "The file is too large. · 127.0.0.1"},
		{"en", "pass_refused", "unknown, from 127.0.0.1", "This link is not right. Copy all of it again, or ask the person who sent it for a new one. · 127.0.0.1"},
		{"en", "link_made", "Ada Admin", "Ada Admin"},
	} {
		if got := (Board{Page: Page{Lang: c.lang}}).DetailText(c.kind, c.detail, "acme.zendesk.com"); got != c.want {
			t.Errorf("%s %s %q: %q, want %q", c.lang, c.kind, c.detail, got, c.want)
		}
	}
}
