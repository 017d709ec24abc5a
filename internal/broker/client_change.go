package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deskauth/deskauth/internal/secret"
)

// ClientInUse says that connections are of a client that was to be removed.
type ClientInUse struct {
	ID          ClientID
	Connections int
}

func (e *ClientInUse) Error() string {
	return fmt.Sprintf("client %d has connections (%d): they cannot be renewed without it", e.ID, e.Connections)
}

// OnlySecret says that the secret that was to be removed is the client's only one.
type OnlySecret struct{ ID ClientID }

func (e *OnlySecret) Error() string {
	return fmt.Sprintf("it is the only secret of client %d, which would be a public one without it", e.ID)
}

// RollSecret gives a client a secret, in the place that the roll says, and closes its
// circuits. One that it has already only moves there. The error may be ErrNotFound or
// *Invalid.
func (b *Broker) RollSecret(ctx context.Context, by Actor, id ClientID, s secret.Plain, r Roll) (Client, error) {
	if err := checkSecret(s); err != nil {
		return Client{}, err
	}
	return b.changeClient(ctx, by, id, func(c Client) (Client, error) {
		known, err := b.secrets(ctx, c)
		if err != nil {
			return c, err
		}
		var one ClientSecret
		if at := place(known, s); at >= 0 {
			one = c.Secrets[at]
		} else if one, err = b.sealNext(ctx, c, s); err != nil {
			return c, err
		}
		next := c.Rolled(one, r)
		return next, tooMany(next)
	})
}

// MoveSecret gives a secret that a client has, by its number, the place that the roll
// says, and closes the client's circuits. The error may be ErrNotFound.
func (b *Broker) MoveSecret(ctx context.Context, by Actor, id ClientID, number int64, r Roll) (Client, error) {
	return b.changeClient(ctx, by, id, func(c Client) (Client, error) {
		at := slices.IndexFunc(c.Secrets, func(s ClientSecret) bool { return s.Number == number })
		if at < 0 {
			return c, fmt.Errorf("secret %d of client %d: %w", number, id, ErrNotFound)
		}
		return c.Rolled(c.Secrets[at], r), nil
	})
}

// RemoveSecret takes a secret, by its number, from a client. The error may be
// ErrNotFound, or, unless forced, *OnlySecret.
func (b *Broker) RemoveSecret(ctx context.Context, by Actor, id ClientID, number int64, force bool) (Client, error) {
	return b.changeClient(ctx, by, id, func(c Client) (Client, error) {
		next, there := c.Without(number)
		switch {
		case !there:
			return c, fmt.Errorf("secret %d of client %d: %w", number, id, ErrNotFound)
		case next.Public() && !force:
			return c, &OnlySecret{id}
		}
		return next, nil
	})
}

func (b *Broker) changeClient(ctx context.Context, by Actor, id ClientID, decide func(Client) (Client, error)) (Client, error) {
	for range moveTries {
		c, err := b.Store.Client(ctx, id)
		if err == nil && c.ChosenAt.IsZero() {
			err = ErrNotFound
		}
		if err != nil {
			return c, err
		}
		next, err := decide(c)
		if err != nil {
			return c, err
		}
		err = b.Store.ChangeClients(ctx, []ClientChange{{From: c.Version, Next: next, Event: b.clientEvent(ClientChanged, by, c)}})
		if !errors.Is(err, ErrConflict) {
			return next, err
		}
	}
	return Client{}, fmt.Errorf("client %d: %w", id, ErrConflict)
}

// RemoveClient removes a client. One that connections are of goes only when forced,
// and they with it: nothing could renew them. Their tokens are left to end at Zendesk
// by themselves. It returns how many went. The error may be ErrNotFound or
// *ClientInUse.
func (b *Broker) RemoveClient(ctx context.Context, by Actor, id ClientID, force bool) (gone int, err error) {
	for range moveTries {
		c, err := b.ClientState(ctx, id)
		switch {
		case err != nil:
			return 0, err
		case c.Connections > 0 && !force:
			return 0, &ClientInUse{id, c.Connections}
		case c.Connections > 0:
			ids, err := b.Store.RemoveClientAndConnections(ctx, id, b.clientEvent(ClientRemoved, by, c.Client))
			for _, connection := range ids {
				b.opened.drop(connection)
			}
			return len(ids), err
		}
		if err := b.Store.RemoveClient(ctx, id, b.clientEvent(ClientRemoved, by, c.Client)); !errors.Is(err, ErrConflict) {
			return 0, err
		}
	}
	return 0, fmt.Errorf("client %d: %w", id, ErrConflict)
}

// CloseCircuit has a client tried again at an account that refused it, at once and not
// only when its time has come. The error may be ErrNotFound: there is no such client,
// or that account does not refuse it.
func (b *Broker) CloseCircuit(ctx context.Context, by Actor, id ClientID, account string) error {
	c, err := b.ClientState(ctx, id)
	if err != nil {
		return err
	}
	e := b.clientEvent(CircuitClosed, by, c.Client)
	e.Account = account
	return b.Store.EndCircuit(ctx, id, account, e)
}

// Clients lists the clients, in the order of their numbers, from the one after
// `after`.
func (b *Broker) Clients(ctx context.Context, after ClientID, limit int) ([]ClientState, error) {
	return b.Store.Clients(ctx, after, limit)
}

// ClientState is one client. The error may be ErrNotFound.
func (b *Broker) ClientState(ctx context.Context, id ClientID) (ClientState, error) {
	all, err := b.Store.Clients(ctx, id-1, 1)
	if err == nil && (len(all) == 0 || all[0].ID != id) {
		err = ErrNotFound
	}
	if err != nil {
		return ClientState{}, err
	}
	return all[0], nil
}
