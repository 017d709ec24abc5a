package broker

import "time"

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
	DeviceLet      EventKind = "device_allowed"
	DeviceRefused  EventKind = "device_denied"
)

// Event is a line of the audit trail. The step that changes a state writes it in
// the same transaction. Detail holds a kind or reason, never a secret or a body.
type Event struct {
	At         time.Time
	Kind       EventKind
	Account    string
	Connection ConnectionID // 0 = none
	Client     ClientID     // 0 = none
	Detail     string
}
