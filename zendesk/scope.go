package zendesk

import (
	"maps"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/oauth"
)

// A scope is "[resource:]access". Without a resource it is for all of them;
// without an access ("tickets") it is both. "impersonate" stands alone.
const (
	Read        = "read"
	Write       = "write"
	Impersonate = "impersonate"
)

// catalogue is what each resource may be given. The first block is Zendesk's
// API description of May 2026, the second was added in August 2026.
var catalogue = map[string]string{
	"any_channel":          "w",
	"apps":                 "rw",
	"auditlogs":            "r",
	"automations":          "rw",
	"dynamic_content":      "rw",
	"hc":                   "rw",
	"macros":               "rw",
	"organizations":        "rw",
	"requests":             "rw",
	"satisfaction_ratings": "rw",
	"security":             "r",
	"targets":              "rw",
	"tickets":              "rw",
	"triggers":             "rw",
	"unrestricted":         "rw",
	"users":                "rw",
	"web_widget":           "w",
	"webhooks":             "rw",

	"account_settings":   "rw",
	"brands":             "rw",
	"custom_objects":     "rw",
	"deletion_schedules": "rw",
	"groups":             "rw",
	"sla_policies":       "rw",
	"themes":             "rw",
	"ticket_attachments": "rw",
	"ticket_views":       "rw",
	"zis":                "rw",
}

// Permission is one thing that a scope allows.
type Permission struct {
	Resource string // "" = every resource
	Access   string // Read, Write or Impersonate
}

// String is the scope that says exactly this.
func (p Permission) String() string {
	if p.Resource == "" {
		return p.Access
	}
	return p.Resource + ":" + p.Access
}

// Key names the sentence that describes the permission to a person, in a
// language file: "scope.tickets.read", "scope.read", "scope.impersonate".
func (p Permission) Key() string {
	if p.Resource == "" {
		return "scope." + p.Access
	}
	return "scope." + p.Resource + "." + p.Access
}

// covers tells whether having p is having q. Write does not give read.
func (p Permission) covers(q Permission) bool {
	return p == q || p.Resource == "" && p.Access == q.Access
}

// permissionsOf reads one scope; nil when Zendesk does not know it.
func permissionsOf(scope string) []Permission {
	if scope == Read || scope == Write || scope == Impersonate {
		return []Permission{{Access: scope}}
	}
	resource, access, narrowed := strings.Cut(scope, ":")
	var all []Permission
	for _, a := range []string{Read, Write} {
		if strings.Contains(catalogue[resource], a[:1]) && (!narrowed || access == a) {
			all = append(all, Permission{Resource: resource, Access: a})
		}
	}
	return all
}

// Known tells whether Zendesk has such a scope.
func Known(scope string) bool { return len(permissionsOf(scope)) > 0 }

// Permissions is what a scope allows, in its order and without duplicates.
// Unknown words allow nothing.
func Permissions(scope oauth.Scope) []Permission {
	var all []Permission
	for _, word := range scope {
		for _, p := range permissionsOf(word) {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Split parts what Zendesk knows from what it silently drops from a token.
func Split(requested oauth.Scope) (known, unknown oauth.Scope) {
	for _, word := range requested {
		if Known(word) {
			known = append(known, word)
		} else {
			unknown = append(unknown, word)
		}
	}
	return known, unknown
}

// Covers tells whether a token's scope allows an endpoint that accepts any one
// of the scopes named: read covers tickets:read, tickets covers both accesses.
func Covers(granted oauth.Scope, accepted ...string) bool {
	for _, one := range accepted { // most often it is the very word
		if granted.Has(one) && Known(one) {
			return true
		}
	}
	have := Permissions(granted)
	for _, one := range accepted {
		if need := permissionsOf(one); len(need) > 0 && coversAll(have, need) {
			return true
		}
	}
	return false
}

// Within is what of a request lies outside a client's allowed scopes; an empty
// allowance allows anything. An unknown word lies outside: Split first, since
// Zendesk drops unknown scopes and refuses known ones that are not allowed.
func Within(requested, allowed oauth.Scope) (outside oauth.Scope) {
	if allowed.IsEmpty() {
		return nil
	}
	have := Permissions(allowed)
	for _, word := range requested {
		need := permissionsOf(word)
		if !allowed.Has(word) && (len(need) == 0 || !coversAll(have, need)) {
			outside = append(outside, word)
		}
	}
	return outside
}

func coversAll(have, need []Permission) bool {
	for _, n := range need {
		if !slices.ContainsFunc(have, func(h Permission) bool { return h.covers(n) }) {
			return false
		}
	}
	return true
}

// AllPermissions is the whole catalogue, broad ones first, then by resource.
// A language file has a sentence for the Key of each.
func AllPermissions() []Permission {
	all := []Permission{{Access: Read}, {Access: Write}, {Access: Impersonate}}
	for _, resource := range slices.Sorted(maps.Keys(catalogue)) {
		all = append(all, permissionsOf(resource)...)
	}
	return all
}
