package broker

import (
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// LinkID is the number of a link.
type LinkID int64

// ConnectLink lets one person connect, or authorize a connection again. Mail scanners open
// links, so opening one does nothing: the sign-in that comes back spends it.
type ConnectLink struct {
	ID         LinkID
	Digest     secret.Digest
	Connection ConnectionID // that is to be authorized again; 0: any person's
	Account    string       // subdomain; "": the person says it
	Product    Product
	Scope      oauth.Scope
	ReturnTo   string
	Key        KeyID  // the key that made it; 0: a person at the broker
	Maker      string // who asks, for the page; "": not told
	Created    time.Time
	Expires    time.Time
	Revoked    time.Time // zero = not
	Spent      time.Time // zero = not
	Flow       FlowID    // that spent it
	Made       ConnectionID
}

// How long a link may be good, and is where nothing is said.
const (
	LinkShortest = 10 * time.Minute
	LinkLongest  = 7 * 24 * time.Hour
	LinkUsual    = 24 * time.Hour
)

// Open tells whether a sign-in may begin by the link.
func (l ConnectLink) Open(now time.Time) bool {
	return l.Revoked.IsZero() && l.Spent.IsZero() && now.Before(l.Expires)
}

// Takes tells whether a sign-in that came back may spend the link. It began in time,
// and may end later; one that spent it already is a page loaded again.
func (l ConnectLink) Takes(f Flow) bool {
	if !l.Spent.IsZero() {
		return l.Flow == f.ID
	}
	return l.Revoked.IsZero() && f.Created.Before(l.Expires)
}

// State is the link in a word: open, spent, revoked or expired.
func (l ConnectLink) State(now time.Time) string {
	switch {
	case !l.Spent.IsZero():
		return "spent"
	case !l.Revoked.IsZero():
		return "revoked"
	case !now.Before(l.Expires):
		return "expired"
	}
	return "open"
}

// samePerson tells whether the tokens of a sign-in are of the person, and for the
// client, that a connection is of.
func (c Connection) samePerson(user User, pending Connection) bool {
	return c.User.ID == user.ID && c.Account == pending.Account && c.Product == pending.Product && c.Client == pending.Client
}
