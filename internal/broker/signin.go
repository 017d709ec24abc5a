package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// Purpose is what a flow is for.
type Purpose string

// The purposes.
const (
	Connecting Purpose = ""        // a connection is to come of it
	SigningIn  Purpose = "sign_in" // somebody wants to see the broker's own pages
)

// signInScope is what suffices to learn who somebody is, and as what.
var signInScope = oauth.Scope{"users:read"}

// SignInRequest is what begins a sign-in to the broker's own pages.
type SignInRequest struct {
	Account    string       // subdomain
	ReturnTo   string       // a path of this site for afterwards; anything else is dropped
	Browser    secret.Plain // as ConnectRequest's
	Invitation secret.Plain // the absent one: none
}

// SignIn begins a sign-in to the broker's own pages, by Zendesk. The error is
// *Invalid, *Failure or ErrNotInvited.
func (b *Broker) SignIn(ctx context.Context, r SignInRequest) (Departure, error) {
	f := Flow{Purpose: SigningIn}
	if !r.Invitation.IsZero() {
		if err := b.Invited(ctx, r.Invitation); err != nil {
			return Departure{}, err
		}
		f.Invitation = r.Invitation.Digest()
	}
	return b.depart(ctx, ConnectRequest{
		Account: r.Account, Product: Support, Scope: signInScope, ReturnTo: r.ReturnTo, Browser: r.Browser,
	}, f)
}

// serves decides whether people of the flow's account may go through it. Operators
// need not be customers. Who holds the invitation may be of any account, and whoever
// it let in comes back.
func (b *Broker) serves(ctx context.Context, f Flow) (bool, error) {
	switch {
	case b.Accounts.Serve(f.Account):
		return true, nil
	case f.Purpose != SigningIn || zendesk.Reserved(f.Account):
		return false, nil
	case b.Operators.Has(f.Account) || f.Invitation != secret.Digest{}:
		return true, nil
	}
	all, err := b.Store.Operators(ctx)
	for _, o := range all {
		if o.Account == f.Account {
			return true, nil
		}
	}
	return false, err
}

// admit makes a session of the tokens that a sign-in brought. They have served when
// Zendesk told whose they are, and are ended there before anybody is let in.
func (b *Broker) admit(ctx context.Context, f Flow, c Connection, p Pair) (Arrival, error) {
	user, err := policies[c.Product].who(ctx, b.api(c, p.Access), p.Access)
	left := b.release(ctx, c, p)
	if err != nil {
		return Arrival{}, errors.Join(f.failure(whoFailure(err), err), left)
	}
	now, plain := b.now(), secret.State(b.Rand)
	s := Session{Digest: plain.Digest(), Account: f.Account, User: user, Created: now, Checked: now}
	if f.Invitation != (secret.Digest{}) {
		err = b.admitFirst(ctx, f, s)
	} else {
		err = b.Store.AddSession(ctx, s, b.signedIn(SignedIn, s))
	}
	if err != nil {
		return Arrival{}, err
	}
	return Arrival{Flow: f, Session: plain, Left: left}, nil
}

// admitFirst spends the invitation and lets in whoever came back with it.
func (b *Broker) admitFirst(ctx context.Context, f Flow, s Session) error {
	i, err := b.Store.Invitation(ctx)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !i.Good(s.Created, f.Invitation):
		return ErrNotInvited
	case err != nil:
		return err
	}
	err = b.Store.AddFirst(ctx, i, s, b.signedIn(OperatorNamed, s))
	if errors.Is(err, ErrConflict) { // somebody else was faster
		return ErrNotInvited
	}
	return err
}

func (b *Broker) signedIn(kind EventKind, s Session) Event {
	return Event{At: s.Created, Kind: kind, By: Person(s.Account, s.User.ID), Account: s.Account, Detail: fmt.Sprint(s.User.ID)}
}

// release ends the tokens that a pending connection holds for nothing else, and then
// forgets them. When they cannot be ended they are kept, sealed, for the chores to try
// again, and that is said once; the error is then why.
func (b *Broker) release(ctx context.Context, c Connection, p Pair) error {
	last, told, err := b.endKept(ctx, c, p)
	if errors.Is(err, ErrConflict) { // another replica is at it
		return nil
	} else if err != nil {
		return errors.Join(c.notEnded(err), b.Store.AddEvent(ctx, b.leftEvent(c, "not_revoked")))
	}
	return b.forget(ctx, last, told)
}

