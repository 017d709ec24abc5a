package web

import (
	"html/template"
	"strings"
	"unicode/utf8"
)

// Names of form fields on the issuer's pages, and the values of FieldDecision.
const (
	FieldEmail    = "email"
	FieldPassword = "password"
	FieldPerson   = "person" // the e-mail address of a person picked in a demo
	FieldNext     = "next"
	FieldTicket   = "ticket"
	FieldDecision = "decision"

	DecisionAllow   = "allow"
	DecisionDeny    = "deny"
	DecisionSwitch  = "switch"   // use another account
	DecisionSignOut = "sign_out" // sign out and ask nobody
)

// Person is a user as pages show them. Role is Zendesk's word: "admin", "agent" or
// "end-user".
type Person struct {
	Name  string
	Email string
	Role  string
}

// Initials are up to two letters for the person's tile.
func (p Person) Initials() string { return initials(p.Name) }

// Problem names what was wrong with the form that is shown again.
type Problem string

// What can be wrong with a sign-in. Unknown e-mail address and wrong password are
// one problem, so that a page does not tell which addresses exist.
const (
	ProblemNone        Problem = ""
	ProblemCredentials Problem = "credentials" // unknown address or wrong password
	ProblemMissing     Problem = "missing"     // a field was left empty
	ProblemTooMany     Problem = "too_many"    // set RetryAfter too
	ProblemSuspended   Problem = "suspended"   // the user may not sign in
	ProblemStale       Problem = "stale"       // the form was too old, or already used
)

// SignIn is the issuer's sign-in page (facts §1.2: sign-in comes before consent).
type SignIn struct {
	Page
	Account, Subdomain string
	Application        string   // name of the client that waits; empty when none
	Action             string   // where both forms are posted to
	Next               string   // hidden field, empty omits it
	Email              string   // what was typed before
	Problem            Problem  // what was wrong with the last try
	RetryAfter         int      // seconds until another try is accepted, 0 for at once
	People             []Person // one button each; demo only
	FormOrigins        []string // origins that signing in may end at, when consent is skipped: see [CSP]
}

func (p SignIn) frame() frame {
	return frame{
		Template: "sign_in", Title: p.T("sign_in.title", p.Account),
		Account: p.Account, Subdomain: p.Subdomain, FormActions: p.FormOrigins, RetryAfter: p.RetryAfter,
	}
}

// Title is the page's title and first heading; for the template.
func (p SignIn) Title() string { return p.frame().Title }

// ProblemText is the problem in words; for the template.
func (p SignIn) ProblemText() string {
	switch p.Problem {
	case ProblemNone:
		return ""
	case ProblemTooMany:
		return p.T("sign_in.problem.too_many", p.wait(p.RetryAfter))
	}
	return p.T("sign_in.problem." + string(p.Problem))
}

// Client is an application that asks for access.
type Client struct {
	Name        string
	Company     string
	Description string
	LogoURL     string // a path of this server or a data: image; anything else is not shown
}

