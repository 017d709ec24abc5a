package web

import (
	"sort"
	"strings"
)

// Permission is a scope in plain words.
type Permission struct {
	Scope string // as Zendesk writes it
	Text  string
	Level Level
}

// Level is how much a permission lets a client do. It chooses the sign beside it.
type Level string

// The levels, from harmless to grave.
const (
	LevelRead  Level = "read"
	LevelWrite Level = "write"
	LevelGrave Level = "grave" // everything, or somebody else's name
)

// Grave tells whether the permission deserves a warning; for templates.
func (p Permission) Grave() bool { return p.Level == LevelGrave }

// resourceScopes are the resources of facts §5.2 with the accesses that each has.
var resourceScopes = map[string][]string{
	"account_settings":     {"read", "write"},
	"any_channel":          {"write"},
	"apps":                 {"read", "write"},
	"auditlogs":            {"read"},
	"automations":          {"read", "write"},
	"brands":               {"read", "write"},
	"custom_objects":       {"read", "write"},
	"deletion_schedules":   {"read", "write"},
	"dynamic_content":      {"read", "write"},
	"groups":               {"read", "write"},
	"hc":                   {"read", "write"},
	"macros":               {"read", "write"},
	"organizations":        {"read", "write"},
	"requests":             {"read", "write"},
	"satisfaction_ratings": {"read", "write"},
	"security":             {"read"},
	"sla_policies":         {"read", "write"},
	"targets":              {"read", "write"},
	"themes":               {"read", "write"},
	"ticket_attachments":   {"read", "write"},
	"ticket_views":         {"read", "write"},
	"tickets":              {"read", "write"},
	"triggers":             {"read", "write"},
	"unrestricted":         {"read", "write"},
	"users":                {"read", "write"},
	"web_widget":           {"write"},
	"webhooks":             {"read", "write"},
	"zis":                  {"read", "write"},
}

// Words turns scopes into sentences, the grave ones first and otherwise in the
// order given. A bare resource is read and write (facts §5.1), hence two sentences.
// A scope that there are no words for is shown as it is, never left out.
func Words(lang Lang, scopes []string) []Permission {
	var words []Permission
	seen := map[string]bool{}
	for _, scope := range scopes {
		for _, p := range wordsOf(lang, scope) {
			if !seen[p.Scope+p.Text] {
				seen[p.Scope+p.Text] = true
				words = append(words, p)
			}
		}
	}
	sort.SliceStable(words, func(i, j int) bool { return words[i].Grave() && !words[j].Grave() })
	return words
}

func wordsOf(lang Lang, scope string) []Permission {
	resource, access, qualified := strings.Cut(scope, ":")
	switch {
	case scope == "read":
		return []Permission{{scope, T(lang, "scope.read"), LevelRead}}
	case scope == "write", scope == "impersonate":
		return []Permission{{scope, T(lang, "scope."+scope), LevelGrave}}
	}
	var words []Permission
	for _, a := range resourceScopes[resource] {
		if !qualified || a == access {
			words = append(words, Permission{scope, T(lang, "scope."+resource+"."+a), level(resource, a)})
		}
	}
	if words == nil {
		return []Permission{{scope, T(lang, "scope.unknown"), LevelGrave}}
	}
	return words
}

func level(resource, access string) Level {
	switch {
	case resource == "unrestricted" && access == "write":
		return LevelGrave
	case access == "write":
		return LevelWrite
	}
	return LevelRead
}

func anyGrave(words []Permission) bool {
	for _, w := range words {
		if w.Grave() {
			return true
		}
	}
	return false
}
