package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// scriptFacts are what a file that uses API tokens shows of what it does.
type scriptFacts struct {
	Calls    []apiCall `json:"calls"`     // in the order of their paths
	Asks     bool      `json:"asks"`      // somebody sits at it
	OnBehalf bool      `json:"on_behalf"` // it acts for end users
}

// apiCall is a path of the API that a file has, and whether it writes something there.
type apiCall struct {
	Path  string `json:"path"`
	Write bool   `json:"write"`
}

var (
	apiPath = compiledLater(`/api/v2/([a-z_]+(?:/[a-z_]+)*)`)
	// asking is of programs that a person runs; a pipeline asks nobody.
	asking   = compiledLater(`\bread -[a-z]*[ps]|\bgetpass\b|\binput\(|\bgets\b|readline|inquirer|\bprompt\(|Read-Host`)
	onBehalf = compiledLater(`(?i)x-on-behalf-of`)
	// writes is how programs say that they change something.
	writes = compiledLater(`(?i)\b(?:post|put|patch|delete)\b|-X\s*(?:POST|PUT|PATCH|DELETE)|--data|--json\b|\s-d\s|\.(?:create|update|destroy|save|post|put|delete)\w*!?\s*\(`)
	// library are calls of client libraries, which have no paths: client.tickets.create(…)
	library = compiledLater(`\b(?:client|zendesk|zenpy(?:_client)?|zd|api)\.(tickets|users|organizations|groups|requests|triggers|automations|macros|targets|views|webhooks|brands|search|uploads|attachments)\b`)
)

// nearby is how many lines before and behind a path its method may stand.
const nearby = 3

func readScript(text string) scriptFacts {
	s := scriptFacts{Asks: asking().MatchString(text), OnBehalf: onBehalf().MatchString(text)}
	lines := strings.Split(text, "\n")
	calls := map[string]bool{}
	for n, line := range lines {
		if len(line) > scanFileMost/16 { // what a program made
			continue
		}
		for _, m := range append(apiPath().FindAllStringSubmatch(line, -1), library().FindAllStringSubmatch(line, -1)...) {
			around := strings.Join(lines[max(0, n-nearby):min(len(lines), n+nearby+1)], "\n")
			calls[m[1]] = calls[m[1]] || writes().MatchString(around)
		}
	}
	for path, write := range calls {
		s.Calls = append(s.Calls, apiCall{path, write})
	}
	slices.SortFunc(s.Calls, func(a, b apiCall) int { return cmp.Compare(a.Path, b.Path) })
	return s
}

// scopeOf is the resource of which an endpoint's scopes are, by the beginning of its path
// (facts §5.2 and §5.3); what is not here wants the broad ones.
var scopeOf = []struct{ path, resource string }{
	{"audit_logs", "auditlogs"},
	{"account/settings", "account_settings"},
	{"any_channel", "any_channel"},
	{"apps", "apps"},
	{"attachments", "ticket_attachments"},
	{"automations", "automations"},
	{"brands", "brands"},
	{"custom_objects", "custom_objects"},
	{"deletion_schedules", "deletion_schedules"},
	{"dynamic_content", "dynamic_content"},
	{"group_memberships", "groups"},
	{"groups", "groups"},
	{"guide/theming", "themes"},
	{"help_center", "hc"},
	{"macros", "macros"},
	{"organizations", "organizations"},
	{"requests", "requests"},
	{"satisfaction_ratings", "satisfaction_ratings"},
	{"slas/policies", "sla_policies"},
	{"targets", "targets"},
	{"tickets", "tickets"},
	{"triggers", "triggers"},
	{"uploads", "ticket_attachments"},
	{"users", "users"},
	{"views", "ticket_views"},
	{"webhooks", "webhooks"},
	{"zis", "zis"},
}

// scope is what a call needs.
func (c apiCall) scope() string {
	access := zendesk.Read
	if c.Write {
		access = zendesk.Write
	}
	for _, s := range scopeOf {
		if narrow := s.resource + ":" + access; (c.Path == s.path || strings.HasPrefix(c.Path, s.path+"/")) && zendesk.Known(narrow) {
			return narrow
		}
	}
	return access // ticket_fields, search and others have none of their own
}

// scopes are what a script needs, none within another; guessed tells that nothing in it
// says what it calls.
func (s scriptFacts) scopes() (all oauth.Scope, guessed bool) {
	for _, c := range s.Calls {
		// To change one most programs look at it before, and write does not give read.
		for _, needs := range []string{apiCall{c.Path, false}.scope(), c.scope()} {
			if !all.Has(needs) && zendesk.Known(needs) {
				all = append(all, needs)
			}
		}
	}
	if guessed = len(all) == 0; guessed {
		all = oauth.Scope{zendesk.Read}
	}
	if s.OnBehalf {
		all = append(all, zendesk.Impersonate)
	}
	broad := slices.DeleteFunc(slices.Clone(all), func(one string) bool { return strings.Contains(one, ":") })
	all = slices.DeleteFunc(all, func(one string) bool {
		return strings.Contains(one, ":") && zendesk.Covers(broad, one)
	})
	slices.Sort(all)
	return all, guessed
}

// scriptPlan is how a file that uses API tokens is moved to OAuth.
type scriptPlan struct {
	File     string    `json:"file"`
	Uses     []string  `json:"uses"` // ids
	Open     int       `json:"open"`
	Kind     string    `json:"client_kind"`
	Grant    string    `json:"grant"`
	Scopes   []string  `json:"scopes"`
	Guessed  bool      `json:"scopes_guessed"` // nothing in the file says what it calls
	Calls    []apiCall `json:"calls"`
	Commands []string  `json:"commands"`
	Changes  []string  `json:"changes"` // to the file
}

// planOf decides how a file is moved. What a person runs acts as that person, who signs in;
// anything else is a robot, whose client acts for itself.
func planOf(file string, uses []trackedUse, s scriptFacts, which string) scriptPlan {
	scopes, guessed := s.scopes()
	p := scriptPlan{File: file, Scopes: scopes, Guessed: guessed, Calls: append([]apiCall{}, s.Calls...), Kind: zendesk.Confidential, Grant: string(oauth.GrantClientCredentials)}
	for _, u := range uses {
		p.Uses = append(p.Uses, u.ID)
		if u.State == useOpen {
			p.Open++
		}
		if change := changeOf(u.tokenUse); !slices.Contains(p.Changes, change) {
			p.Changes = append(p.Changes, change)
		}
	}
	name := filepath.Base(file)
	id := cmp.Or(identifierOf(name), "script")
	asked := oauth.Scope(scopes).String()
	if s.Asks && !s.OnBehalf {
		p.Kind, p.Grant = zendesk.Public, string(oauth.GrantAuthorizationCode)
		p.Commands = []string{
			fmt.Sprintf("deskauth auth login --client-id %s --scope '%s'%s", ownClient, asked, which),
			"deskauth auth token" + which,
		}
		return p
	}
	p.Commands = []string{
		fmt.Sprintf("deskauth client create --name '%s' --identifier %s --allowed-scope %s --output-file %s.secret%s", quotable(name), id, strings.Join(scopes, ","), id, which),
		fmt.Sprintf("deskauth auth login --client-id %s --client-secret-file %s.secret --client-credentials --scope '%s'%s", id, id, asked, which),
		"deskauth auth token" + which,
	}
	return p
}

func quotable(name string) string { return strings.ReplaceAll(printable(name), "'", "") }

func changeOf(u tokenUse) string {
	for _, k := range tokenKinds {
		if k.name == u.Kind && k.sure == u.Sure {
			return k.change
		}
	}
	return ""
}
