package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/deskauth/deskauth/zendesk"
)

// Disable keeps a connection and its tokens, and neither lends nor renews them until
// Enable. The error is ErrNotFound, or *Unusable where there is nothing to disable.
func (b *Broker) Disable(ctx context.Context, by Actor, id ConnectionID) (Connection, error) {
	return b.move(ctx, by, id, Disabled, SwitchedOff, func(c Connection) bool {
		return c.State == Active || c.State == Reauthorize || c.State == InDoubt
	})
}

// Enable ends what Disable began. What is the matter with the tokens, if anything,
// shows when they are used.
func (b *Broker) Enable(ctx context.Context, by Actor, id ConnectionID) (Connection, error) {
	return b.move(ctx, by, id, Active, NoReason, func(c Connection) bool { return c.State == Disabled })
}

// RenewNow renews a connection though its token may have long to live. The error is
// ErrNotFound, *Unusable or *Unavailable.
func (b *Broker) RenewNow(ctx context.Context, id ConnectionID) (Connection, error) {
	c, err := b.Store.Connection(ctx, id)
	if err != nil {
		return c, err
	}
	begun := c.Generation
	return b.renewOrSay(ctx, c, false, func(c Connection) bool { return c.Generation == begun })
}

// moveTries bounds how often a connection may change under the hands of a person.
const moveTries = 5

func (b *Broker) move(ctx context.Context, by Actor, id ConnectionID, to State, why Reason, may func(Connection) bool) (Connection, error) {
	for range moveTries {
		c, err := b.Store.Connection(ctx, id)
		switch {
		case err != nil:
			return c, err
		case c.State == to && c.Reason == why:
			return c, nil
		case !may(c):
			return c, c.unusable()
		}
		from := c.State
		c.State, c.Reason = to, why
		err = b.Store.Move(ctx, c, from, b.changed(by, c))
		if !errors.Is(err, ErrConflict) {
			b.opened.drop(id)
			return c, err
		}
	}
	return Connection{}, fmt.Errorf("connection %d: %w", id, ErrConflict)
}

func (b *Broker) changed(by Actor, c Connection) Event {
	detail := string(c.State)
	if c.Reason != NoReason {
		detail += ": " + string(c.Reason)
	}
	return Event{At: b.now(), Kind: StateChanged, By: by, Account: c.Account, Connection: c.ID, Client: c.Client, Detail: detail}
}

// ErrStillAlive says that Zendesk takes a token that it was asked to revoke.
var ErrStillAlive = errors.New("the token is still taken at Zendesk")

// ErrUnknownPair says that Zendesk refuses a refresh token which it may have replaced
// by a pair that never arrived. That pair would live on.
var ErrUnknownPair = errors.New("an answer of Zendesk's was lost, and with it perhaps tokens that live on there: authorize again, then revoke")

// Revoke ends a connection at Zendesk, makes sure that it has ended there, and only
// then deletes it. When that fails the connection stays, disabled, to be tried
// again: tokens that live on at Zendesk must not be forgotten here.
//
// Its order: nothing new is lent or renewed; a renewal under way is waited for, for
// its tokens would be the live ones; a pair that is over is renewed a last time, and
// stored; what is there then is revoked.
func (b *Broker) Revoke(ctx context.Context, by Actor, id ConnectionID) error {
	if err := b.freshen(ctx, id); err != nil {
		return err
	}
	b.endTokensOf(ctx, by, id)
	for range moveTries {
		c, err := b.move(ctx, by, id, Disabled, NotRevoked, func(c Connection) bool { return c.State != Pending })
		if err != nil {
			return err
		}
		if c, err = b.settled(ctx, c); err != nil {
			return err
		}
		c, err = b.endAtZendesk(ctx, c)
		if errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return fmt.Errorf("revoke connection %d at %s: %w", c.ID, c.Account, err)
		}
		gone := Event{At: b.now(), Kind: Removed, By: by, Account: c.Account, Connection: c.ID, Client: c.Client, Detail: string(c.Product)}
		if err := b.Store.Remove(ctx, c, gone); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("connection %d: %w", id, ErrConflict)
}

// freshen renews a token that is over, as for any caller: only one that is alive can
// ask for its own end. That it cannot be renewed any more is no error here.
func (b *Broker) freshen(ctx context.Context, id ConnectionID) error {
	c, err := b.Store.Connection(ctx, id)
	if err != nil || !c.Lendable() || c.Alive(b.now()) {
		return err
	}
	_, err = b.renewOrSay(ctx, c, false, func(c Connection) bool { return !c.Alive(b.now()) })
	var lost *Unusable
	if errors.As(err, &lost) {
		return nil
	}
	return err
}

