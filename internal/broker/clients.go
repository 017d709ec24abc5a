package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// Clients come by three ways:
//
//	UseClient       what a program was started with
//	AddClient       one, by a person
//	ImportClients   many, from a file
//
//	check ──► MakeClients ──► seal for the row ──► ChangeClients
//	          rows that       needs its number     secrets, event, and they serve:
//	          serve nobody                         all at once, or nothing

// ClientInUse says that connections are of a client that was to be removed.
type ClientInUse struct {
	ID          ClientID
	Connections int
}

func (e *ClientInUse) Error() string {
	return fmt.Sprintf("client %d has connections (%d): they cannot be renewed without it", e.ID, e.Connections)
}

// ClientThere says that there is the client already that was to be added.
type ClientThere struct{ ID ClientID }

func (e *ClientThere) Error() string {
	return fmt.Sprintf("there is that client already: it is client %d", e.ID)
}

// OnlySecret says that the secret that was to be removed is the client's only one.
type OnlySecret struct{ ID ClientID }

func (e *OnlySecret) Error() string {
	return fmt.Sprintf("it is the only secret of client %d, which would be a public one without it", e.ID)
}

// NewClient is a client that is to be added. Without an account it is global, without
// a secret public.
type NewClient struct {
	Account    string  // subdomain, or an address of the account as a person pastes it
	Product    Product // "": Support
	Identifier string
	Secret     secret.Plain
}

// What a client's words may be, in bytes.
const (
	identifierMost = 255
	secretMost     = 1024
)

// secretsMost bounds how many secrets a client has: each costs a request when those
// before it are refused.
const secretsMost = 5

// clean checks what somebody typed. The error is *Invalid and repeats nothing, since
// a secret may stand where something else should.
func (n NewClient) clean(base zendesk.Base) (NewClient, error) {
	if n.Product == "" {
		n.Product = Support
	}
	if _, ok := policies[n.Product]; !ok {
		return n, &Invalid{"product", "it is support or chat"}
	}
	if n.Account = strings.TrimSpace(n.Account); n.Account != "" {
		account, err := base.CleanSubdomain(n.Account)
		if err != nil {
			return n, &Invalid{"account", "it is a subdomain such as acme, or empty for a client that serves every account"}
		} else if zendesk.Reserved(account) {
			return n, &Invalid{"account", "it is a name of Zendesk's own, and no account"}
		}
		n.Account = account
	}
	n.Identifier = strings.TrimSpace(n.Identifier)
	switch {
	case n.Identifier == "" || len(n.Identifier) > identifierMost || strings.ContainsFunc(n.Identifier, notVisible):
		return n, &Invalid{"identifier", fmt.Sprintf("it is the client's unique identifier, 1 to %d characters without spaces", identifierMost)}
	case n.Product == Chat && n.Secret.IsZero():
		// Chat knows no PKCE (facts §8), by which alone a public client proves itself.
		return n, &Invalid{"secret", "a client of Chat has one"}
	case n.Secret.IsZero():
		return n, nil
	}
	return n, checkSecret(n.Secret)
}

// notVisible tells what is no part of an identifier or a secret (RFC 6749 appendix A.1
// and A.2 also allow spaces, which no Zendesk makes and every paste may add).
func notVisible(r rune) bool { return r <= ' ' || r > '~' }

func checkSecret(s secret.Plain) error {
	text := s.Reveal()
	if text == "" || len(text) > secretMost || strings.ContainsFunc(text, notVisible) {
		return &Invalid{"secret", fmt.Sprintf("it is one word of 1 to %d characters", secretMost)}
	}
	return nil
}

