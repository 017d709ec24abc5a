package broker

import (
	"context"
	"errors"
)

// Observer is told what a broker does, by whoever counts it, traces it or logs it; the
// zero value is told nothing. It decides nothing, and whatever it does must be quick: it
// stands on the way. Of tokens, codes, secrets, names and addresses it is told none.
//
// It may be called by many at a time.
type Observer struct {
	// Lent is told of every token that somebody asked for. It stands on the quickest way
	// that there is, and has no time to allocate.
	Lent func(Lent)

	// Began is told of work that begins. It returns the context that the work goes on
	// with, and what is to be told how it ended.
	Began func(context.Context, Work) (context.Context, func(Ended))
}

// Lent says where a token that was asked for came from.
type Lent int

// Where it came from, and why none came.
const (
	FromMemory      Lent = iota
	FromRow              // of the database
	FromRenewal          // it was renewed, by this process or another
	FromBefore           // it could not be renewed, and lives
	LentUnusable         // none: a person must do something
	LentUnavailable      // none: it heals by itself
	LentUnknown          // none: there is no such connection
	LentFailed           // none: something failed here, or the caller left
)

// LentWays are all of them.
func LentWays() []Lent {
	return []Lent{FromMemory, FromRow, FromRenewal, FromBefore, LentUnusable, LentUnavailable, LentUnknown, LentFailed}
}

func (l Lent) String() string {
	return [...]string{"memory", "row", "renewal", "before", "unusable", "unavailable", "unknown", "failed"}[l]
}

// notLent is why no token was lent.
func notLent(err error) Lent {
	var unusable *Unusable
	var later *Unavailable
	switch {
	case errors.As(err, &unusable):
		return LentUnusable
	case errors.As(err, &later):
		return LentUnavailable
	case errors.Is(err, ErrNotFound):
		return LentUnknown
	}
	return LentFailed
}

// reasonOf is why a connection's token was not lent, if the error says so.
func reasonOf(err error) Reason {
	var unusable *Unusable
	var later *Unavailable
	switch {
	case errors.As(err, &unusable):
		return unusable.Reason
	case errors.As(err, &later):
		return later.Reason
	}
	return NoReason
}

// WorkKind says what sort of work is done.
type WorkKind string

// The kinds of work, and how each may end.
const (
	Lending    WorkKind = "lend"    // of a token that is to be renewed first: Lent's words
	Renewal    WorkKind = "renew"   // under a claim of this process: RenewalDone and so on
	Attempting WorkKind = "refresh" // one request to the token endpoint: Result's words
	Waiting    WorkKind = "wait"    // for a claim of another's: WaitMoved and so on
	Calling    WorkKind = "call"    // Zendesk's API, with a token: CallAnswered, CallUnanswered
	Delivering WorkKind = "deliver" // one try to tell a webhook: DeliveryDone and so on
	PassUse    WorkKind = "pass"    // the comment by which a sending ends: PassSent and so on
	Chore      WorkKind = "chore"   // housekeeping: ChoreDone, ChoreFailed
)

// How work ends, beside the words of Lent and Result.
const (
	RenewalDone      = "renewed"
	RenewalOvertaken = "overtaken" // another's tokens count
	RenewalPostponed = "postponed" // it is tried again
	RenewalLost      = "lost"      // a person must do something
	RenewalFailed    = "failed"    // something failed here

	WaitMoved     = "moved"      // the other has ended
	WaitTakenOver = "taken_over" // the other's lease ran out
	WaitCutOff    = "cut_off"    // there was no time left to wait

	CallAnswered   = "answered"
	CallUnanswered = "unanswered"

	DeliveryDone    = "delivered"
	DeliveryAgain   = "again" // it is sent once more, later
	DeliveryGivenUp = "given_up"

	PassSent        = "sent"
	PassInDoubt     = "in_doubt"
	PassUndelivered = "undelivered"
	PassDeclined    = "refused"

	ChoreDone   = "done"
	ChoreFailed = "failed"
)

