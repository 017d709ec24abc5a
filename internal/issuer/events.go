package issuer

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Action is what a line of the audit trail tells of: one of a closed list, which
// docs/audit.md explains.
type Action string

// The actions. Issuing and refreshing a token are none of them: the token itself
// is their record.
const (
	ActionSessionStarted Action = "session.started"
	ActionSessionEnded   Action = "session.ended"
	// ActionSignInFailed is a wrong password for somebody who exists, or the right
	// one of somebody who is suspended. Of others nothing is kept: people type
	// passwords where an email belongs.
	ActionSignInFailed Action = "sign_in.failed"
	ActionConsentGiven Action = "consent.given"

	ActionClientCreated         Action = "client.created"
	ActionClientUpdated         Action = "client.updated"
	ActionClientSecretGenerated Action = "client.secret_generated"
	ActionClientDeleted         Action = "client.deleted"

	ActionTokenCreated       Action = "token.created" // by hand, without a grant
	ActionTokenRevoked       Action = "token.revoked"
	ActionTokenFamilyRevoked Action = "token.family_revoked" // by a replay, where the account wants that

	ActionAPITokenCreated Action = "api_token.created"
	ActionAPITokenUpdated Action = "api_token.updated"
	ActionAPITokenDeleted Action = "api_token.deleted"

	ActionUserCreated Action = "user.created"
	ActionUserUpdated Action = "user.updated"
	ActionUserDeleted Action = "user.deleted"

	ActionAccountCreated Action = "account.created"
	ActionAccountUpdated Action = "account.updated"

	ActionSigningKeyCreated Action = "signing_key.created"
)

// Actions are all of them, in the order in which a form offers them.
var Actions = []Action{
	ActionSessionStarted, ActionSessionEnded, ActionSignInFailed, ActionConsentGiven,
	ActionClientCreated, ActionClientUpdated, ActionClientSecretGenerated, ActionClientDeleted,
	ActionTokenCreated, ActionTokenRevoked, ActionTokenFamilyRevoked,
	ActionAPITokenCreated, ActionAPITokenUpdated, ActionAPITokenDeleted,
	ActionUserCreated, ActionUserUpdated, ActionUserDeleted,
	ActionAccountCreated, ActionAccountUpdated, ActionSigningKeyCreated,
}

// DetailPlanted is the detail of what a seed file added.
const DetailPlanted = "planted"

// EventKey is the place of a line in the audit trail. Time may be set back in a
// demo, so the number alone would not do.
type EventKey struct {
	At time.Time
	ID int64
}

// IsZero tells whether it names no place.
func (k EventKey) IsZero() bool { return k.ID == 0 }

// Recorded is a line of the audit trail as it was kept.
type Recorded struct {
	ID int64
	Event
}

// Key is its place.
func (r Recorded) Key() EventKey { return EventKey{r.At, r.ID} }

// Thing splits an object into its kind, such as "chat client", and its number.
func (e Event) Thing() (kind string, id int64) {
	at := strings.LastIndexByte(e.Object, ' ')
	if at < 0 {
		return e.Object, 0
	}
	id, err := strconv.ParseInt(e.Object[at+1:], 10, 64)
	if err != nil {
		return e.Object, 0
	}
	return e.Object[:at], id
}

// EventFilter picks lines of the audit trail; what is zero picks all.
type EventFilter struct {
	Actor  UserID
	Action Action
	Object string    // "client 17"
	From   time.Time // inclusive
	Until  time.Time // exclusive
}

// EventRange is a part of the audit trail, which is read from the newest line on:
// the lines older than one, or the ones just newer than another.
type EventRange struct {
	OlderThan EventKey
	NewerThan EventKey // counts when OlderThan is zero
	Limit     int      // at least 1
}

// Events reads the audit trail, the newest line first.
func (i *Issuer) Events(ctx context.Context, a Account, f EventFilter, r EventRange) (Page[Recorded], error) {
	return i.Store.Events(ctx, a.ID, f, r)
}
