package web

import (
	"time"
)

// Addresses of the broker's pages for whoever is signed in.
const (
	PathConnections  = "/connections"
	PathPasses       = "/passes"
	PathBoardClients = "/clients"
	PathKeys         = "/keys"
	PathWebhooks     = "/webhooks"
	PathEvents       = "/events"

	PathBoardSignIn = "/sign-in"
	PathSignOut     = "/sign-out"

	FieldInvitation = "invitation"
)

// Board is what the broker's pages share that somebody signed in to.
type Board struct {
	Page
	User     Person
	Account  string // of the user, e.g. "acme.zendesk.com"
	Operator bool   // sees all sections; others their connections alone
	Done     BoardDone
	Now      time.Time
}

// BoardDone is something that was done just now on a page of operators, as its address
// tells the page that follows.
type BoardDone string

// What can have been done.
const (
	KeyRevoked      BoardDone = "key_revoked"
	ClientAdded     BoardDone = "client_added"
	ClientRemoved   BoardDone = "client_removed"
	SecretAdded     BoardDone = "secret_added"
	SecretMoved     BoardDone = "secret_moved"
	SecretRemoved   BoardDone = "secret_removed"
	CircuitClosed   BoardDone = "circuit_closed"
	WebhookStopped  BoardDone = "webhook_disabled"
	WebhookStarted  BoardDone = "webhook_enabled"
	WebhookTested   BoardDone = "webhook_tested"
	WebhookReplayed BoardDone = "webhook_replayed"
	WebhookRemoved  BoardDone = "webhook_removed"
)

var allBoardDone = []BoardDone{
	KeyRevoked, ClientAdded, ClientRemoved, SecretAdded, SecretMoved, SecretRemoved, CircuitClosed, WebhookStopped, WebhookStarted, WebhookTested, WebhookReplayed, WebhookRemoved,
}

// FieldDone is what an address tells by.
const FieldDone = "done"

// DoneText is it in words, empty for what is not known; for the template.
func (b Board) DoneText() string {
	for _, known := range allBoardDone {
		if b.Done == known {
			return b.T("operator.done." + string(known))
		}
	}
	return ""
}

// operatorFlaws are the fields that can be wrong in the forms for operators: see the
// strings operator.FORM.wrong.FIELD.
var operatorFlaws = map[string][]string{
	"key":     {FieldName, FieldCan, FieldReach, FieldKeyLife},
	"client":  {FieldAccount, FieldProduct, FieldIdentifier, FieldSecret},
	"webhook": {FieldURL, FieldTypes, FlawMany},
}

// flaw says what is wrong with a field of a form, if that field is what is wrong.
func (b Board) flaw(form, field, wrong string) []string {
	if field != wrong {
		return nil
	}
	return []string{b.T("operator." + form + ".wrong." + field)}
}

// BoardSection is an entry of their navigation.
type BoardSection int

// The sections, in their order.
const (
	nowhere BoardSection = iota - 1 // a page that is in none of them
	AtConnections
	AtPasses
	AtBoardClients
	AtKeys
	AtWebhooks
	AtEvents
)

// boardSections are what the navigation is made of. One that is not there yet is not
// linked.
var boardSections = []struct {
	at        BoardSection
	name      string // see the strings board.*
	path      string
	everybody bool // whoever signs in sees it; else operators alone do
	there     bool
}{
	{at: AtConnections, name: "connections", path: PathConnections, everybody: true, there: true},
	{at: AtPasses, name: "passes", path: PathPasses, there: true},
	{at: AtBoardClients, name: "clients", path: PathBoardClients, there: true},
	{at: AtKeys, name: "keys", path: PathKeys, there: true},
	{at: AtWebhooks, name: "webhooks", path: PathWebhooks, there: true},
	{at: AtEvents, name: "events", path: PathEvents, there: true},
}

func (b Board) frame(template, title string, at BoardSection) frame {
	return frame{
		Template: template, Brand: Broker, Title: title, User: &b.User, Home: PathConnections, SignOut: PathSignOut,
		Wide: true, Nav: b.sections(at), Script: "board.js",
	}
}

func (b Board) sections(at BoardSection) (all []Entry) {
	for _, s := range boardSections {
		if s.there && (s.everybody || b.Operator) {
			all = append(all, Entry{b.round().T("board." + s.name), s.path, s.at == at})
		}
	}
	return all
}

// When is a time as it is from now, and the moment itself.
type When struct {
	Moment
	Words string
}

// When says how long ago a time was, or until it is; for templates.
func (b Board) When(t time.Time) When {
	d := t.Sub(b.Now)
	key := "when.in"
	if d < 0 {
		key, d = "when.ago", -d
	}
	w := When{Moment: Moment{t}}
	switch {
	case d < time.Minute:
		w.Words = b.T("when.now")
	case d < time.Hour:
		w.Words = b.T(key, Count(b.Lang, "span.minutes", int(d/time.Minute)))
	case d < 48*time.Hour:
		w.Words = b.T(key, Count(b.Lang, "span.hours", int(d/time.Hour)))
	default:
		w.Words = b.T(key, Count(b.Lang, "span.days", int(d/(24*time.Hour))))
	}
	return w
}

// BoardSignIn asks of which Zendesk somebody is who wants to see the broker's pages.
type BoardSignIn struct {
	Page
	Subdomain   string // what was typed
	BaseSuffix  string // shown behind the box, e.g. ".zendesk.com"
	Problem     Problem
	ReturnTo    string   // hidden field, empty omits it
	Invitation  string   // hidden field, empty omits it: the first operator is to be let in
	Uninvited   bool     // the invitation does not work any more
	Undone      bool     // what was sent was not done, because it is to be signed in again first
	Out         bool     // signed out just now
	FormOrigins []string // see [CSP]
}

func (p BoardSignIn) frame() frame {
	title := p.T("board_sign_in.title")
	if p.Invitation != "" {
		title = p.T("board_sign_in.first")
	}
	return frame{Template: "board_sign_in", Brand: Broker, Title: title, FormActions: p.FormOrigins}
}

// Title is the page's title and first heading; for the template.
func (p BoardSignIn) Title() string { return p.frame().Title }

// ProblemText is the problem in words; for the template.
func (p BoardSignIn) ProblemText() string {
	switch {
	case p.Uninvited:
		return p.T("board_sign_in.uninvited")
	case p.Undone:
		return p.T("board_sign_in.undone")
	case p.Problem != ProblemNone:
		return ConnectHome{Page: p.Page, Problem: p.Problem}.ProblemText()
	}
	return ""
}
