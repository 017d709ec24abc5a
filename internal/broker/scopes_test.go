package broker_test

import (
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/oauth"
)

// A slip is told from a scope that Zendesk has added since.
func TestDoubtScope(t *testing.T) {
	for word, want := range map[string]string{
		"read": "", "tickets:write": "", "quantum_entanglement:read": "", "bogus": "",
		"raed": "did you mean read?", "tikets:read": "did you mean tickets:read?", "ticket": "did you mean ticket",
		"": "character", "read write": "character", "read\x00": "character", `re"ad`: "character", "réad": "character", "read\n": "character",
	} {
		if why := broker.DoubtScope(oauth.Scope{"write", word}); (why == "") != (want == "") || !strings.Contains(why, want) {
			t.Errorf("%q: %q, want %q", word, why, want)
		}
	}
	for _, known := range broker.SupportScopes() {
		if why := broker.DoubtScope(oauth.Scope{known}); why != "" {
			t.Errorf("%s: %s", known, why)
		}
	}
}

// Links and devices ask Zendesk for a scope that it may have added since, and for one that
// looks like a slip where the broker itself was told to.
func TestNewScopesAreAskedFor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.Scope = oauth.Scope{"read", "raed"}
		for _, scope := range []oauth.Scope{{"read", "quantum_entanglement:read"}, {"raed"}} {
			l, err := h.MakeLink(t.Context(), broker.AtCommand, broker.NewLink{Scope: scope})
			if err != nil || !l.Scope.Equal(scope) {
				t.Errorf("a link for %s: %+v, %v", scope, l.ConnectLink, err)
			}
			if _, err := h.AskDevice(t.Context(), broker.AskDevice{Program: "cli", Scope: scope}); err != nil {
				t.Errorf("a device for %s: %v", scope, err)
			}
		}
	})
}
