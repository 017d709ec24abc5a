package deskauth

import (
	"fmt"
	"io"
	"log/slog"
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

// LinkRequest says what a link is to be for.
type LinkRequest struct {
	Connection int64       `json:"connection,omitempty"` // to be authorized again, by its own user alone; 0: any person's, a new one
	Account    string      `json:"account,omitempty"`    // subdomain; empty: the connection's, else the person says it
	Product    string      `json:"product,omitempty"`    // support or chat; empty: the connection's, else support
	Scope      oauth.Scope `json:"scope,omitempty"`      // to ask for; none: the connection's, else the broker's default
	ReturnTo   string      `json:"return_to,omitempty"`  // a path of the site that the person comes to afterwards
	ExpiresIn  int64       `json:"expires_in,omitempty"` // seconds: ten minutes to seven days; 0: a day
}

// NewLink is a link that was made, with its address, which is told once. Printing a
// NewLink does not show it.
type NewLink struct {
	Link
	URL string `json:"url"`
}

// Format hides the address from every verb of fmt.
func (l NewLink) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// String hides the address.
func (l NewLink) String() string { return fmt.Sprintf("deskauth.NewLink(%d, [secret])", l.ID) }

// LogValue hides the address from slog.
func (l NewLink) LogValue() slog.Value { return slog.StringValue(l.String()) }

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
