package broker

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// MadeTokenID is the number of a token that the broker made, here and not at Zendesk.
type MadeTokenID int64

// MadeToken is a token that the broker made at Zendesk by a connection, for a time.
// Zendesk lets such a token live until somebody revokes it (facts §3.1): here is when that
// is to be, and why there is one. What it is, is not kept.
type MadeToken struct {
	ID         MadeTokenID
	Connection ConnectionID
	Account    string
	Token      int64 // its number at Zendesk; 0: none is known
	Client     int64 // the number of its client at Zendesk
	Identifier string
	Scope      oauth.Scope
	Ticket     int64  // that it is for; 0: none
	Why        string // for people
	Maker      Actor
	State      MadeTokenState
	Reason     Reason    // why it could not be revoked the last time
	Asked      time.Time // of Zendesk
	Due        time.Time // when it is to be revoked
	Ended      time.Time // zero: not
	Tries      int       // to revoke it
	Next       time.Time // when that is tried next
}

// MadeTokenState says what is known of it.
type MadeTokenState string

// The states. Asking is written down before Zendesk is asked:
//
//	asking ──► living ──► revoked
//	   │         └──────► left: nothing is there any more to revoke it by
//	   ├──► removed: Zendesk said no
//	   └──► in doubt: nobody heard the answer
const (
	TokenAsking  MadeTokenState = "asking"
	TokenLiving  MadeTokenState = "living"
	TokenEnded   MadeTokenState = "revoked"
	TokenLeftOn  MadeTokenState = "left"
	TokenInDoubt MadeTokenState = "in_doubt"
)

// Bounds of tokens that are made.
const (
	MadeShortest = time.Minute
	MadeLongest  = 366 * 24 * time.Hour

	madeWhyMost   = 300 // characters
	madeScopeMost = 2000

	// askingMost is how long Zendesk may take to answer, and whoever asked to write it
	// down: what is being asked for longer than that is in doubt.
	askingMost = 2 * time.Minute
	// madeHold is how long a token that is being revoked is nobody else's.
	madeHold = time.Minute
	// madeAgainMost bounds the pause between tries to revoke one.
	madeAgainMost = time.Hour
)

// check decides whether a token can be made so. The error is *Invalid.
func (m MadeToken) check(client string) error {
	life := m.Due.Sub(m.Asked)
	switch {
	case client == "":
		return &Invalid{"client", "it is the identifier or the number of one of the account's OAuth clients"}
	case m.Scope.IsEmpty() || len(m.Scope.String()) > madeScopeMost:
		return &Invalid{"scope", "it is what the token may do, such as tickets:read"}
	case m.Ticket < 0:
		return &Invalid{"ticket", "it is the number of one"}
	case len(m.Why) > 4*madeWhyMost || m.Why != clip(m.Why, madeWhyMost):
		return &Invalid{"why", fmt.Sprintf("it has at most %d characters", madeWhyMost)}
	case life < MadeShortest || life > MadeLongest:
		return &Invalid{"until", fmt.Sprintf("it is %v to %d hours from now", MadeShortest, int(MadeLongest.Hours()))}
	}
	return nil
}

// event tells of it in the audit trail.
func (m MadeToken) event(kind EventKind, by Actor, at time.Time, more string) Event {
	var words []string
	if m.Token != 0 {
		words = append(words, fmt.Sprintf("token %d", m.Token))
	}
	words = append(words, "client "+cmp.Or(m.Identifier, fmt.Sprint(m.Client)), m.Scope.String())
	if kind == TokenMade {
		words = append(words, "until "+m.Due.UTC().Format(time.RFC3339))
	}
	if m.Ticket != 0 {
		words = append(words, fmt.Sprintf("ticket %d", m.Ticket))
	}
	for _, text := range []string{m.Why, more} {
		if text != "" {
			words = append(words, text)
		}
	}
	return Event{At: at, Kind: kind, By: by, Account: m.Account, Connection: m.Connection, Detail: strings.Join(words, ", ")}
}

// After is the token after a try to revoke it came to nothing, for a reason, at an
// instant; wait is what Zendesk asked for.
func (m MadeToken) After(why Reason, wait time.Duration, now time.Time) MadeToken {
	m.Reason = why
	m.Next = now.Add(max(wait, min(madeAgainMost, time.Minute<<min(max(m.Tries-1, 0), 10))))
	return m
}
