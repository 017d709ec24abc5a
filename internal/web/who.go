package web

import "strconv"

// Names of fields by which the audit trail is narrowed.
const (
	FieldPass = "pass"
	FieldBy   = "by"
)

// Who is who did something, as pages show it.
type Who struct {
	Kind    string // user, key, pass, command, broker; empty: nobody told
	ID      int64
	Name    string // of the person, the key or the pass, where it is known
	Account string // of a person, e.g. "acme.zendesk.com"
	Actor   string // as an address has it
}

// WhoText names them; for templates.
func (b Board) WhoText(w Who) string {
	number := strconv.FormatInt(w.ID, 10)
	switch {
	case w.Kind == "user" && w.Name != "":
		return w.Name
	case w.Kind == "user":
		return b.T("who.user", number)
	case w.Kind == "key" && w.Name != "":
		return b.T("who.key.named", w.Name)
	case w.Kind == "key":
		return b.T("who.key", number)
	case w.Kind == "pass":
		return b.T("who.pass", number)
	case w.Kind == "command":
		return b.T("who.command")
	case w.Kind == "broker":
		return b.T("who.broker")
	}
	return b.T("who.nobody")
}

// WhoTrail is what the audit trail has of them, empty where that is nobody; for
// templates.
func (b Board) WhoTrail(w Who) string {
	if w.Kind == "" {
		return ""
	}
	return Within(PathEvents, FieldBy, w.Actor)
}
