package web

import (
	"slices"
	"strconv"
	"time"
)

// The audit trail in other forms, and the names of its fields beside those of the Admin
// Center's.
const (
	PathEventsCSV  = PathEvents + ".csv"
	PathEventsJSON = PathEvents + ".json"
)

// EventKinds are what events tell of, in the order in which the form offers them: see
// the strings events.kind.*.
var EventKinds = []string{
	"connected", "reconnected", "scopes_lost", "former_tokens_revoked", "former_tokens_left", "imported", "state_changed",
	"access_token_refused", "refresh_expiring", "removed", "ordered",
	"sign_in_failed", "signed_in", "operator_named", "operator_removed", "sign_in_token_left",
	"link_made", "link_used", "link_revoked", "link_refused", "device_allowed", "device_denied",
	"pass_made", "pass_used", "pass_refused", "pass_revoked", "key_made", "key_ended", "token_made", "token_revoked", "token_lost",
	"client_added", "client_changed", "client_removed", "circuit_opened", "circuit_closed",
	"webhook_added", "webhook_rolled", "webhook_removed", "webhook_disabled", "webhook_enabled", "webhook_gone", "webhook_given_up", "webhook_dropped",
}

// EventResults are what can have come of it: see the strings events.result.*.
var EventResults = []string{"done", "refused", "broken"}

// EventText is what happened, in words; for templates.
func (b Board) EventText(kind string) string {
	if text, ok := languages().lookup(b.Lang, "events.kind."+kind); ok {
		return text
	}
	return kind
}

// Thing is what a line is about: a connection, a pass or a client.
type Thing struct {
	ID   int64  // 0: nothing
	Name string // empty: it is gone
	URL  string // its page; empty: it has none, or not any more
}

// EventRow is a line of the audit trail.
type EventRow struct {
	At         time.Time
	Kind       string
	Result     string
	Who        Who
	Account    string // subdomain
	Connection Thing
	Pass       Thing
	Client     Thing
	Detail     string
}

// EventFilter is what was asked for, as it was typed.
type EventFilter struct{ Kind, Account, Connection, Pass, Client, By, Words, From, Until string }

// Pairs are the filter as the pairs of a query.
func (f EventFilter) Pairs() []string {
	return []string{
		FieldKind, f.Kind, FieldAccount, f.Account, FieldConnection, f.Connection, FieldPass, f.Pass, FieldOf, f.Client,
		FieldBy, f.By, FieldWords, f.Words, FieldFrom, f.From, FieldUntil, f.Until,
	}
}

// Unknown is what of the filter no event can be, empty where there is no such thing.
func (f EventFilter) Unknown() string {
	if f.Kind != "" && !slices.Contains(EventKinds, f.Kind) {
		return f.Kind
	}
	return ""
}

// Events is the audit trail: who did what, on what, when, and what came of it.
type Events struct {
	Board
	Filter  EventFilter
	Unknown string          // what of the filter no event can be
	Wrong   map[string]bool // fields that cannot be read: see [EventFields]
	By      Who             // whose lines they are, where that is asked for
	Rows    []EventRow
	Pager   Pager
	Kept    int // days
}

// EventFields are the fields that something can be wrong with: see the strings
// events.wrong.*.
var EventFields = []string{FieldConnection, FieldFrom, FieldUntil}

func (p Events) frame() frame {
	f := p.Board.frame("events", p.Title(), AtEvents)
	f.Roomy = true
	return f
}

// Title is the page's title and first heading; for the template.
func (p Events) Title() string { return p.T("board.events") }

// Filtered tells whether the page shows a part; for the template.
func (p Events) Filtered() bool { return p.Filter != EventFilter{} }

// CSV is the address of the file with the same lines, all of them; for the template.
func (p Events) CSV() string { return Within(PathEventsCSV, p.Filter.Pairs()...) }

// JSON is the same for programs; for the template.
func (p Events) JSON() string { return Within(PathEventsJSON, p.Filter.Pairs()...) }

// Kinds are those to choose from; for the template.
func (p Events) Kinds() []Choice {
	all := []Choice{{Text: p.T("connections.any"), Chosen: p.Filter.Kind == ""}}
	for _, kind := range EventKinds {
		all = append(all, Choice{Value: kind, Text: p.EventText(kind), Chosen: kind == p.Filter.Kind})
	}
	return all
}

// Fields are those of the filter that are typed; for the template.
func (p Events) Fields() []Field {
	wrong := func(field string) []string {
		if !p.Wrong[field] {
			return nil
		}
		return []string{p.T("events.wrong." + field)}
	}
	return []Field{
		{Name: FieldWords, Label: p.T("events.words"), Value: p.Filter.Words},
		{Name: FieldAccount, Label: p.T("connections.account"), Value: p.Filter.Account},
		{Name: FieldConnection, Label: p.T("events.connection"), Value: p.Filter.Connection, Wrong: wrong(FieldConnection)},
		{Name: FieldFrom, Label: p.T("audit.from"), Value: p.Filter.From, Wrong: wrong(FieldFrom), Type: "date"},
		{Name: FieldUntil, Label: p.T("audit.until"), Value: p.Filter.Until, Wrong: wrong(FieldUntil), Type: "date"},
	}
}

// Told is part of the filter that is chosen by a link and not typed.
type Told struct{ Name, Value, Text string }

// Chosen are those parts; for the template.
func (p Events) Chosen() (all []Told) {
	if p.Filter.By != "" {
		all = append(all, Told{FieldBy, p.Filter.By, p.T("events.by", p.WhoText(p.By))})
	}
	if p.Filter.Pass != "" {
		all = append(all, Told{FieldPass, p.Filter.Pass, p.T("events.of.pass", p.Filter.Pass)})
	}
	if p.Filter.Client != "" {
		all = append(all, Told{FieldOf, p.Filter.Client, p.T("events.of.client", p.Filter.Client)})
	}
	return all
}

// ResultIs is what came of it, with a sign; for the template.
func (p Events) ResultIs(r EventRow) Condition {
	sign := r.Result
	if sign == "done" {
		sign = "good"
	}
	return Condition{ConnectionState(sign), p.T("events.result." + r.Result)}
}

// ThingText names a thing; for the template.
func (p Events) ThingText(kind string, t Thing) string {
	if t.Name != "" {
		return t.Name
	}
	return p.T("events.thing."+kind, strconv.FormatInt(t.ID, 10))
}

// eventThings are the kinds of thing: see the strings events.thing.*.
var eventThings = []string{"connection", "pass", "client"}

// About is the part of the trail about a thing; for the template.
func (p Events) About(kind string, t Thing) string {
	return Within(PathEvents, kind, strconv.FormatInt(t.ID, 10))
}

// KeptText says how long the trail goes back; for the template.
func (p Events) KeptText() string { return Count(p.Lang, "events.kept", p.Kept) }