// Logo is LogoURL if the page may show it. Other servers' images never are: they
// would tell that server who looks at a consent page, and the policy forbids them.
func (c Client) Logo() template.URL {
	local := strings.HasPrefix(c.LogoURL, "/") && !strings.HasPrefix(c.LogoURL, "//") && !strings.Contains(c.LogoURL, `\`)
	if !local && !strings.HasPrefix(c.LogoURL, "data:image/") {
		return ""
	}
	return template.URL(c.LogoURL) //nolint:gosec // G203: only the two harmless forms come this far, and still quoted
}

// Initials stand for a client without a logo.
func (c Client) Initials() string { return initials(c.Name) }

// Consent asks a signed-in user whether a client may act for them (facts §1.2:
// client name, company, description, logo, scopes, Allow and Deny).
type Consent struct {
	Page
	Account, Subdomain string
	Client             Client
	User               Person
	Chat               bool     // whether they are scopes of Zendesk Chat
	Permissions        []string // scopes as Zendesk writes them; shown in words
	RedirectHost       string   // host that the browser is sent to afterwards
	Action             string   // where the one form is posted to, with FieldTicket and FieldDecision
	Ticket             string   // opaque, comes back unchanged
	FormOrigin         string   // origin of the verified redirect URI: see [CSP]
}

func (p Consent) frame() frame {
	return frame{
		Template: "consent", Title: p.T("consent.title", p.Client.Name),
		Account: p.Account, Subdomain: p.Subdomain, FormActions: []string{p.FormOrigin},
	}
}

// Title is the page's title and first heading; for the template.
func (p Consent) Title() string { return p.frame().Title }

// Words are the permissions as sentences; for the template.
func (p Consent) Words() []Permission {
	if p.Chat {
		return ChatWords(p.Lang, p.Permissions)
	}
	return Words(p.Lang, p.Permissions)
}

// Grave tells whether a permission needs a second thought; for the template.
func (p Consent) Grave() bool { return anyGrave(p.Words()) }

// Leaving takes the browser to URL at once, with a link for whoever stays. It
// stands where a redirect would be part of what a form of ours began: Chromium
// holds the form to its page's form-action on every further redirect as well, and
// where the client's address redirects to is not known (ADR 10).
type Leaving struct {
	Page
	Account, Subdomain string
	Host               string // of URL, to be named
	URL                string // absolute, http or https
}

func (p Leaving) frame() frame {
	f := frame{Template: "leaving", Title: p.T("leaving.title", p.Host), Account: p.Account, Subdomain: p.Subdomain}
	// html/template guards the link's address, but cannot know that the refresh
	// holds one as well.
	if strings.HasPrefix(p.URL, "https://") || strings.HasPrefix(p.URL, "http://") {
		f.Refresh = p.URL
	}
	return f
}

// Title is the page's title and first heading; for the template.
func (p Leaving) Title() string { return p.frame().Title }

// SignedOut says that nobody is signed in any more.
type SignedOut struct {
	Page
	Account, Subdomain string
	SignInURL          string
}

func (p SignedOut) frame() frame {
	return frame{Template: "signed_out", Title: p.T("signed_out.title"), Account: p.Account, Subdomain: p.Subdomain}
}

// Title is the page's title and first heading; for the template.
func (p SignedOut) Title() string { return p.frame().Title }

// IssuerHome is the page at / of an account: what this is and what one can do.
type IssuerHome struct {
	Page
	Account, Subdomain string
	User               *Person // who is signed in, nil for nobody
	People             []Person
	SignInURL          string // shown when nobody is signed in
	SignInAction       string // the people's buttons are posted here
	Apps               []App
	Links              []Link
	FormOrigins        []string // see [CSP]
}

// App is a client that one can try.
type App struct {
	Name         string
	Identifier   string // client_id
	AuthorizeURL string // complete authorization request; empty when it has no redirect URI, or when Public
	Public       bool   // only the app itself can start it: it makes the PKCE verifier
}

// Link is an address worth knowing on an account's home page.
type Link struct {
	Kind LinkKind
	URL  string
}

// LinkKind chooses the words beside a link.
type LinkKind string

// The addresses that a home page may list.
const (
	LinkAuthorize LinkKind = "authorize" // GET /oauth/authorizations/new
	LinkTokens    LinkKind = "tokens"    // POST /oauth/tokens
	LinkUsersMe   LinkKind = "users_me"  // GET /api/v2/users/me
	LinkAPI       LinkKind = "api"       // the description of the API
	LinkBroker    LinkKind = "broker"    // the broker's home page
	LinkControl   LinkKind = "control"   // the demo's control
	LinkAdmin     LinkKind = "admin"     // the Admin Center
	LinkApps      LinkKind = "apps"      // what a user gave access to
)

func (p IssuerHome) frame() frame {
	return frame{
		Template: "issuer_home", Title: p.T("issuer_home.title", p.Account),
		Account: p.Account, Subdomain: p.Subdomain, FormActions: p.FormOrigins, User: p.User, Wide: true,
	}
}

// Title is the page's title and first heading; for the template.
func (p IssuerHome) Title() string { return p.frame().Title }

// Page tells whether a browser finds a page there, so that it is worth a link.
func (k LinkKind) Page() bool {
	return k == LinkBroker || k == LinkControl || k == LinkAdmin || k == LinkApps
}

// LinkText is what a link is called; for the template.
func (p IssuerHome) LinkText(k LinkKind) string { return p.T("issuer_home.link." + string(k)) }

// Invalid is the answer to an authorization request that must not be redirected
// (facts §1.4; RFC 6749 §4.1.2.1). Its status is 400.
type Invalid struct {
	Page
	Account, Subdomain string
	Detail             string  // the dialect's words, e.g. [NoSuchClient]; explained when known
	Sent               []Param // what the request held, for whoever debugs it
}

// Details that the page explains in plain words.
const (
	NoSuchClient     = "No such client"
	ClientMissing    = `"client_id" missing`
	RedirectMismatch = `"redirect_uri" mismatch`
	RedirectMissing  = `"redirect_uri" missing`
)

var invalidHints = map[string]string{
	NoSuchClient:     "no_such_client",
	ClientMissing:    "client_missing",
	RedirectMismatch: "redirect_mismatch",
	RedirectMissing:  "redirect_missing",
}

// Param is a parameter of a request, as it came.
type Param struct{ Name, Value string }

// Short is the value, cut where it would swamp a page.
func (p Param) Short() string {
	const most = 300
	if utf8.RuneCountInString(p.Value) <= most {
		return p.Value
	}
	return string([]rune(p.Value)[:most]) + "…"
}

func (p Invalid) frame() frame {
	return frame{Template: "invalid", Title: p.T("invalid.title"), Account: p.Account, Subdomain: p.Subdomain}
}

// Title is the page's title and first heading; for the template.
func (p Invalid) Title() string { return p.frame().Title }

// Hint is what the detail means and what to do; for the template.
func (p Invalid) Hint() string {
	hint, ok := invalidHints[p.Detail]
	if !ok {
		hint = "other"
	}
	return p.T("invalid.hint." + hint)
}

// initials are the first letters of the first and the last word of a name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	letters := string(first)
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		letters += string(last)
	}
	return strings.ToUpper(letters)
}
