package desk

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// AccountID is the issuer's number of an account. It is part of every key.
type AccountID int64

// UserID is the issuer's number of a user.
type UserID int64

// Status is where a ticket stands.
type Status string

// Zendesk's statuses.
const (
	New     Status = "new"
	Open    Status = "open"
	Pending Status = "pending"
	Hold    Status = "hold"
	Solved  Status = "solved"
	Closed  Status = "closed"
)

// What the other words of a ticket can be.
var (
	statuses   = []Status{New, Open, Pending, Hold, Solved, Closed}
	priorities = []string{"urgent", "high", "normal", "low"}
	kinds      = []string{"problem", "incident", "question", "task"}
)

// Ticket is a conversation that a user started.
type Ticket struct {
	Account     AccountID
	Number      int64 // its id on the wire: 1, 2, 3 … within its account
	Version     int64 // counts its changes
	Subject     string
	Description string // its first comment
	Status      Status
	Priority    string // one of priorities, or empty
	Kind        string // Zendesk's type: one of kinds, or empty
	ExternalID  string
	Tags        []string           // in lower case, each once
	Requester   UserID             // whose question it is
	Submitter   UserID             // who wrote it down
	Assignee    UserID             // zero: nobody yet
	Group       GroupID            // zero: none
	Custom      map[FieldID]string // what it has in the fields that the account added, by their numbers
	Public      bool               // whether any comment is
	Internal    bool               // whether its first comment was not public
	Channel     string             // by which it came in
	Created     time.Time
	Updated     time.Time
}

// ShownTo tells whether somebody may know of the ticket: those who work on
// tickets, and its requester, unless all of it is internal.
func (t Ticket) ShownTo(p Person) bool { return p.Agent || t.Requester == p.ID && t.Public }

// SolvableBy tells whether the requester may solve it: when somebody works on it,
// and it is no problem that others have, too.
func (t Ticket) SolvableBy(p Person) bool {
	return t.Requester == p.ID && t.Assignee != 0 && t.Kind != "problem" && t.Status != Solved && t.Status != Closed
}

// check tells what is wrong with the ticket's words.
func (t Ticket) check() (all Invalids) {
	if !slices.Contains(statuses, t.Status) {
		all.add("status", NotAllowed, "is not a valid status")
	}
	if t.Priority != "" && !slices.Contains(priorities, t.Priority) {
		all.add("priority", NotAllowed, "is not a valid priority")
	}
	if t.Kind != "" && !slices.Contains(kinds, t.Kind) {
		all.add("type", NotAllowed, "is not a valid type")
	}
	for _, c := range []struct{ field, text string }{{"subject", t.Subject}, {"external_id", t.ExternalID}, {"tags", strings.Join(t.Tags, " ")}} {
		if len(c.text) > textMost {
			all.add(c.field, NotAllowed, "is too long")
		}
	}
	return all
}

// Bounds in bytes: that of a comment is Zendesk's, the other our own.
const (
	textMost    = 8 << 10
	commentMost = 64 << 10
)

// field is one thing that an audit tells of. A nil value is none.
type field struct {
	name  string
	value *string
	// always has it told of a new ticket even where it is none.
	always bool
}

// fields are what audits tell of a ticket, in Zendesk's order.
func (t Ticket) fields() []field {
	return []field{
		{"subject", orNone(t.Subject), true},
		{"requester_id", numberText(t.Requester), true},
		{"priority", orNone(t.Priority), true},
		{"type", orNone(t.Kind), true},
		{"status", orNone(string(t.Status)), true},
		{"assignee_id", numberText(t.Assignee), false},
		{"group_id", numberText(t.Group), false},
		{"external_id", orNone(t.ExternalID), false},
		{"tags", orNone(strings.Join(t.Tags, " ")), false},
	}
}

func orNone(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func numberText[T ~int64](id T) *string {
	if id == 0 {
		return nil
	}
	text := strconv.FormatInt(int64(id), 10)
	return &text
}

// normalTags are tags in lower case, each once, in the order given. A tag holds
// no space: one that does is many.
func normalTags(tags []string) []string {
	var all []string
	for _, text := range tags {
		for tag := range strings.FieldsSeq(strings.ToLower(clean(text))) {
			if !slices.Contains(all, tag) {
				all = append(all, tag)
			}
		}
	}
	return all
}

// clean takes out what a database cannot keep: NUL, and bytes that are no text.
func clean(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "�")
}