// endKept ends the tokens that a pending connection keeps, and returns it as it is by
// then, with what is to be told. One that is over is renewed a last time, and what comes
// is stored before it is used: should this process end in between, there is something
// to try it again with.
func (b *Broker) endKept(ctx context.Context, c Connection, p Pair) (Connection, Event, error) {
	if !c.Alive(b.now()) {
		last, gone, err := b.lastKept(ctx, c)
		switch {
		case errors.Is(err, ErrUnknownPair):
			return c, b.leftEvent(c, string(AnswerLost)), nil
		case err != nil || gone:
			return c, b.endedEvent(c), err
		}
		c = last
		if p, err = b.pairOf(ctx, c); err != nil {
			return c, Event{}, err
		}
	}
	return c, b.endedEvent(c), policies[c.Product].revoke(ctx, b.api(c, p.Access), p.Access)
}

// lastKept is lastPair of tokens that are kept until they are ended, which nobody but
// this waits for. It may be done while the broker is closed, which waits for it.
func (b *Broker) lastKept(ctx context.Context, c Connection) (last Connection, gone bool, err error) {
	if c.Refresh.IsZero() {
		return c, true, nil
	}
	flight, cancel := whileRunning(context.WithoutCancel(ctx), b.Timing.Flight) // an answer that is on its way must not be lost
	defer cancel()
	gone, err = b.claimLast(flight, c)
	return b.lastOf(ctx, c, gone, err)
}

// notEnded says whose tokens could not be ended.
func (c Connection) notEnded(err error) error {
	if c.Reason == Former {
		return fmt.Errorf("revoke the former tokens of connection %d at %s: %w", c.FormerOf, c.Account, err)
	}
	return fmt.Errorf("revoke the token of a sign-in at %s: %w", c.Account, err)
}

func (b *Broker) leftEvent(c Connection, why string) Event {
	if c.Reason == Former {
		return b.formerEvent(FormerLeft, c.FormerOf, c, why)
	}
	return Event{At: b.now(), Kind: TokenLeft, By: Itself, Account: c.Account, Client: c.Client}
}

// endedEvent is none for a sign-in, whose token is always ended.
func (b *Broker) endedEvent(c Connection) Event {
	if c.Reason == Former {
		return b.formerEvent(FormerEnded, c.FormerOf, c, string(c.Product))
	}
	return Event{}
}

func (b *Broker) forget(ctx context.Context, c Connection, e Event) error {
	err := b.Store.DropPending(ctx, c, e)
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// leftKeep is how long tokens that cannot be ended are tried again: as long as their
// refresh token usually lives.
const leftKeep = zendesk.DefaultRefreshTokenExpiresIn * time.Second

// releaseLeft tries again to end tokens that stayed behind: Zendesk was not there, or
// this process ended in between.
func (b *Broker) releaseLeft(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTime)
	defer cancel()
	now := b.now()
	left, err := b.Store.LeftBehind(ctx, now.Add(-2*b.Timing.Flight), pruneMost)
	if err != nil {
		return err
	}
	var failed []error
	for _, c := range left {
		if ctx.Err() != nil {
			break
		}
		failed = append(failed, b.releaseAgain(ctx, c))
	}
	return errors.Join(failed...)
}

// ReleaseLeft is what a command does that comes and goes, and has no chores: it tries
// again to end tokens that stayed behind. The error is for nobody but who asked for it.
func (b *Broker) ReleaseLeft(ctx context.Context) error { return b.releaseLeft(ctx) }

func (b *Broker) releaseAgain(ctx context.Context, c Connection) error {
	pair, err := b.pairOf(ctx, c)
	if err == nil {
		var last Connection
		var told Event
		if last, told, err = b.endKept(ctx, c, pair); err == nil {
			return b.forget(ctx, last, told)
		}
	}
	if errors.Is(err, ErrConflict) { // another replica is at it
		return nil
	}
	err = c.notEnded(err)
	if b.now().Sub(c.Created) <= leftKeep {
		return err
	}
	now, gone := b.Store.Connection(ctx, c.ID) // it may have been renewed by now
	if gone != nil {
		return err
	}
	return errors.Join(err, b.forget(ctx, now, b.leftEvent(c, "not_revoked"))) // for good
}
