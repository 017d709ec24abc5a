package desk

import (
	"slices"
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
	Closed_ Status = "closed"
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
	Tags        []string // in lower case, each once
	Requester   UserID   // whose question it is
	Submitter   UserID   // who wrote it down
	Assignee    UserID   // zero: nobody yet
	Public      bool     // whether any comment is
	Internal    bool     // whether its first comment was not public
	Channel     string   // by which it came in
	Created     time.Time
	Updated     time.Time
}
