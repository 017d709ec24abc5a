package deskauth

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// State says what can be done with a connection.
type State string

// The states of a connection.
const (
	Pending     State = "pending"     // its sign-in is not finished
	Active      State = "active"      // its token can be used
	Renewing    State = "renewing"    // active, and being renewed just now
	Reauthorize State = "reauthorize" // a person must allow it again
	InDoubt     State = "in_doubt"    // an answer of Zendesk's was lost, perhaps the tokens with it
	Revoked     State = "revoked"     // ended at Zendesk
	Disabled    State = "disabled"    // kept, but not used
)

// Connection is one person's authorization at one Zendesk account. Its ID stays
// when that person authorizes again.
type Connection struct {
	ID         int64       `json:"id"`
	Account    string      `json:"account"` // subdomain
	URL        string      `json:"url"`     // root of the account, such as https://acme.zendesk.com
	Product    string      `json:"product"` // support or chat
	User       User        `json:"user"`
	State      State       `json:"state"`
	Reason     string      `json:"reason,omitempty"`        // why it is in its state, as a word
	Generation int64       `json:"generation"`              // how often its tokens were replaced
	Scope      oauth.Scope `json:"scope"`                   // granted
	Missing    oauth.Scope `json:"missing_scope,omitempty"` // asked and not granted

	CreatedAt        time.Time  `json:"created_at"`
	RenewedAt        time.Time  `json:"renewed_at"`
	ExpiresAt        *time.Time `json:"expires_at"`         // of the access token; nil: it does not expire
	RefreshExpiresAt *time.Time `json:"refresh_expires_at"` // nil: it does not expire, or Zendesk did not say
}

// ConnectionPage is a part of a list of connections, in the order of their ids.
type ConnectionPage struct {
	Connections []Connection `json:"connections"`
	NextCursor  *string      `json:"next_cursor"` // to ask for the next part with; nil: this is the last
}

// User is the person behind a connection, as Zendesk told at the sign-in.
type User struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	Role  string `json:"role"` // admin, agent, end-user
}

// Token is an access token for one request or a few. Ask again instead of keeping
// it: a renewal ends it at once. Printing a Token does not show it.
type Token struct {
	AccessToken string     `json:"access_token"`
	ExpiresAt   *time.Time `json:"expires_at"` // nil: it does not expire
	Generation  int64      `json:"generation"`
	// Unmet says that it lives for less than MinTTL asked: Zendesk gives none that lives so
	// long, or it could not be renewed now.
	Unmet bool `json:"min_ttl_unmet,omitempty"`
}

const masked = "deskauth.Token([secret])"

// Format hides the token from every verb of fmt.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, masked) }

// String hides the token.
func (t Token) String() string { return masked }

// LogValue hides the token from slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(masked) }
