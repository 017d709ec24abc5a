package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// SessionID is the number of a session.
type SessionID int64

// Session is a browser that is signed in to the broker's own pages. Who it is was
// proven at Zendesk: account and user id, never an email address, which an admin of
// any account can give to anybody.
type Session struct {
	ID      SessionID
	Digest  secret.Digest // of the cookie
	Account string
	User    User
	Created time.Time
	Checked time.Time // when Zendesk last told user and role
	Named   bool      // stored as an operator: see Operator
}

const (
	// checkEvery is how long what Zendesk told of user and role is believed.
	checkEvery = time.Hour

	// sessionKeep is how long a session that nobody checked again is kept.
	sessionKeep = 14 * 24 * time.Hour
)

// adminRole is the role of Zendesk whose people may administer an account.
const adminRole = "admin"

// Operators are the accounts whose admins see and do everything, by subdomain. None
// named means none: an account is no customer's and operator's by default.
type Operators []string

// Check says what is no subdomain.
func (o Operators) Check() error { return Accounts(o).Check() }

// Has tells whether admins of an account are operators.
func (o Operators) Has(account string) bool { return slices.Contains(o, account) }

// Viewer is what a session may see and do. Every signed-in page asks it, and nothing
// else.
type Viewer struct {
	Session
	Operator bool // sees all connections, clients, keys and events
	Stale    bool // Zendesk is to be asked again first; until then it may do nothing
}

// View decides what the session may see and do.
func (s Session) View(now time.Time, o Operators) Viewer {
	return Viewer{
		Session:  s,
		Operator: s.Named || s.User.Role == adminRole && o.Has(s.Account),
		Stale:    now.Sub(s.Checked) >= checkEvery,
	}
}

// Over decides whether the session is none any more.
func (s Session) Over(now time.Time) bool { return now.Sub(s.Checked) >= sessionKeep }

// Operates decides whether the viewer may see and do what operators alone may.
func (v Viewer) Operates() bool { return v.Operator && !v.Stale }

// Owns tells whether a connection is the viewer's own authorization. Who signs in is
// a user of Support; Chat numbers its agents by itself (facts §8.6), so that the same
// number may be somebody else there.
func (v Viewer) Owns(c Connection) bool {
	return v.User.ID != 0 && c.User.ID == v.User.ID && c.Account == v.Account && c.Product == Support
}

// Sees tells whether there is such a connection for the viewer. Tokens whose owner
// is not known yet are a sign-in on its way, and no page's.
func (v Viewer) Sees(c Connection) bool {
	return !v.Stale && c.State != Pending && (v.Operator || v.Owns(c))
}

// Viewer is who a session's secret belongs to. The error is ErrNotFound when it is
// nobody's.
func (b *Broker) Viewer(ctx context.Context, plain secret.Plain) (Viewer, error) {
	if !wellFormed(plain) {
		return Viewer{}, ErrNotFound
	}
	s, err := b.Store.Session(ctx, plain.Digest())
	switch {
	case err != nil:
		return Viewer{}, err
	case s.Over(b.now()):
		return Viewer{}, ErrNotFound
	}
	return s.View(b.now(), b.Operators), nil
}

// SignOut ends a session; one that has ended is no error.
func (b *Broker) SignOut(ctx context.Context, plain secret.Plain) error {
	err := b.Store.EndSession(ctx, plain.Digest())
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