// UseClient makes a client the one that serves an account, or, with the account
// "", all that have none of their own. Secrets that it does not have yet are tried
// first, in their order; those that it has stay, for they may have been rolled since
// the program was configured. Without any it is as it was: at first, a public client.
func (b *Broker) UseClient(ctx context.Context, account string, p Product, identifier string, secrets ...secret.Plain) error {
	if identifier == "" {
		return &Invalid{"client id", "it is missing"}
	}
	for range moveTries {
		made, err := b.Store.MakeClients(ctx, []Client{{Account: account, Product: p, Identifier: identifier}})
		if err != nil {
			return err
		}
		c := made[0]
		change, err := b.using(c, secrets)
		if err != nil {
			return err
		}
		if err := b.Store.ChangeClients(ctx, []ClientChange{change}); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("client %s: %w", identifier, ErrConflict)
}

// using is the change to a client that is chosen, with secrets.
func (b *Broker) using(c Client, secrets []secret.Plain) (ClientChange, error) {
	change := ClientChange{From: c.Version, Next: c}
	known, err := b.secrets(c)
	if err != nil {
		return change, err
	}
	for _, s := range slices.Backward(secrets) { // each before the one after it
		if place(known, s) >= 0 {
			continue
		}
		fresh, err := b.sealNext(change.Next, s)
		if err != nil {
			return change, err
		}
		change.Next = change.Next.Rolled(fresh, Roll{})
		change.Event = b.clientEvent(ClientChanged, c)
	}
	if len(change.Next.Secrets) > secretsMost {
		change.Next.Secrets = change.Next.Secrets[:secretsMost]
	}
	if c.ChosenAt.IsZero() {
		change.Event = b.clientEvent(ClientAdded, c)
	}
	change.Next.ChosenAt = b.now()
	change.Next.Version = max(change.Next.Version, c.Version+1)
	return change, nil
}

// place is where a secret stands among others; -1: nowhere.
func place(all []secret.Plain, s secret.Plain) int {
	return slices.IndexFunc(all, func(one secret.Plain) bool { return one.Equal(s) })
}

// sealNext seals a new secret for the row that it is going to have.
func (b *Broker) sealNext(c Client, s secret.Plain) (ClientSecret, error) {
	number := c.Version + 1
	sealed, err := b.seal(s, c.secretPlace(number))
	return ClientSecret{Number: number, Sealed: sealed, Added: b.now()}, err
}

func (b *Broker) clientEvent(kind EventKind, c Client) Event {
	return Event{At: b.now(), Kind: kind, Account: c.Account, Client: c.ID, Detail: c.Identifier}
}

// AddClient adds a client, which serves its account from now on. The error may be
// *Invalid, or *ClientThere.
func (b *Broker) AddClient(ctx context.Context, n NewClient) (Client, error) {
	plan, err := b.planClients(ctx, []NewClient{n}, false)
	switch {
	case err != nil:
		return Client{}, err
	case plan[0].fate != Added:
		return Client{}, &ClientThere{plan[0].client.ID}
	}
	if err := b.Store.ChangeClients(ctx, []ClientChange{plan[0].change}); errors.Is(err, ErrConflict) {
		return Client{}, &ClientThere{plan[0].client.ID}
	} else if err != nil {
		return Client{}, err
	}
	return plan[0].change.Next, nil
}

// Fate says what becomes of a client in an import.
type Fate string

// The fates.
const (
	Added     Fate = "added"
	Replaced  Fate = "rolled"    // it was there, with another secret, and tries the new one first
	Unchanged Fate = "unchanged" // it was there, with this secret; or none was given
)

// ImportClients adds clients and rolls the secrets of those that are there: all of
// them, or none when one is at fault. No client is named twice. To import the same
// again changes nothing; with dry nothing is changed at all. It returns what becomes
// of each. The error may be *Invalid.
func (b *Broker) ImportClients(ctx context.Context, all []NewClient, dry bool) ([]Fate, error) {
	for range moveTries {
		plan, err := b.planClients(ctx, all, dry)
		if err != nil {
			return nil, err
		}
		var changes []ClientChange
		become := make([]Fate, len(plan))
		for i, p := range plan {
			if become[i] = p.fate; p.fate != Unchanged {
				changes = append(changes, p.change)
			}
		}
		if dry || len(changes) == 0 {
			return become, nil
		}
		if err := b.Store.ChangeClients(ctx, changes); !errors.Is(err, ErrConflict) {
			return become, err
		}
	}
	return nil, fmt.Errorf("import: %w", ErrConflict)
}

// planned is what is to become of a client.
type planned struct {
	client Client
	fate   Fate
	change ClientChange
}

// planClients decides what is to be done for each. Unless dry it makes the rows of
// those that are not there: they serve nobody until they are changed.
func (b *Broker) planClients(ctx context.Context, all []NewClient, dry bool) ([]planned, error) {
	all = slices.Clone(all)
	rows := make([]Client, len(all))
	for i, n := range all {
		n, err := n.clean(b.Base)
		if err != nil {
			return nil, err
		}
		all[i], rows[i] = n, Client{Account: n.Account, Product: n.Product, Identifier: n.Identifier}
	}
	rows, err := b.rows(ctx, rows, dry)
	if err != nil {
		return nil, err
	}
	plan := make([]planned, len(all))
	for i, c := range rows {
		// Of several for one account the last serves.
		if plan[i], err = b.planClient(c, all[i].Secret, b.now().Add(time.Duration(i)*time.Microsecond)); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

// rows are the clients as they stand.
func (b *Broker) rows(ctx context.Context, named []Client, dry bool) ([]Client, error) {
	if !dry {
		return b.Store.MakeClients(ctx, named)
	}
	for i, c := range named {
		found, err := b.Store.ClientNamed(ctx, c.Account, c.Product, c.Identifier)
		if err == nil {
			named[i] = found
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return named, nil
}

func (b *Broker) planClient(c Client, s secret.Plain, at time.Time) (planned, error) {
	p := planned{client: c, fate: Unchanged, change: ClientChange{From: c.Version, Next: c}}
	known, err := b.secrets(c)
	if err != nil {
		return p, err
	}
	switch {
	case c.ChosenAt.IsZero():
		p.fate, p.change.Event = Added, b.clientEvent(ClientAdded, c)
		p.change.Next.ChosenAt = at
	case s.IsZero() || place(known, s) >= 0:
		return p, nil
	default:
		p.fate, p.change.Event = Replaced, b.clientEvent(ClientChanged, c)
	}
	if s.IsZero() {
		p.change.Next.Version++
		return p, nil
	}
	fresh, err := b.sealNext(c, s)
	if err != nil {
		return p, err
	}
	p.change.Next = p.change.Next.Rolled(fresh, Roll{})
	return p, tooMany(p.change.Next)
}

func tooMany(c Client) error {
	if len(c.Secrets) > secretsMost {
		return &Invalid{"secret", fmt.Sprintf("client %d has %d already: remove those that Zendesk does not take any more, or roll with drop-old", c.ID, secretsMost)}
	}
	return nil
}

// RollSecret gives a client a secret, in the place that the roll says, and closes its
// circuits. One that it has already only moves there. The error may be ErrNotFound or
// *Invalid.
func (b *Broker) RollSecret(ctx context.Context, id ClientID, s secret.Plain, r Roll) (Client, error) {
	if err := checkSecret(s); err != nil {
		return Client{}, err
	}
	return b.changeClient(ctx, id, func(c Client) (Client, error) {
		known, err := b.secrets(c)
		if err != nil {
			return c, err
		}
		var one ClientSecret
		if at := place(known, s); at >= 0 {
			one = c.Secrets[at]
		} else if one, err = b.sealNext(c, s); err != nil {
			return c, err
		}
		next := c.Rolled(one, r)
		return next, tooMany(next)
	})
}

// RemoveSecret takes a secret, by its number, from a client. The error may be
// ErrNotFound, or, unless forced, *OnlySecret.
func (b *Broker) RemoveSecret(ctx context.Context, id ClientID, number int64, force bool) (Client, error) {
	return b.changeClient(ctx, id, func(c Client) (Client, error) {
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

func (b *Broker) changeClient(ctx context.Context, id ClientID, decide func(Client) (Client, error)) (Client, error) {
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
		err = b.Store.ChangeClients(ctx, []ClientChange{{From: c.Version, Next: next, Event: b.clientEvent(ClientChanged, c)}})
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
func (b *Broker) RemoveClient(ctx context.Context, id ClientID, force bool) (gone int, err error) {
	for range moveTries {
		c, err := b.ClientState(ctx, id)
		switch {
		case err != nil:
			return 0, err
		case c.Connections > 0 && !force:
			return 0, &ClientInUse{id, c.Connections}
		case c.Connections > 0:
			ids, err := b.Store.RemoveClientAndConnections(ctx, id, b.clientEvent(ClientRemoved, c.Client))
			for _, connection := range ids {
				b.opened.drop(connection)
			}
			return len(ids), err
		}
		if err := b.Store.RemoveClient(ctx, id, b.clientEvent(ClientRemoved, c.Client)); !errors.Is(err, ErrConflict) {
			return 0, err
		}
	}
	return 0, fmt.Errorf("client %d: %w", id, ErrConflict)
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
