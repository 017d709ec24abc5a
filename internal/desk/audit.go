package desk

import "time"

// Audit is a change of a ticket: who made it, from where, and what it was.
type Audit struct {
	ID      int64
	Ticket  int64 // its number
	Author  UserID
	Channel string
	Origin  Origin
	Events  []Event
	Created time.Time
}

// Origin is where a change came from.
type Origin struct {
	Client  string // the User-Agent
	Address string
}

// Kind tells what an event is.
type Kind string

// The kinds, in Zendesk's words.
const (
	Commented Kind = "Comment"
	Set       Kind = "Create" // a field of a new ticket
	Changed   Kind = "Change" // a field that was something else before
)

// Event is one thing of an audit: a comment, or what became of a field.
type Event struct {
	ID              int64
	Kind            Kind
	Comment         *Comment // where Kind is Commented
	Field           string
	Value, Previous *string // nil: none
}

// Comment is one message of a ticket.
type Comment struct {
	ID          int64 // that of its event
	Audit       int64
	Author      UserID
	Body        string
	Public      bool // whether the requester may read it
	Channel     string
	Origin      Origin
	Attachments []Attachment
	Created     time.Time
}

// ShownTo tells whether somebody to whom the ticket is shown may read the comment.
func (c Comment) ShownTo(p Person) bool { return p.Agent || c.Public }

// Opening is a new ticket with the audit that tells of it.
type Opening struct {
	Ticket Ticket
	Audit  Audit
}

// NewTicket is a ticket as its requester opens it: one public comment.
func NewTicket(now time.Time, requester UserID, subject, comment string) Opening {
	t := Ticket{
		Subject: subject, Description: comment, Status: New, Requester: requester, Submitter: requester,
		Public: true, Channel: Web, Created: now, Updated: now, Version: 1,
	}
	said := Comment{Author: requester, Body: comment, Public: true, Channel: Web, Created: now}
	return Opening{t, t.audit(now, requester, Origin{}, &said, nil)}
}

// The channels by which tickets come in.
const (
	Web = "web"
	API = "api"
)

// audit tells what became of the ticket: of a new one, where before is nil, what
// it has; of another, what differs from before.
func (t Ticket) audit(now time.Time, by UserID, from Origin, said *Comment, before *Ticket) Audit {
	channel := API
	if before == nil {
		channel = t.Channel
	}
	a := Audit{Ticket: t.Number, Author: by, Channel: channel, Origin: from, Created: now}
	if said != nil {
		a.Events = append(a.Events, Event{Kind: Commented, Comment: said})
	}
	var previous []field
	if before != nil {
		previous = append(before.fields(), before.customFields(&t)...)
	}
	for n, f := range append(t.fields(), t.customFields(before)...) {
		switch {
		case previous == nil && (f.always || f.value != nil):
			a.Events = append(a.Events, Event{Kind: Set, Field: f.name, Value: f.value})
		case previous != nil && !same(f.value, previous[n].value):
			a.Events = append(a.Events, Event{Kind: Changed, Field: f.name, Value: f.value, Previous: previous[n].value})
		}
	}
	return a
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
