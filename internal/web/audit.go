package web

import (
	"strconv"
	"strings"
)

// The addresses of the audit trail, and the names of its fields.
const (
	PathAudit    = "/admin/audit"
	PathAuditCSV = "/admin/audit.csv"

	FieldAction = "action"
	FieldObject = "object"
	FieldFrom   = "from"
	FieldUntil  = "until"
)

// AuditActions are what lines of the audit trail tell of, in the order in which
// the form offers them.
var AuditActions = []string{
	"session.started", "session.ended", "sign_in.failed", "consent.given",
	"client.created", "client.updated", "client.secret_generated", "client.deleted",
	"token.created", "token.revoked", "token.family_revoked",
	"api_token.created", "api_token.updated", "api_token.deleted",
	"user.created", "user.updated", "user.deleted",
	"account.created", "account.updated", "signing_key.created",
}

// ActionText is an action in words, or itself when there are none for it.
func ActionText(lang Lang, action string) string {
	if text, ok := languages().lookup(lang, "audit.action."+action); ok {
		return text
	}
	return action
}

// AuditThing is what a line of the audit trail is about.
type AuditThing struct {
	Object string // as it is kept: "client 17"
	Name   string // what people call it; empty when it is gone
	URL    string // its page; empty when it has none any more
}

// AuditRow is a line of the audit trail.
type AuditRow struct {
	At        Moment
	User      int64  // 0: nobody of the account
	Who       string // their name
	Action    string
	Thing     AuditThing
	Detail    string
	Planted   bool // whether a seed file did it
	Address   string
	RequestID string
}

// AuditFilter is what was asked for, as it was typed.
type AuditFilter struct{ Person, Action, Object, From, Until string }

// Pairs are the filter as the pairs of a query.
func (f AuditFilter) Pairs() []string {
	return []string{FieldPerson, f.Person, FieldAction, f.Action, FieldObject, f.Object, FieldFrom, f.From, FieldUntil, f.Until}
}

// Audit is the audit trail: who did what, on what, when, and from where.
type Audit struct {
	Center
	Filter   AuditFilter
	Problems Problems
	Rows     []AuditRow
	Pager    Pager
}

func (p Audit) frame() frame { return p.Center.frame("audit", p.Title(), AtAudit) }

// Title is the page's title and first heading; for the template.
func (p Audit) Title() string { return p.T("audit.title") }

// Filtered tells whether the page shows a part; for the template.
func (p Audit) Filtered() bool { return p.Filter != AuditFilter{} }

// CSV is the address of the file with the same lines, all of them; for the template.
func (p Audit) CSV() string { return Within(PathAuditCSV, p.Filter.Pairs()...) }

// Fields are those of the filter that are typed; for the template.
func (p Audit) Fields() []Field {
	return []Field{
		{Name: FieldPerson, Label: p.T("audit.person"), Value: p.Filter.Person, Wrong: p.Problems[FieldPerson], Help: p.T("audit.person.help")},
		{Name: FieldObject, Label: p.T("audit.object"), Value: p.Filter.Object, Wrong: p.Problems[FieldObject], Help: p.T("audit.object.help")},
		{Name: FieldFrom, Label: p.T("audit.from"), Value: p.Filter.From, Wrong: p.Problems[FieldFrom], Type: "date"},
		{Name: FieldUntil, Label: p.T("audit.until"), Value: p.Filter.Until, Wrong: p.Problems[FieldUntil], Type: "date"},
	}
}

// Actions are the actions to choose from; for the template.
func (p Audit) Actions() []Choice {
	all := []Choice{{Text: p.T("audit.action.any"), Chosen: p.Filter.Action == ""}}
	for _, action := range AuditActions {
		all = append(all, Choice{Value: action, Text: ActionText(p.Lang, action), Chosen: action == p.Filter.Action})
	}
	return all
}

// ActionWrong is what is wrong with the chosen action; for the template.
func (p Audit) ActionWrong() []string { return p.Problems[FieldAction] }

// Name is what a thing is called, or its kind where nobody knows its name any
// more; for the template.
func (p Audit) Name(t AuditThing) string {
	switch kind := strings.TrimRight(t.Object, " 0123456789"); {
	case t.Name != "":
		return t.Name
	case kind == "client", kind == "chat client":
		return p.T("audit.thing.client")
	case kind == "user":
		return p.T("audit.thing.user")
	case kind == "token":
		return p.T("audit.thing.token")
	case kind == "api_token":
		return p.T("audit.thing.api_token")
	case kind == "account":
		return p.T("audit.thing.account")
	}
	return p.T("audit.thing.unknown")
}

// What is what was done, in words; for the template.
func (p Audit) What(r AuditRow) string { return ActionText(p.Lang, r.Action) }

// Said is what else is told of a line; for the template.
func (p Audit) Said(r AuditRow) string {
	if r.Planted {
		return ""
	}
	return r.Detail
}

// Nobody is who it was where no user of the account did it; for the template.
func (p Audit) Nobody(r AuditRow) string {
	switch {
	case r.Planted:
		return p.T("audit.seed")
	case r.Action == "sign_in.failed":
		return p.T("audit.stranger")
	case r.Action == "token.family_revoked", r.Action == "token.revoked" && r.Detail != "":
		return p.T("audit.app") // the detail is its identifier
	}
	return p.T("audit.operator")
}

// Of is the part of the trail that somebody wrote; for the template.
func (p Audit) Of(r AuditRow) string {
	return Within(PathAudit, FieldPerson, strconv.FormatInt(r.User, 10))
}

// About is the part of the trail about a thing; for the template.
func (p Audit) About(r AuditRow) string { return Within(PathAudit, FieldObject, r.Thing.Object) }
