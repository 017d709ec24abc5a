package broker

import (
	"cmp"
	"context"
	"slices"
	"strings"
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
	TokenMade      EventKind = "token_made" // for a time
	TokenRevoked   EventKind = "token_revoked"
	TokenLost      EventKind = "token_lost" // one that was made may live on, and why
	LinkAdded      EventKind = "link_made"
	LinkUsed       EventKind = "link_used"
	LinkRevoked    EventKind = "link_revoked"
	LinkRefused    EventKind = "link_refused"
	DeviceLet      EventKind = "device_allowed"
	DeviceRefused  EventKind = "device_denied"
	SignedIn       EventKind = "signed_in"          // somebody, to the broker's own pages
	OperatorNamed  EventKind = "operator_named"     // the first one, by the invitation
	TokenLeft      EventKind = "sign_in_token_left" // the token of a sign-in could not be ended yet
	ScopesLost     EventKind = "scopes_lost"        // somebody authorized again, and less than before
	FormerEnded    EventKind = "former_tokens_revoked"
	FormerLeft     EventKind = "former_tokens_left" // the tokens from before somebody authorized again live on, and why
	Ordered        EventKind = "ordered"            // an operator or owner asked for something, on a page
	OperatorGone   EventKind = "operator_removed"
	AccessRefused  EventKind = "access_token_refused" // Zendesk answered 401 to a token that should live; once for each generation

	CircuitClosed   EventKind = "circuit_closed" // by hand
	WebhookStopped  EventKind = "webhook_disabled"
	WebhookStarted  EventKind = "webhook_enabled"
	WebhookGaveUp   EventKind = "webhook_given_up" // its receiver took nothing for days
	WebhookDropped  EventKind = "webhook_dropped"  // too much waited for it; said once
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

// EventKinds are all of them, in the order in which a form offers them.
func EventKinds() []EventKind {
	return []EventKind{
		ConnectionMade, Reconnected, ScopesLost, FormerEnded, FormerLeft, Imported, StateChanged, AccessRefused, RefreshExpiring, Removed, Ordered,
		SignInFailed, SignedIn, OperatorNamed, OperatorGone, TokenLeft,
		LinkAdded, LinkUsed, LinkRevoked, LinkRefused, DeviceLet, DeviceRefused,
		PassMade, PassUsed, PassDenied, PassEnded, KeyMade, KeyEnded, TokenMade, TokenRevoked, TokenLost,
		ClientAdded, ClientChanged, ClientRemoved, CircuitOpened, CircuitClosed,
		WebhookAdded, WebhookRolled, WebhookRemoved, WebhookStopped, WebhookStarted, WebhookGone, WebhookGaveUp, WebhookDropped,
	}
}

// EventFilter chooses events. Its zero fields choose all.
type EventFilter struct {
	Connection ConnectionID
	Pass       PassID
	Client     ClientID
	Kind       EventKind
	Account    string
	By         Actor
	Words      string // a part of the account or the detail
	Since      time.Time
	Until      time.Time // the first instant that is not chosen
}

// looked is the filter as it is looked for: what is typed may be of any length.
func (f EventFilter) looked() EventFilter {
	f.Words = strings.ToLower(strings.TrimSpace(clip(plainText(f.Words), wordsMost)))
	return f
}

// Events lists those that a filter chooses, in the order of their numbers, from the one
// after `after`.
func (b *Broker) Events(ctx context.Context, f EventFilter, after EventID, limit int) ([]Recorded, error) {
	return b.Store.Events(ctx, f.looked(), after, limit)
}

// EventPlace is where in the trail a page begins: before an event, or after one. The
// zero place: at the newest.
type EventPlace struct{ Before, After EventID }

// EventListing is a part of the audit trail, the newest first.
type EventListing struct {
	Events       []Recorded
	Newer, Older bool // there are more
}

// newestEvent stands above the number of any event.
const newestEvent = EventID(1) << 62

// EventsSeen lists at most limit of the events that a viewer sees and a filter chooses.
// The error is ErrForbidden for one who sees none: the trail is the operators'.
func (b *Broker) EventsSeen(ctx context.Context, v Viewer, f EventFilter, at EventPlace, limit int) (EventListing, error) {
	if !v.Operates() {
		return EventListing{}, ErrForbidden
	}
	f = f.looked()
	if at.After > 0 {
		all, err := b.Store.Events(ctx, f, at.After, limit+1)
		l := EventListing{Older: true, Newer: len(all) > limit}
		l.Events = all[:min(len(all), limit)]
		slices.Reverse(l.Events)
		return l, err
	}
	all, err := b.Store.FindEvents(ctx, f, cmp.Or(at.Before, newestEvent), limit+1)
	l := EventListing{Newer: at.Before > 0, Older: len(all) > limit}
	l.Events = all[:min(len(all), limit)]
	return l, err
}

// Event is a line of the audit trail. The step that changes a state writes it in
// the same transaction. Detail holds a kind or reason, never a secret or a body.
type Event struct {
	At         time.Time
	Kind       EventKind
	By         Actor
	Account    string
	Connection ConnectionID // 0 = none
	Client     ClientID     // 0 = none
	Pass       PassID       // 0 = none
	Detail     string
}

// eventWordsMost bounds what of its detail an event is found by, in characters.
const eventWordsMost = 300

// Words is what the event is found by.
func (e Event) Words() string { return strings.ToLower(clip(e.Account+" "+e.Detail, eventWordsMost)) }

// EventResult is what came of what an event tells.
type EventResult string

// The results.
const (
	WasDone    EventResult = "done"
	WasRefused EventResult = "refused" // nothing came of it
	HasBroken  EventResult = "broken"  // something works less than before
)

// Result says what came of it.
func (e Event) Result() EventResult {
	switch e.Kind {
	case SignInFailed, PassDenied, LinkRefused, DeviceRefused:
		return WasRefused
	case CircuitOpened, TokenLeft, TokenLost, FormerLeft, ScopesLost, RefreshExpiring, WebhookGone, WebhookGaveUp, WebhookDropped, AccessRefused:
		return HasBroken
	case StateChanged:
		if state, _, _ := strings.Cut(e.Detail, ": "); State(state) == Reauthorize || State(state) == InDoubt {
			return HasBroken
		}
	}
	return WasDone
}