// settled waits until nobody renews a connection any more.
func (b *Broker) settled(ctx context.Context, c Connection) (Connection, error) {
	for c.Claim.Owner != "" {
		given, err := b.watch(ctx, c)
		if err != nil {
			return c, err
		}
		if c, err = b.Store.Connection(ctx, c.ID); err != nil || given {
			return c, err
		}
	}
	return c, nil
}

// endAtZendesk revokes a connection's tokens and looks whether they are taken
// afterwards (facts §3.3: there were days when they were). It returns the connection
// as it is by then. ErrConflict: another was at it.
func (b *Broker) endAtZendesk(ctx context.Context, c Connection) (Connection, error) {
	if !c.Alive(b.now()) {
		var gone bool
		var err error
		if c, gone, err = b.lastPair(ctx, c); err != nil || gone {
			return c, err
		}
	}
	access, err := b.open(ctx, c.Access, c.place("access"))
	if err != nil {
		return c, err
	}
	policy, api := policies[c.Product], b.api(c, access)
	if err := policy.revoke(ctx, api, access); err != nil {
		return c, err
	}
	_, err = policy.probe(ctx, api)
	var refused *zendesk.APIError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return c, nil
	case err == nil:
		return c, ErrStillAlive
	}
	return c, fmt.Errorf("look whether it is gone: %w", err)
}

// lastPair renews a disabled connection whose access token is over, because only one
// that is alive can ask for its own end, and the refresh token would live on. This is
// a renewal as any other, the attempt written down first and the pair stored before
// it is used: should the end fail, there is still something to try it again with.
// Gone: there is nothing that could live.
func (b *Broker) lastPair(ctx context.Context, c Connection) (last Connection, gone bool, err error) {
	if c.Refresh.IsZero() {
		return c, true, nil
	}
	key := fmt.Sprintf("end/%d", c.ID)
	gone, _, err = fly(ctx, b, key, b.Timing.Flight, func(ctx context.Context) (bool, error) {
		return b.claimLast(ctx, c)
	})
	return b.lastOf(ctx, c, gone, err)
}

func (b *Broker) claimLast(ctx context.Context, c Connection) (gone bool, err error) {
	claimed, err := b.Store.Claim(ctx, c, b.claimant())
	if err != nil {
		return false, err
	}
	return b.renewLast(ctx, claimed)
}

// lastOf is the connection after its last renewal.
func (b *Broker) lastOf(ctx context.Context, c Connection, gone bool, err error) (last Connection, _ bool, _ error) {
	if err != nil {
		return c, false, err
	}
	if last, err = b.Store.Connection(ctx, c.ID); err != nil {
		return c, false, err
	}
	// Somebody's answer came late: its tokens are the live ones.
	if gone && last.Generation != c.Generation {
		return last, false, ErrConflict
	}
	return last, gone, nil
}

// renewLast sends the refresh of a claimed connection, with one secret of the client
// after the other, and leaves the claim.
func (b *Broker) renewLast(ctx context.Context, c Connection) (gone bool, err error) {
	defer b.hold(ctx, c)()
	defer func() { _ = b.Store.Postpone(ctx, c, c.Claim.Owner) }() // as it was; a conflict when it is not held any more
	client, secrets, err := b.credentials(ctx, c.Client)
	if err != nil {
		return false, err
	}
	refresh, err := b.open(ctx, c.Refresh, c.place("refresh"))
	if err != nil {
		return false, err
	}
	r := renewal{Broker: b, conn: c, client: client, secrets: secrets, refresh: refresh}
	for nth := 0; ; nth++ {
		a, err := r.begin(ctx)
		if err != nil {
			return false, err
		}
		reply := r.send(ctx, a, nth)
		if reply.Result == Renewed {
			_, err := r.keep(ctx, a, reply.Token)
			return false, err
		}
		if err := r.close(ctx, a, reply); err != nil {
			return false, err
		}
		switch {
		case reply.Result == ClientRejected && nth+1 < len(secrets):
		case reply.Result == GrantRefused:
			return r.nothingLives(ctx, a, reply)
		default:
			return false, reply.Err
		}
	}
}

// nothingLives decides what a refused grant means to who wants an end. It is one when
// nothing else explains the refusal: an attempt whose answer never came may have
// brought a pair that nobody here knows.
func (r *renewal) nothingLives(ctx context.Context, own Attempt, reply Reply) (bool, error) {
	attempts, err := r.Store.Attempts(ctx, r.conn.ID, r.conn.Generation)
	if err != nil {
		return false, err
	}
	v := r.conn.Judge(reply, Situation{Others: others(attempts, own.ID), Waited: true})
	if v.State == InDoubt {
		return false, ErrUnknownPair
	}
	return true, nil
}
