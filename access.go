package deskauth

import (
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// Link lets one person connect, or authorize a connection again, until it is used.
type Link struct {
	ID         int64       `json:"id"`
	Connection int64       `json:"connection,omitempty"` // that is to be authorized again; 0: any person's
	Account    string      `json:"account,omitempty"`    // subdomain; empty: the person says it
	Product    string      `json:"product"`
	Scope      oauth.Scope `json:"scope"` // that will be asked for
	ReturnTo   string      `json:"return_to,omitempty"`
	State      string      `json:"state"` // open, spent, revoked or expired
	CreatedAt  time.Time   `json:"created_at"`
	ExpiresAt  time.Time   `json:"expires_at"`
	SpentAt    *time.Time  `json:"spent_at"`          // nil: not
	CameTo     int64       `json:"came_to,omitempty"` // the connection that it made, or made work again
}

// LinkPage is a part of the list of links.
type LinkPage struct {
	Links      []Link  `json:"links"`
	NextCursor *string `json:"next_cursor"` // nil: this is the last part
}

// Key is what a program uses the API by. What it is, is told once.
type Key struct {
	ID          int64      `json:"id"`
	Name        string     `json:"name"`
	Can         []string   `json:"can"`         // lend, connect, pass, admin
	Connections []int64    `json:"connections"` // that it reaches; none: all
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   *time.Time `json:"expires_at"`   // nil: never
	LastUsedAt  *time.Time `json:"last_used_at"` // nil: not yet
	EndedAt     *time.Time `json:"ended_at"`     // nil: not
}

// KeyPage is a part of the list of keys.
type KeyPage struct {
	Keys       []Key   `json:"keys"`
	NextCursor *string `json:"next_cursor"` // nil: this is the last part
}

// Event is a line of the broker's audit trail.
type Event struct {
	ID         int64     `json:"id"`
	At         time.Time `json:"at"`
	Kind       string    `json:"kind"`
	Result     string    `json:"result"`       // done, refused, broken: something works less than before
	By         string    `json:"by,omitempty"` // who did it: user ACCOUNT/NUMBER, key NUMBER, pass NUMBER, command, broker; empty: not told
	Account    string    `json:"account,omitempty"`
	Connection int64     `json:"connection,omitempty"`
	Pass       int64     `json:"pass,omitempty"`
	Client     int64     `json:"client,omitempty"`
	Detail     string    `json:"detail,omitempty"`
}

// EventPage is a part of the audit trail, oldest first.
type EventPage struct {
	Events     []Event `json:"events"`
	NextCursor *string `json:"next_cursor"` // nil: this is the last part for now
}
