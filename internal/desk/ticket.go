package desk

import "time"

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

// Ticket is a conversation that a user started.
type Ticket struct {
	Account   AccountID
	Number    int64 // its id on the wire: 1, 2, 3 … within its account
	Subject   string
	Status    Status
	Requester UserID
	Comments  []Comment // in the order in which they were written; the first is the ticket's description
	Created   time.Time
	Updated   time.Time
}

// Comment is one message of a ticket.
type Comment struct {
	Author  UserID
	Body    string
	Public  bool // whether the requester may read it
	Created time.Time
}

// NewTicket is a ticket as its requester opens it: one public comment.
func NewTicket(now time.Time, requester UserID, subject, comment string) Ticket {
	return Ticket{
		Subject: subject, Status: New, Requester: requester, Created: now, Updated: now,
		Comments: []Comment{{Author: requester, Body: comment, Public: true, Created: now}},
	}
}
