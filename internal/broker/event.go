package broker

import (
	"context"
	"time"
)

// EventKind says what happened.
type EventKind string

// The kinds of event. Renewals are their own record, as attempts.
const (
	SignInFailed   EventKind = "sign_in_failed"
	ConnectionMade EventKind = "connected"
	Reconnected    EventKind = "reconnected"
	StateChanged   EventKind = "state_changed"
	ClientChanged  EventKind = "client_changed"
	ClientAdded    EventKind = "client_added"
	ClientRemoved  EventKind = "client_removed"
	CircuitOpened  EventKind = "circuit_opened"
	Imported       EventKind = "imported"
	Removed        EventKind = "removed"
	KeyMade        EventKind = "key_made"
	KeyEnded       EventKind = "key_ended"
	PassMade       EventKind = "pass_made"
	PassUsed       EventKind = "pass_used"    // and, in words, what came of it
	PassDenied     EventKind = "pass_refused" // one a minute for each pass or address, at most
	PassEnded      EventKind = "pass_revoked"
	LinkAdded      EventKind = "link_made"
	LinkUsed       EventKind = "link_used"
	LinkRevoked    EventKind = "link_revoked"
	LinkRefused    EventKind = "link_refused"
	DeviceLet      EventKind = "device_allowed"
	DeviceRefused  EventKind = "device_denied"
	SignedIn       EventKind = "signed_in"          // somebody, to the broker's own pages
	OperatorNamed  EventKind = "operator_named"     // the first one, by the invitation
	TokenLeft      EventKind = "sign_in_token_left" // the token of a sign-in could not be ended yet
	Ordered        EventKind = "ordered"            // an operator or owner asked for something, on a page

	RefreshExpiring EventKind = "refresh_expiring"
	WebhookAdded    EventKind = "webhook_added"
	WebhookRolled   EventKind = "webhook_rolled"
	WebhookRemoved  EventKind = "webhook_removed"
	WebhookGone     EventKind = "webhook_gone" // its receiver said so
)

// EventID is the number of an event. Later ones are higher.
type EventID int64

// Recorded is an event as it stands in the audit trail.
type Recorded struct {
	ID EventID
	Event
}

// EventFilter chooses events. Its zero fields choose all.
type EventFilter struct {
	Connection ConnectionID
	Kind       EventKind
	Since      time.Time
}

// Events lists those that a filter chooses, in the order of their numbers, from the one
// after `after`.
func (b *Broker) Events(ctx context.Context, f EventFilter, after EventID, limit int) ([]Recorded, error) {
	return b.Store.Events(ctx, f, after, limit)
}

// Event is a line of the audit trail. The step that changes a state writes it in
// the same transaction. Detail holds a kind or reason, never a secret or a body.
type Event struct {
	At         time.Time
	Kind       EventKind
	Account    string
	Connection ConnectionID // 0 = none
	Client     ClientID     // 0 = none
	Detail     string
	Pass       PassID // for webhooks; the trail has it in Detail
}
