package broker

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Store keeps the broker's records. Each method is one atomic step, and none of
// them decides anything. A step that lost its race returns ErrConflict; a record
// that is not there, ErrNotFound.
type Store interface {
	WebhookStore
	TotalsStore

	// Away tells whether an error of a step says that the store cannot be reached now,
	// and may be in a moment.
	Away(err error) bool

	// KeepCanary stores a sealed canary at the first start, and returns the one
	// that is stored.
	KeepCanary(ctx context.Context, sealed []byte) ([]byte, error)

	// SealingKey returns what is known about the keys; ErrNotFound before anything is.
	SealingKey(ctx context.Context) (SealingKey, error)
	// KeepSealingKey stores it at the first start, and returns what is stored.
	KeepSealingKey(ctx context.Context, first SealingKey) (SealingKey, error)
	// OfferKey begins to give out a key, if what is stored is still `from`.
	OfferKey(ctx context.Context, from, to SealingKey) error
	// TakeKey makes a key the current one, if what is stored is still `from` and the
	// keyholders are those.
	TakeKey(ctx context.Context, from, to SealingKey, holders []Keyholder) error
	// HoldKeys notes what a running broker has. It does not run beside TakeKey.
	HoldKeys(ctx context.Context, h Keyholder) error
	Keyholders(ctx context.Context) ([]Keyholder, error)
	DropKeyholders(ctx context.Context, names []string) error
	// SealedBy counts what is sealed, by kind and key.
	SealedBy(ctx context.Context) ([]SealedCount, error)
	// SealedValues lists the values of a kind in the order of their rows, from the one
	// after `after`.
	SealedValues(ctx context.Context, kind SealedKind, after SealedRow, limit int) ([]SealedValue, error)
	// Reseal replaces those values that are as they were, and returns how many.
	Reseal(ctx context.Context, all []Resealed) (int, error)
	// ResealCanary replaces the canary, if it is still the one that was read.
	ResealCanary(ctx context.Context, from, to []byte) error
	// Canary returns the stored canary.
	Canary(ctx context.Context) ([]byte, error)
	// OpenAttempts counts the attempts that are open, and the sign-ins that wait for
	// their tokens, up to those numbers.
	OpenAttempts(ctx context.Context, a AttemptID, c ConnectionID) (int, error)
	// LastAttempt returns the highest numbers that were given.
	LastAttempt(ctx context.Context) (AttemptID, ConnectionID, error)
	// ForgetLent has whoever lends from memory read rows again, and waits until that
	// is so.
	ForgetLent(ctx context.Context) error

	// Zendesk returns the template of the Zendesk that the connections are at.
	Zendesk(ctx context.Context) (string, error)
	// KeepZendesk stores a template at the first start, and anew while there are no
	// connections, and returns the one that is stored.
	KeepZendesk(ctx context.Context, template string) (string, error)
	// MoveZendesk stores a template whatever there is.
	MoveZendesk(ctx context.Context, template string) error

	// MakeClients makes those that are not there, without secrets, and returns all of
	// them as they stand, in their order. One that was never chosen serves nobody.
	MakeClients(ctx context.Context, all []Client) ([]Client, error)
	// ChangeClients makes all of the changes or none. With its secrets a client's
	// circuits are closed. ErrConflict when one is not of the version any more that
	// its change is from.
	ChangeClients(ctx context.Context, all []ClientChange) error
	// SecretsWorked notes when Zendesk last gave tokens for a secret.
	SecretsWorked(ctx context.Context, at map[SecretID]time.Time) error
	// RemoveClient removes a client that no connection uses, else ErrConflict.
	RemoveClient(ctx context.Context, id ClientID, e Event) error
	// RemoveClientAndConnections removes both, with an event for each connection, and
	// returns which went.
	RemoveClientAndConnections(ctx context.Context, id ClientID, e Event) ([]ConnectionID, error)
	// Clients lists those that were chosen once, in the order of their numbers, from
	// the one after `after`. What their secrets are is left out.
	Clients(ctx context.Context, after ClientID, limit int) ([]ClientState, error)
	// FindClients lists those of Clients that a filter lets through, in the order of
	// their places, from the one after a place.
	FindClients(ctx context.Context, f ClientFilter, after ClientPlace, limit int) ([]ClientState, error)
	// NamedClients lists at most limit of those that were chosen once, in the order of
	// their numbers, and nothing of their secrets.
	NamedClients(ctx context.Context, limit int) ([]Client, error)
	ClientNamed(ctx context.Context, account string, p Product, identifier string) (Client, error)
	Client(ctx context.Context, id ClientID) (Client, error)
	// ClientFor returns the account's own client, else the global one; of several
	// the one chosen last.
	ClientFor(ctx context.Context, account string, p Product) (Client, error)
	// Circuit returns the zero Circuit when it never opened.
	Circuit(ctx context.Context, c ClientID, account string) (Circuit, error)
	// OpenCircuit opens a circuit, with the event, or leaves one that is open so for
	// as long as c says, without.
	OpenCircuit(ctx context.Context, c Circuit, e Event) error
	CloseCircuit(ctx context.Context, c ClientID, account string) error
	// EndCircuit is CloseCircuit by hand; ErrNotFound where none is open.
	EndCircuit(ctx context.Context, c ClientID, account string, e Event) error

	AddFlow(ctx context.Context, f Flow) error
	Flow(ctx context.Context, state secret.Digest) (Flow, error)
	FlowByID(ctx context.Context, id FlowID) (Flow, error)
	// SpendFlow ends an open flow without a connection.
	SpendFlow(ctx context.Context, id FlowID, at time.Time, why Kind, e Event) error
	// RedeemFlow spends an open flow and makes the pending connection that its code
	// is going to fill. It returns that connection.
	RedeemFlow(ctx context.Context, id FlowID, pending Connection) (Connection, error)
	// FailFlow ends a redeemed flow whose code brought no tokens, and removes its
	// pending connection.
	FailFlow(ctx context.Context, id FlowID, pending ConnectionID, why Kind, e Event) error

	// AddPending makes a pending connection that no flow fills, and returns it.
	AddPending(ctx context.Context, c Connection) (Connection, error)
	// Adopt stores the first pair of a pending connection whose user is known, and
	// makes it active. ErrConflict when that user has one already, as for
	// SettleConnection.
	Adopt(ctx context.Context, c Connection, e Event) error
	// KeepTokens stores the first pair of a pending connection (generation 0 → 1).
	KeepTokens(ctx context.Context, c Connection) error
	// SettleConnection makes a pending connection active, now that its user is
	// known. ErrConflict when that user has one for this client, account, product
	// and grant already.
	SettleConnection(ctx context.Context, c Connection, e Event) error
	// MergeConnection gives the tokens of a pending connection, sealed anew, to the
	// one that its user has already, whose generation is still next.Generation − 1
	// and which is still disabled if next is, and not if it is not. The pending one goes,
	// or stays with what former holds, where that has tokens; the flow points at the
	// other.
	MergeConnection(ctx context.Context, next, former Connection, flow FlowID, events ...Event) error

	Connection(ctx context.Context, id ConnectionID) (Connection, error)
	// Lent returns what Connection does, and whether it is from memory: where this
	// process alone serves a file of SQLite. It is as current as the row, but for
	// LastUsedAt. Its sealed tokens must not be changed.
	Lent(ctx context.Context, id ConnectionID) (c Connection, remembered bool, err error)
	// ConnectionOf finds the connection of c's user for c's client, account, product
	// and grant.
	ConnectionOf(ctx context.Context, c Connection) (Connection, error)
	// Connections lists what has tokens, in the order of its numbers, from the one
	// after `after`.
	Connections(ctx context.Context, after ConnectionID, limit int) ([]Connection, error)

	// FindConnections lists those that a filter lets through, but none that is
	// pending, in the order of their numbers downwards, from the one before `before`.
	FindConnections(ctx context.Context, f Filter, before ConnectionID, limit int) ([]Connection, error)
	// CountConnections counts the same by state, whatever the filter's words are.
	CountConnections(ctx context.Context, f Filter) (map[State]int, error)
	// ConnectionsOfPerson lists those of a user of an account, in the order of their
	// numbers.
	ConnectionsOfPerson(ctx context.Context, account string, user int64) ([]Connection, error)

	// LatestEvents and LatestAttempts are what happened to a connection last, the
	// latest first.
	LatestEvents(ctx context.Context, id ConnectionID, limit int) ([]Recorded, error)
	LatestAttempts(ctx context.Context, id ConnectionID, limit int) ([]Attempt, error)

	// Claim takes the lease of c if generation, state and claim are still c's, and
	// returns it with the new claim.
	Claim(ctx context.Context, c Connection, owner string) (Connection, error)
	// HoldClaim raises the counter of a claim that is still its owner's.
	HoldClaim(ctx context.Context, id ConnectionID, owner string) error

	// Attempts are those on one generation, oldest first.
	Attempts(ctx context.Context, id ConnectionID, generation int64) ([]Attempt, error)
	// OpenAttempt writes an attempt down before it is sent, and returns it with its
	// number. ErrConflict when the generation has moved.
	OpenAttempt(ctx context.Context, a Attempt) (Attempt, error)
	CloseAttempt(ctx context.Context, a Attempt) error

	// Renew stores the pair of the next generation and closes its attempt, if the
	// generation is still next.Generation − 1: whatever the state was, and whoever
	// holds the claim, because these are the tokens that work.
	Renew(ctx context.Context, next Connection, a Attempt) error
	// Postpone keeps state and tokens, notes why a renewal failed and when the next
	// may begin, and releases the owner's claim.
	Postpone(ctx context.Context, c Connection, owner string) error
	// Condemn moves a connection of this generation to a state that says what was
	// lost, and releases its claim.
	Condemn(ctx context.Context, c Connection, e Event) error
	// Move sets state and reason of a connection that is in the state `from`.
	Move(ctx context.Context, c Connection, from State, e Event) error
	// Remove deletes a disabled connection of this generation that nobody renews,
	// and its attempts.
	Remove(ctx context.Context, c Connection, e Event) error
	// SetExpiry corrects when the access token of a generation ends (AccessExpires),
	// and when the connection is looked after next (TendAt).
	SetExpiry(ctx context.Context, c Connection) error
	// Untended lists active connections that are to be looked after by now and need
	// not wait, in the order of their numbers, from the one after `after`.
	Untended(ctx context.Context, now time.Time, after ConnectionID, limit int) ([]Connection, error)
	// Tended moves the time when c is looked after next, if generation and time are
	// still c's.
	Tended(ctx context.Context, c Connection, next time.Time) error
	// Refused writes down that the token of c's generation was refused, if that has not
	// been written down.
	Refused(ctx context.Context, c Connection, e Event) error
	// AddUses adds to what connections were used on their days.
	AddUses(ctx context.Context, all []DayUses) error
	// UsesSince are a connection's, from a day on.
	UsesSince(ctx context.Context, id ConnectionID, from Day) ([]DayUses, error)
	// PruneUses removes those of days before one, of at most limit connections, and
	// returns how many went.
	PruneUses(ctx context.Context, before Day, limit int) (int, error)
	// Used notes when connections were last lent.
	Used(ctx context.Context, at map[ConnectionID]time.Time) error

	// AddKey stores a key and returns it with its number.
	AddKey(ctx context.Context, k Key, e Event) (Key, error)
	Key(ctx context.Context, d secret.Digest) (Key, error)
	// Keys lists them in the order of their numbers, ended ones included.
	Keys(ctx context.Context) ([]Key, error)
	// EndKey ends a key that has not ended.
	EndKey(ctx context.Context, id KeyID, at time.Time, e Event) error
	KeysUsed(ctx context.Context, at map[KeyID]time.Time) error

	// AddPass stores a pass and returns it with its number.
	AddPass(ctx context.Context, p Pass, e Event) (Pass, error)
	Pass(ctx context.Context, id PassID) (Pass, error)
	PassOf(ctx context.Context, d secret.Digest) (Pass, error)
	// Passes lists them in the order of their numbers, those that are over included,
	// from the one after `after`.
	Passes(ctx context.Context, after PassID, limit int) ([]Pass, error)
	// PassesOf lists those of some connections, of one at least.
	PassesOf(ctx context.Context, of []ConnectionID, after PassID, limit int) ([]Pass, error)
	// FindPasses lists those that a filter chooses, as they stand at an instant, in the
	// order of their numbers downwards, from the one before `before`.
	FindPasses(ctx context.Context, f PassFilter, now time.Time, before PassID, limit int) ([]Pass, error)
	// RevokePass revokes a pass that is not revoked.
	RevokePass(ctx context.Context, id PassID, at time.Time, e Event) error
	// BeginSending stores the uses of a pass whose version is still next.Version − 1,
	// and the sending, and returns that with its number.
	BeginSending(ctx context.Context, next Pass, s Sending) (Sending, error)
	// BeginFile stores the bytes of a pass whose version is still next.Version − 1, and
	// a file of a sending that is open, and returns that with its number.
	BeginFile(ctx context.Context, next Pass, f SentFile) (SentFile, error)
	// KeepFile stores the token and size of a file, if its sending is open, and gives
	// its pass the bytes back that it was not long.
	KeepFile(ctx context.Context, pass PassID, f SentFile, taken int64) error
	// DropFile removes a file of an open sending and gives its bytes back.
	DropFile(ctx context.Context, pass PassID, f SentFile) error
	// MoveSending moves a sending from a state to its own.
	MoveSending(ctx context.Context, s Sending, from SendingState, e Event) error
	// ReturnSending removes an open sending and gives its pass the use back, and the
	// bytes of its files.
	ReturnSending(ctx context.Context, s Sending) error
	// Sending is one of a pass's, with its files.
	Sending(ctx context.Context, pass PassID, id SendingID) (Sending, error)
	// Sendings are a pass's last ones, newest first, with their files.
	Sendings(ctx context.Context, pass PassID, limit int) ([]Sending, error)
	// Unfinished lists sendings that have been open or finishing since before the
	// instant, with their files.
	Unfinished(ctx context.Context, before time.Time, limit int) ([]Sending, error)
	// PrunePasses removes at most limit passes that expired before the instant, with
	// what was sent by them, and returns how many went.
	PrunePasses(ctx context.Context, before time.Time, limit int) (int, error)
	// AddEvent writes an event that tells of no change.
	AddEvent(ctx context.Context, e Event) error

	// Events lists those that a filter chooses, in the order of their numbers, from the
	// one after `after`.
	// None of a lower number than one that was seen is seen later.
	Events(ctx context.Context, f EventFilter, after EventID, limit int) ([]Recorded, error)
	// FindEvents lists the same in the order of their numbers downwards, from the one
	// before `before`.
	FindEvents(ctx context.Context, f EventFilter, before EventID, limit int) ([]Recorded, error)

	// AddAnswer stores an answer without a status and returns it with its number.
	// ErrConflict when the key has one of that name that is not over.
	AddAnswer(ctx context.Context, a Answer) (Answer, error)
	Answer(ctx context.Context, key KeyID, name secret.Digest) (Answer, error)
	// KeepAnswer and DropAnswer end one that has no status.
	KeepAnswer(ctx context.Context, a Answer) error
	DropAnswer(ctx context.Context, id AnswerID) error

	// AddLink stores a link and returns it with its number.
	AddLink(ctx context.Context, l ConnectLink, e Event) (ConnectLink, error)
	Link(ctx context.Context, id LinkID) (ConnectLink, error)
	LinkOf(ctx context.Context, d secret.Digest) (ConnectLink, error)
	// Links lists them in the order of their numbers, from the one after `after`; where
	// a key is named, those that it made.
	Links(ctx context.Context, of KeyID, after LinkID, limit int) ([]ConnectLink, error)
	// RevokeLink and SpendLink end a link that has not ended.
	RevokeLink(ctx context.Context, id LinkID, at time.Time, e Event) error
	SpendLink(ctx context.Context, id LinkID, by FlowID, at time.Time, e Event) error
	// LinkCame notes the connection that a link came to.
	LinkCame(ctx context.Context, id LinkID, c ConnectionID) error
	// RefuseFlow ends a redeemed flow, and removes its pending connection with its
	// tokens.
	RefuseFlow(ctx context.Context, id FlowID, pending Connection, why Kind, e Event) error

	// AskToken stores a token that is about to be asked for, and returns it with its
	// number.
	AskToken(ctx context.Context, m MadeToken) (MadeToken, error)
	MadeToken(ctx context.Context, id MadeTokenID) (MadeToken, error)
	// MadeTokens lists them in the order of their numbers, from the one after `after`;
	// of one connection, where that is not 0.
	MadeTokens(ctx context.Context, of ConnectionID, after MadeTokenID, limit int) ([]MadeToken, error)
	// MoveMadeToken stores what is known of one whose state and tries are still from's,
	// with the event, if it has a kind.
	MoveMadeToken(ctx context.Context, next, from MadeToken, e Event) error
	// DropMadeToken removes one that is still being asked for.
	DropMadeToken(ctx context.Context, id MadeTokenID) error
	// TokensDue lists those of a state whose next instant has come, the first due first.
	TokensDue(ctx context.Context, state MadeTokenState, now time.Time, limit int) ([]MadeToken, error)
	// PruneMadeTokens removes at most limit that ended before the instant, and returns how
	// many went.
	PruneMadeTokens(ctx context.Context, before time.Time, limit int) (int, error)

	// UnallowedDevices counts those that wait or were denied, and whose codes are not
	// over: of an address, and of all.
	UnallowedDevices(ctx context.Context, address string, now time.Time) (ofAddress, all int, err error)
	// AddDevice stores a device. ErrConflict when another has one of its codes.
	AddDevice(ctx context.Context, d Device) error
	Device(ctx context.Context, id DeviceID) (Device, error)
	DeviceByCode(ctx context.Context, code secret.Digest) (Device, error)
	DeviceByUserCode(ctx context.Context, code secret.Digest) (Device, error)
	// DevicePolled notes when d was asked for, and its pause, if it was last asked for
	// at `before`.
	DevicePolled(ctx context.Context, d Device, before time.Time) error
	// DecideDevice gives an open device that is not over at `now` d's state and
	// connection.
	DecideDevice(ctx context.Context, d Device, now time.Time, e Event) error
	// SpendDevice spends an allowed device and stores its key, which it returns with
	// its number.
	SpendDevice(ctx context.Context, id DeviceID, k Key, e Event) (Key, error)

	// Session returns a session, and whether its user is stored as an operator.
	Session(ctx context.Context, d secret.Digest) (Session, error)
	AddSession(ctx context.Context, s Session, e Event) error
	EndSession(ctx context.Context, d secret.Digest) error
	// PruneSessions removes at most limit sessions that were last checked before the
	// instant, and returns how many went.
	PruneSessions(ctx context.Context, before time.Time, limit int) (int, error)
	// Operators lists those that are stored, in the order in which they came.
	Operators(ctx context.Context) ([]Operator, error)
	// RemoveOperator removes one, else ErrNotFound.
	RemoveOperator(ctx context.Context, account string, user int64, e Event) error
	// Invitation returns the one that is open.
	Invitation(ctx context.Context) (Invitation, error)
	// KeepInvitation stores an invitation in the place of the one before.
	KeepInvitation(ctx context.Context, i Invitation) error
	// AddFirst ends an invitation that is still open, stores the session and its user
	// as an operator. ErrConflict when it is not open any more.
	AddFirst(ctx context.Context, i Invitation, s Session, e Event) error
	// LeftBehind lists what is pending with tokens that are to be ended, of sign-ins and
	// former ones, since before the instant, oldest first.
	LeftBehind(ctx context.Context, before time.Time, limit int) ([]Connection, error)

	// Prune removes flows and devices that expired before the instant, pending connections
	// without tokens that are older, and the events of sign-ins that failed before,
	// at most limit of each. It returns how many went.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	// PruneEvents removes at most limit events of before the instant, of any kind,
	// and returns how many went.
	PruneEvents(ctx context.Context, before time.Time, limit int) (int, error)
	// PruneAttempts removes at most limit attempts: those of before `old` on tokens
	// that were replaced since, and of those of before `recent` on the present ones
	// all but the last of each outcome. It returns how many went.
	PruneAttempts(ctx context.Context, recent, old time.Time, limit int) (int, error)
	// Abandoned lists pending connections that have tokens and were made before the
	// instant, oldest first.
	Abandoned(ctx context.Context, before time.Time, limit int) ([]Connection, error)
	// DropPending removes a connection that is still pending, with its tokens.
	DropPending(ctx context.Context, c Connection, e Event) error
}
