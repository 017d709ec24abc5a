package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// Addresses of the Admin Center and of a user's own pages, by which they lead to
// one another.
const (
	PathClients     = "/admin/oauth/clients"
	PathChatClients = "/admin/chat/clients"
	PathTokens      = "/admin/oauth/tokens"
	PathSettings    = "/admin/apis/settings"
	PathAPITokens   = "/admin/apis/tokens"
	PathUsers       = "/admin/users"
	PathApps        = "/apps"
	PathGetToken    = "/apps/token"
)

// Section is an entry of the navigation.
type Section int

// The sections, in their order.
const (
	AtClients Section = iota
	AtChatClients
	AtTokens
	AtSettings
	AtAPITokens
	AtUsers
	AtAudit
	AtTickets
	AtApps
	AtGetToken
)

// Entry is a link of the navigation.
type Entry struct {
	Text, URL string
	Current   bool
}

// Center is what the pages share that a signed-in user works on.
type Center struct {
	Page
	Account, Subdomain string
	User               Person // who is signed in; admins see all sections
	HasChat            bool   // whether the account has Zendesk Chat
	Tickets            bool   // whether there are pages of tickets for the user
	Done               Done   // what was done just now
}

// Done is something that a page reports.
type Done string

// What can have been done.
const (
	DoneNothing     Done = ""
	DoneSaved       Done = "saved"
	DoneDeleted     Done = "deleted"
	DoneRevoked     Done = "revoked"
	DoneActivated   Done = "activated"
	DoneDeactivated Done = "deactivated"
	DoneAdded       Done = "added"
	DoneSuspended   Done = "suspended"
	DoneUnsuspended Done = "unsuspended"
	DonePassword    Done = "password"
)

var allDone = []Done{
	DoneSaved, DoneDeleted, DoneRevoked, DoneActivated, DoneDeactivated, DoneAdded, DoneSuspended, DoneUnsuspended, DonePassword,
}

// DoneText is the report in words, empty for what is not known; for the template.
func (c Center) DoneText() string {
	for _, known := range allDone {
		if c.Done == known {
			return c.T("done." + string(known))
		}
	}
	return ""
}

func (c Center) frame(template, title string, at Section) frame {
	return frame{
		Template: template, Title: title, Account: c.Account, Subdomain: c.Subdomain,
		User: &c.User, Wide: true, Nav: c.sections(at), Script: "center.js",
	}
}

func (c Center) sections(at Section) []Entry {
	var all []Entry
	add := func(s Section, text, address string) { all = append(all, Entry{text, address, s == at}) }
	if c.User.Role == "admin" {
		add(AtClients, c.T("center.clients"), PathClients)
		if c.HasChat {
			add(AtChatClients, c.T("center.chat_clients"), PathChatClients)
		}
		add(AtTokens, c.T("center.tokens"), PathTokens)
		add(AtSettings, c.T("center.settings"), PathSettings)
		add(AtAPITokens, c.T("center.api_tokens"), PathAPITokens)
		add(AtUsers, c.T("center.users"), PathUsers)
		add(AtAudit, c.T("center.audit"), PathAudit)
	}
	if c.Tickets {
		add(AtTickets, c.T("center.tickets"), PathTickets)
	}
	add(AtApps, c.T("center.apps"), PathApps)
	add(AtGetToken, c.T("center.get_token"), PathGetToken)
	return all
}

// Moment is a time as tables show it, or that there is none.
type Moment struct{ time.Time }

// Text is the time in UTC, to the minute, as all languages read it.
func (m Moment) Text() string { return m.UTC().Format("2006-01-02 15:04") }

// Second is Text to the second, for what is told of one by one.
func (m Moment) Second() string { return m.UTC().Format(time.DateTime) }

// Exact is Text to the millisecond, for what happens quickly.
func (m Moment) Exact() string { return m.UTC().Format("2006-01-02 15:04:05.000") }

// Day is Text to the day.
func (m Moment) Day() string { return m.UTC().Format(time.DateOnly) }

// Machine is the value of the datetime attribute.
func (m Moment) Machine() string { return m.UTC().Format(time.RFC3339) }

// Problems tell what is wrong with the fields of a form that is shown again.
type Problems map[string][]string

// Field is a field of a form: its label, what was typed, and what is wrong with it.
type Field struct {
	Name, Label, Value, Help string
	Wrong                    []string
	Type                     string // of an input; empty: text
	Rows                     int    // above zero: an area of so many lines
	Needed                   bool
	From                     string // the field that fills this one as one types
	Auto                     string // what a browser may fill in; empty: nothing
}

// Described lists the ids of what describes the field; for the template.
func (f Field) Described() string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.Name+"-help")
	}
	if len(f.Wrong) > 0 {
		ids = append(ids, f.Name+"-wrong")
	}
	return strings.Join(ids, " ")
}

// Switch is something that is on or off.
type Switch struct {
	Name, Label, Help string
	On                bool
}

// Choices is a field with several values to choose one from.
type Choices struct {
	Name, Label, Help string
	Values            []Choice
	Wrong             []string
}

// Described lists the ids of what describes the field; for the template.
func (c Choices) Described() string {
	return Field{Name: c.Name, Help: c.Help, Wrong: c.Wrong}.Described()
}

// Choice is one of several values of a field.
type Choice struct {
	Value, Text string
	Help        string
	Chosen      bool
}

// ScopeChoice is a scope that can be ticked, in words.
type ScopeChoice struct {
	Permission
	Chosen bool
}

// scopeChoices are all scopes of a product, and whatever else was chosen: such as
// the bare name of a resource, which is both of its accesses.
func scopeChoices(lang Lang, isChat bool, chosen []string) []ScopeChoice {
	have := oauth.Scope(chosen)
	names := []string{zendesk.Read, zendesk.Write, zendesk.Impersonate}
	if isChat {
		names = []string{chat.Read, chat.Write, chat.Chat}
	} else {
		for _, p := range zendesk.AllPermissions() {
			if p.Resource != "" {
				names = append(names, p.String())
			}
		}
	}
	for _, name := range chosen {
		if !oauth.Scope(names).Has(name) {
			names = append(names, name)
		}
	}
	var all []ScopeChoice
	for _, name := range names {
		words := wordsOf(lang, name)
		if isChat {
			words = chatWordsOf(lang, name)
		}
		p := words[0]
		for _, more := range words[1:] {
			p.Text += " · " + more.Text
			if more.Level != LevelRead && p.Level != LevelGrave {
				p.Level = more.Level
			}
		}
		all = append(all, ScopeChoice{p, have.Has(name)})
	}
	return all
}

// Pager leads through a long list.
type Pager struct{ Newer, Older string }

// Within is a path with a query of pairs; empty values are left out.
func Within(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func idPath(path string, id int64) string { return path + "/" + strconv.FormatInt(id, 10) }

// Forbidden is the page for whoever is signed in and may not go on.
type Forbidden struct {
	Center
	Next   string // where whoever signs in as another is led to
	Agents bool   // whether agents may go there, and not admins alone
}

// Text says who may not; for the template.
func (p Forbidden) Text() string {
	if p.Agents {
		return p.T("center.agents.text", p.User.Name)
	}
	return p.T("forbidden.text", p.User.Name)
}

func (p Forbidden) frame() frame {
	title := p.T("forbidden.title")
	if p.Agents {
		title = p.T("center.agents")
	}
	f := p.Center.frame("forbidden", title, -1)
	f.Wide = false
	return f
}

// Title is the page's title and first heading; for the template.
func (p Forbidden) Title() string { return p.frame().Title }
