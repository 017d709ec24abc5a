package desk

import (
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Draft is a ticket as somebody wants it.
type Draft struct {
	Subject    string
	Priority   string
	Kind       string
	Status     Status // empty: New, or Open when somebody has it
	ExternalID string
	Tags       []string
	Requester  Ref // none: the caller
	Submitter  Ref // none: the caller
	Assignee   Ref
	Group      GroupID // zero: none
	Custom     map[FieldID][]string
	Comment    NewComment
}

// Ref names a user: by number, or else by email; neither is nobody.
type Ref struct {
	ID    UserID
	Email string
}

func (r Ref) isNone() bool { return r == Ref{} }

// NewComment is a comment as somebody wants it.
type NewComment struct {
	Body    string
	Public  *bool // nil: as the ticket's first comment
	Author  Ref   // none: the caller
	Uploads []secret.Plain
}

// Change is what somebody wants of a ticket; nil leaves a field as it is.
type Change struct {
	Subject    *string
	Priority   *string
	Kind       *string
	Status     *Status
	ExternalID *string
	Tags       *[]string
	AddTags    []string
	RemoveTags []string
	Requester  *Ref
	Assignee   *Ref                 // none: nobody
	Group      *GroupID             // zero: none
	Custom     map[FieldID][]string // values of fields; one that is not named stays
	Comment    *NewComment
	// UpdatedStamp refuses the change when the ticket was changed after it; zero:
	// whatever came between.
	UpdatedStamp time.Time
}

// cast are the users whom a draft or a change names, looked up.
type cast struct {
	requester, submitter, assignee, author Person
	uploads                                []Upload
	// fields are those that the account added, by whom filled in.
	fields []Field
	by     Person
	groups []GroupID // of whoever has the ticket then, the default one first
}

// open decides what a draft becomes.
func (d Draft) open(now time.Time, c cast, from Origin) (Opening, error) {
	t := Ticket{
		Subject: clean(strings.TrimSpace(d.Subject)), Status: d.Status, Priority: d.Priority, Kind: d.Kind,
		ExternalID: clean(d.ExternalID), Tags: normalTags(d.Tags),
		Requester: c.requester.ID, Submitter: c.submitter.ID, Assignee: c.assignee.ID, Group: d.Group,
		Channel: API, Created: now, Updated: now, Version: 1,
	}
	switch {
	case t.Status == "" && t.Assignee != 0:
		t.Status = Open
	case t.Status == "":
		t.Status = New
	}
	t, wrong := t.fill(c.fields, c.by, d.Custom, Ticket{})
	if t.Status == Solved && c.by.Agent {
		wrong = append(wrong, t.lacking(c.fields)...)
	}
	if !c.by.Agent {
		wrong = append(wrong, t.unfilled(c.fields)...)
	}
	t, outside := t.placed(d.Group != 0, t.Assignee != 0, c.groups)
	wrong = append(wrong, outside...)
	said, all := t.say(now, d.Comment, c)
	if strings.TrimSpace(said.Body) == "" {
		all = nil
		all.add("base", Blank, "Description: cannot be blank")
	}
	t.Description, t.Public, t.Internal = said.Body, said.Public, !said.Public
	all = append(append(append(all, wrong...), t.check()...), c.checkAssignee()...)
	return Opening{t, t.audit(now, c.author.ID, from, &said, nil)}, all.orNil()
}

// change decides what becomes of the ticket, or nothing: then the audit has no
// events.
func (t Ticket) change(now time.Time, by Person, want Change, c cast, from Origin) (Ticket, Audit, error) {
	if t.Status == Closed {
		return t, Audit{}, Invalids{{Field: "status", Flaw: Immutable, Why: "closed prevents ticket update"}}
	}
	if !want.UpdatedStamp.IsZero() && t.Updated.Truncate(time.Second).After(want.UpdatedStamp) {
		return t, Audit{}, ErrOutdated
	}
	next, all := t.with(want, c).fill(c.fields, by, want.Custom, t)
	var said *Comment
	if want.Comment != nil {
		one, wrong := t.say(now, *want.Comment, c)
		all = append(all, wrong...)
		said, next.Public = &one, t.Public || one.Public
	}
	if want.Status == nil {
		next.Status = t.follows(next, c.author, said)
	}
	if next.Status == Solved && next.Assignee == 0 && by.Agent {
		next.Assignee = by.ID // whoever solves what nobody has, had it
	}
	if next.Assignee != t.Assignee || next.Group != t.Group {
		var outside Invalids
		next, outside = next.placed(want.Group != nil, want.Assignee != nil || next.Assignee != t.Assignee, c.groups)
		all = append(all, outside...)
	}
	if next.Status == Solved && t.Status != Solved && by.Agent {
		all = append(all, next.lacking(c.fields)...)
	}
	all = append(append(all, next.check()...), c.checkAssignee()...)
	if all != nil {
		return t, Audit{}, all
	}
	audit := next.audit(now, by.ID, from, said, &t)
	if len(audit.Events) > 0 {
		next.Updated, next.Version = now, t.Version+1
	}
	return next, audit, nil
}

// with is the ticket with its fields as wanted.
func (t Ticket) with(want Change, c cast) Ticket {
	set(&t.Subject, want.Subject)
	t.Subject = clean(strings.TrimSpace(t.Subject))
	set(&t.Priority, want.Priority)
	set(&t.Kind, want.Kind)
	set(&t.Status, want.Status)
	set(&t.ExternalID, want.ExternalID)
	t.ExternalID = clean(t.ExternalID)
	if want.Tags != nil {
		t.Tags = normalTags(*want.Tags)
	}
	drop := normalTags(want.RemoveTags)
	t.Tags = normalTags(append(slices.Clone(t.Tags), want.AddTags...))
	t.Tags = slices.DeleteFunc(t.Tags, func(tag string) bool { return slices.Contains(drop, tag) })
	if want.Requester != nil {
		t.Requester = c.requester.ID
	}
	if want.Assignee != nil {
		t.Assignee = c.assignee.ID
	}
	set(&t.Group, want.Group)
	return t
}

func set[T any](to, value *T) {
	if value != nil {
		*to = *value
	}
}

// follows is the status that a change brings with it: whoever takes a new ticket
// opens it, and the requester's answer opens it again.
func (t Ticket) follows(next Ticket, author Person, said *Comment) Status {
	switch {
	case t.Status == New && t.Assignee == 0 && next.Assignee != 0:
		return Open
	case said != nil && !author.Agent && (t.Status == Pending || t.Status == Hold || t.Status == Solved):
		return Open
	default:
		return next.Status
	}
}

// say decides what a comment becomes. Who only asks, asks in public.
func (t Ticket) say(now time.Time, want NewComment, c cast) (Comment, Invalids) {
	said := Comment{Author: c.author.ID, Body: clean(want.Body), Public: !t.Internal, Channel: API, Created: now}
	if c.author.Agent {
		set(&said.Public, want.Public)
	} else {
		said.Public = true
	}
	for _, u := range c.uploads {
		said.Attachments = append(said.Attachments, u.Attachments...)
	}
	var all Invalids
	if strings.TrimSpace(said.Body) == "" && len(said.Attachments) == 0 {
		all.add("base", Blank, "Comment: cannot be blank")
	}
	if len(said.Body) > commentMost {
		all.add("comment", NotAllowed, "is too long (maximum is 65536 bytes)")
	}
	return said, all
}

func (c cast) checkAssignee() (all Invalids) {
	if c.assignee.ID != 0 && !c.assignee.Agent {
		all.add("assignee", NotAllowed, "is not an agent")
	}
	return all
}
