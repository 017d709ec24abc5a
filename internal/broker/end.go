package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// Disable keeps a connection and its tokens, and neither lends nor renews them until
// Enable. The error is ErrNotFound, or *Unusable where there is nothing to disable.
func (b *Broker) Disable(ctx context.Context, id ConnectionID) (Connection, error) {
	return b.move(ctx, id, Disabled, SwitchedOff, func(c Connection) bool {
		return c.State == Active || c.State == Reauthorize || c.State == InDoubt
	})
}

// Enable ends what Disable began. What is the matter with the tokens, if anything,
// shows when they are used.
func (b *Broker) Enable(ctx context.Context, id ConnectionID) (Connection, error) {
	return b.move(ctx, id, Active, NoReason, func(c Connection) bool { return c.State == Disabled })
}

// moveTries bounds how often a connection may change under the hands of a person.
const moveTries = 5

func (b *Broker) move(ctx context.Context, id ConnectionID, to State, why Reason, may func(Connection) bool) (Connection, error) {
	for range moveTries {
		c, err := b.Store.Connection(ctx, id)
		switch {
		case err != nil:
			return c, err
		case c.State == to && c.Reason == why:
			return c, nil
		case !may(c):
			return c, &Unusable{c.ID, c.State, c.Reason}
		}
		from := c.State
		c.State, c.Reason = to, why
		err = b.Store.Move(ctx, c, from, b.changed(c))
		if !errors.Is(err, ErrConflict) {
			return c, err
		}
	}
	return Connection{}, fmt.Errorf("connection %d: %w", id, ErrConflict)
}

func (b *Broker) changed(c Connection) Event {
	detail := string(c.State)
	if c.Reason != NoReason {
		detail += ": " + string(c.Reason)
	}
	return Event{At: b.now(), Kind: StateChanged, Account: c.Account, Connection: c.ID, Client: c.Client, Detail: detail}
}

// ErrStillAlive says that Zendesk takes a token that it was asked to revoke.
var ErrStillAlive = errors.New("the token is still taken at Zendesk")

// Revoke ends a connection at Zendesk, makes sure that it has ended there, and only
// then deletes it. When that fails the connection stays, disabled, to be tried
// again: tokens that live on at Zendesk must not be forgotten here.
//
// Its order: nothing new is lent or renewed; a renewal under way is waited for, for
// its tokens would be the live ones; what is there then is revoked.
func (b *Broker) Revoke(ctx context.Context, id ConnectionID) error {
	if err := b.freshen(ctx, id); err != nil {
		return err
	}
	for range moveTries {
		c, err := b.move(ctx, id, Disabled, NotRevoked, func(c Connection) bool { return c.State != Pending })
		if err != nil {
			return err
		}
		if c, err = b.settled(ctx, c); err != nil {
			return err
		}
		if err := b.endAtZendesk(ctx, c); err != nil {
			return fmt.Errorf("revoke connection %d at %s: %w", c.ID, c.Account, err)
		}
		gone := Event{At: b.now(), Kind: Removed, Account: c.Account, Connection: c.ID, Client: c.Client, Detail: string(c.Product)}
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
// afterwards (facts §3.3: there were days when they were).
func (b *Broker) endAtZendesk(ctx context.Context, c Connection) error {
	pair, err := b.pairOf(c)
	if err != nil {
		return err
	}
	policy := policies[c.Product]
	access, err := b.lastAccess(ctx, c, pair)
	if err != nil || access.IsZero() {
		return err
	}
	api := b.api(c, access)
	if err := policy.revoke(ctx, api, access); err != nil {
		return err
	}
	_, err = policy.probe(ctx, api)
	var refused *zendesk.APIError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return nil
	case err == nil:
		return ErrStillAlive
	}
	return fmt.Errorf("look whether it is gone: %w", err)
}

// lastAccess is an access token that can ask for its own end; the absent one when
// none is alive. One that is over is refreshed a last time: its refresh token would
// live on.
func (b *Broker) lastAccess(ctx context.Context, c Connection, p Pair) (secret.Plain, error) {
	switch {
	case c.Alive(b.now()):
		return p.Access, nil
	case p.Refresh.IsZero():
		return secret.Plain{}, nil
	}
	client, secrets, err := b.credentials(ctx, c.Client)
	if err != nil {
		return secret.Plain{}, err
	}
	reply := b.exchange(ctx, c.Account, c.Product, client, secrets, refreshRequest(p.Refresh))
	switch reply.Result {
	case Renewed:
		return secret.Of(reply.Token.AccessToken), nil
	case GrantRefused: // gone already
		return secret.Plain{}, nil
	}
	return secret.Plain{}, reply.Err
}