// Work is what begins. What does not apply is zero.
type Work struct {
	Kind       WorkKind
	Connection ConnectionID
	Account    string // its subdomain
	Generation int64  // of the tokens that are replaced, or used
	Forced     bool   // because an access token was refused
	Webhook    WebhookID
	Pass       PassID
	Number     int    // of a try
	Method     string // of a call
	Chore      string // which
}

// Ended is how work ended.
type Ended struct {
	Result string
	Reason string // a Reason, Why, Obstacle or word of receipts; empty: none
	Status int    // of the answer; 0: there was none
	Tries  int    // requests that were sent
	Err    error  // of this side
}

// NewObserver tells each of them, in their order: what one puts in the context, the next
// one sees.
func NewObserver(all ...Observer) Observer {
	var o Observer
	for _, next := range all {
		o = o.and(next)
	}
	return o
}

func (o Observer) and(next Observer) Observer {
	both := Observer{Lent: o.Lent, Began: o.Began}
	switch {
	case o.Lent == nil:
		both.Lent = next.Lent
	case next.Lent != nil:
		both.Lent = func(l Lent) { o.Lent(l); next.Lent(l) }
	}
	switch {
	case o.Began == nil:
		both.Began = next.Began
	case next.Began != nil:
		both.Began = func(ctx context.Context, w Work) (context.Context, func(Ended)) {
			ctx, first := o.Began(ctx, w)
			ctx, second := next.Began(ctx, w)
			return ctx, func(out Ended) { second(out); first(out) }
		}
	}
	return both
}

// tellLent tells of a token that was asked for.
func (b *Broker) tellLent(l Lent) {
	if b.Observer.Lent != nil {
		b.Observer.Lent(l)
	}
}

// began tells of work that begins.
func (b *Broker) began(ctx context.Context, w Work) (context.Context, func(Ended)) {
	if b.Observer.Began == nil {
		return ctx, unobserved
	}
	return b.Observer.Began(ctx, w)
}

func unobserved(Ended) {}

// errBroken is how a renewal ended that a panic ended.
var errBroken = errors.New("it broke off")

// ended is how a renewal ended, by what it returns.
func (r *renewal) ended(err error) Ended {
	out := Ended{Tries: r.tries}
	out.Reason = string(reasonOf(err))
	var lost *Unusable
	var later *Unavailable
	switch {
	case err == nil && !r.over: // a panic, which is the flight's error
		out.Result, out.Err = RenewalFailed, errBroken
	case err == nil && r.kept:
		out.Result = RenewalDone
	case err == nil, errors.As(err, &later) && later.Reason == AnotherTries:
		out.Result = RenewalOvertaken
	case errors.As(err, &lost):
		out.Result = RenewalLost
	case errors.As(err, &later):
		out.Result = RenewalPostponed
	default:
		out.Result, out.Err = RenewalFailed, err
	}
	return out
}

// ended is how a try ended, for whoever observes.
func (d Delivery) ended() Ended {
	out := Ended{Result: DeliveryAgain, Reason: d.Reason, Status: d.Status}
	switch d.State {
	case Delivered:
		out.Result = DeliveryDone
	case DeliveryFailed:
		out.Result = DeliveryGivenUp
	}
	return out
}

// sendingEnded is how the use of a pass ended.
func sendingEnded(err error) Ended {
	var refused *PassRefused
	var u *Undelivered
	switch {
	case err == nil:
		return Ended{Result: PassSent}
	case errors.As(err, &u) && u.Obstacle == ZendeskSilent:
		return Ended{Result: PassInDoubt, Reason: string(u.Obstacle)}
	case errors.As(err, &u):
		return Ended{Result: PassUndelivered, Reason: string(u.Obstacle)}
	case errors.As(err, &refused):
		return Ended{Result: PassDeclined, Reason: string(refused.Why)}
	}
	return Ended{Result: PassUndelivered, Err: err}
}
