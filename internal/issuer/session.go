package issuer

import (
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Session is a browser in which a user is signed in to one account.
type Session struct {
	Account AccountID
	Digest  secret.Digest
	User    UserID
	Created time.Time
	Expires time.Time
}

// SessionLife is how long a session lasts. The cookie itself carries no life of
// its own, because protocol time may be steered.
const SessionLife = 8 * time.Hour

// Alive tells whether the session still counts.
func (s Session) Alive(now time.Time) bool { return now.Before(s.Expires) }

// Origin is where a request came from, for the audit trail.
type Origin struct {
	Address   string
	RequestID string
}

// Event is a line of the audit trail. The store writes it in the transaction
// of the change that it tells of.
type Event struct {
	Account AccountID
	At      time.Time
	Actor   UserID // zero: nobody known
	Action  Action
	Object  string // its kind and number: "client 17"
	Detail  string
	Origin  Origin
}
