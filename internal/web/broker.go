package web

import "strings"

// Names of form fields on the broker's pages.
const (
	FieldSubdomain = "subdomain"
	FieldReturnTo  = "return_to"
)

// What can be wrong with a subdomain.
const (
	ProblemSubdomainMissing Problem = "subdomain_missing"
	ProblemSubdomainInvalid Problem = "subdomain_invalid" // not one DNS label, nor an address with one
	ProblemNotServed        Problem = "not_served"        // people of that account may not connect here
)

// ConnectHome is the broker's first page: which Zendesk?
type ConnectHome struct {
	Page
	Action      string
	Subdomain   string // what was typed
	Problem     Problem
	Served      []string // for ProblemNotServed: addresses of the accounts to name, e.g. "acme.zendesk.com"; none names none
	BaseSuffix  string   // shown behind the box, e.g. ".zendesk.com"
	ReturnTo    string   // hidden field, empty omits it
	Asked       []string // scopes that will be asked for; shown in words, none hides the list
	Connections string   // where those that there are can be seen; empty shows no link
	FormOrigins []string // e.g. "https://*.zendesk.com", if the form is answered by a redirect: see [CSP]
}

func (p ConnectHome) frame() frame {
	return frame{Template: "connect_home", Brand: Broker, Title: p.T("connect_home.title"), FormActions: p.FormOrigins}
}

// Title is the page's title and first heading; for the template.
func (p ConnectHome) Title() string { return p.frame().Title }

// ProblemText is the problem in words; for the template.
func (p ConnectHome) ProblemText() string {
	switch {
	case p.Problem == ProblemNone:
		return ""
	case p.Problem == ProblemNotServed && len(p.Served) > 0:
		return p.T("connect_home.problem.not_served.for", strings.Join(p.Served, ", "))
	}
	return p.T("connect_home.problem." + string(p.Problem))
}

// Words are the scopes as sentences; for the template.
func (p ConnectHome) Words() []Permission { return Words(p.Lang, p.Asked) }

// Connected says who was connected, where, and what they allowed.
type Connected struct {
	Page
	UserName     string
	Role         string   // Zendesk's word: "admin", "agent", "end-user"; empty when it is not known
	Product      string   // "Support" or "Chat"
	Account      string   // e.g. "acme.zendesk.com"
	Granted      []string // scopes
	Missing      []string // scopes that were asked for and not granted
	ConnectionID string
	ReturnTo     string // where the app waits; empty shows no link
	Program      string // that waits on another device; empty: none
	Connections  string // where all of them are; empty shows no link
}

func (p Connected) frame() frame {
	return frame{Template: "connected", Brand: Broker, Title: p.T("connected.title")}
}

// Title is the page's title and first heading; for the template.
func (p Connected) Title() string { return p.frame().Title }

// Greeting says who was connected, and as what; for the template. A token may have
// a scope that does not reach its owner's profile.
func (p Connected) Greeting() string {
	if p.Role == "" {
		return p.T("connected.hi.no_role", p.UserName, p.Product)
	}
	return p.T("connected.hi", p.UserName, p.Product, p.roleText())
}

// roleText is the role within the greeting, which in English is Zendesk's word as
// its API has it: the greeting is the last sentence of its OAuth tutorial.
func (p Connected) roleText() string {
	if text, ok := languages().lookup(p.Lang, "connected.role."+p.Role); ok {
		return text
	}
	return p.Role
}

// GrantedWords are the granted scopes as sentences; for the template.
func (p Connected) GrantedWords() []Permission { return Words(p.Lang, p.Granted) }

// MissingWords are the scopes not granted as sentences; for the template.
func (p Connected) MissingWords() []Permission { return Words(p.Lang, p.Missing) }

// Failure names why a sign-in at Zendesk did not end in a connection.
type Failure string

// Why a connection failed. Each has its title, its explanation and its advice in
// the strings file.
const (
	Denied          Failure = "denied"
	StateExpired    Failure = "state_expired"
	StateUsed       Failure = "state_used"
	WrongBrowser    Failure = "wrong_browser"
	FailedRedirect  Failure = "redirect_mismatch"
	FailedClient    Failure = "no_such_client"
	FailedAccount   Failure = "no_such_account"
	ScopeNotAllowed Failure = "scope_not_allowed"
	Unreachable     Failure = "unreachable"
	AnsweredWrongly Failure = "answered_wrongly"
	ClientRefused   Failure = "client_refused"
	Anonymous       Failure = "anonymous"
	LinkOver        Failure = "link_over"
	WrongPerson     Failure = "wrong_person"
	DeviceOver      Failure = "device_over"
	FailedOtherwise Failure = "misc"
)

// Failures are all of them, for tests and galleries.
var Failures = []Failure{
	Denied, StateExpired, StateUsed, WrongBrowser, FailedRedirect, FailedClient, FailedAccount, ScopeNotAllowed,
	Unreachable, AnsweredWrongly, ClientRefused, Anonymous, LinkOver, WrongPerson, DeviceOver, FailedOtherwise,
}

// ConnectFailed says what happened, what to do, and which request it was.
type ConnectFailed struct {
	Page
	Kind     Failure // one not in [Failures] is shown as [FailedOtherwise]
	Account  string  // e.g. "acme.zendesk.com"; empty when it is not known
	Answer   string  // what Zendesk said, as it said it; empty when it said nothing
	RetryURL string  // empty shows no link
}

func (p ConnectFailed) frame() frame {
	return frame{Template: "connect_failed", Brand: Broker, Title: p.say("title")}
}

// Title is the page's title and first heading; for the template.
func (p ConnectFailed) Title() string { return p.frame().Title }

// What is the explanation; for the template.
func (p ConnectFailed) What() string { return p.say("what") }

// Do is the advice; for the template.
func (p ConnectFailed) Do() string { return p.say("do") }

// AnswerTitle stands above the answer; for the template.
func (p ConnectFailed) AnswerTitle() string { return p.T("connect_failed.answer", p.where()) }

func (p ConnectFailed) where() string {
	if p.Account == "" {
		return p.T("connect_failed.somewhere")
	}
	return p.Account
}

func (p ConnectFailed) say(part string) string {
	kind := FailedOtherwise
	for _, known := range Failures {
		if p.Kind == known {
			kind = known
		}
	}
	return p.T("connect_failed."+string(kind)+"."+part, p.where())
}
