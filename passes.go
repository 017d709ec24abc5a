package deskauth

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Pass lets whoever holds its link send files to one ticket, or write on it, through
// one connection.
type Pass struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"` // the holder and the ticket's readers see it
	Connection int64     `json:"connection"`
	Account    string    `json:"account"` // subdomain
	Ticket     int64     `json:"ticket"`
	Can        []string  `json:"can"`            // upload, comment
	Public     bool      `json:"public"`         // whether its comments are
	Types      []string  `json:"types"`          // such as .log or image/*; none: any
	FileMost   int64     `json:"max_file_size"`  // bytes
	BytesMost  int64     `json:"max_total_size"` // bytes
	UsesMost   int       `json:"max_uses"`
	Bytes      int64     `json:"total_size"` // bytes of files that are at Zendesk, or on their way
	Uses       int       `json:"uses"`
	State      string    `json:"state"` // good, expired, used_up, revoked
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`

	RevokedAt *time.Time `json:"revoked_at"`        // nil: it is not
	MadeBy    string     `json:"made_by,omitempty"` // as the By of an Event; empty: not told
	UsedAt    *time.Time `json:"used_at"`           // when its last sending began; nil: none did
	Sendings  []Sending  `json:"sendings"`          // newest first; in an answer that shows one pass
}

// PassRequest says what a pass is to be for. What is 0 or empty is as the broker usually
// has it.
type PassRequest struct {
	Name       string   `json:"name"` // the holder and the ticket's readers see it
	Connection int64    `json:"connection"`
	Ticket     int64    `json:"ticket"`
	Can        []string `json:"can,omitempty"`    // upload, comment; none: both
	Public     bool     `json:"public,omitempty"` // whether its comments are
	Types      []string `json:"types,omitempty"`  // such as .log or image/*; none: any
	FileMost   int64    `json:"max_file_size,omitempty"`
	BytesMost  int64    `json:"max_total_size,omitempty"`
	UsesMost   int      `json:"max_uses,omitempty"`
	ExpiresIn  string   `json:"expires_in,omitempty"` // a duration such as 90m or 72h, or seconds
}

// Sending is one use of a pass.
type Sending struct {
	ID      int64      `json:"id"`
	State   string     `json:"state"` // open, finishing, sent, in_doubt, lapsed
	BeganAt time.Time  `json:"began_at"`
	Address string     `json:"address"` // the holder's
	Files   []SentFile `json:"files"`
}

// SentFile is a file that Zendesk has.
type SentFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
}

// PassPage is a part of the list of passes.
type PassPage struct {
	Passes     []Pass  `json:"passes"`
	NextCursor *string `json:"next_cursor"` // nil: this is the last part
}

// NewPass is a pass that was made, with what its holder is given. It is shown once.
// Printing a NewPass does not show it.
type NewPass struct {
	Pass
	Link string `json:"link"` // for a browser; its fragment is the secret
	Curl string `json:"curl"` // a command that sends FILE
}

// Format hides the link from every verb of fmt.
func (p NewPass) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// String hides the link.
func (p NewPass) String() string { return fmt.Sprintf("deskauth.NewPass(%d, [secret])", p.ID) }

// LogValue hides the link from slog.
func (p NewPass) LogValue() slog.Value { return slog.StringValue(p.String()) }
