package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
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

// ClientThere says that there is the client already that was to be added.
type ClientThere struct{ ID ClientID }

func (e *ClientThere) Error() string {
	return fmt.Sprintf("there is that client already: it is client %d", e.ID)
}

// UseClient makes a client the one that serves an account, or, with the account
// "", all that have none of their own. Secrets that it does not have yet are tried
// first, in their order; those that it has stay, for they may have been rolled since
// the program was configured. Without any it is as it was: at first, a public client.
func (b *Broker) UseClient(ctx context.Context, by Actor, account string, p Product, identifier string, secrets ...secret.Plain) error {
	if identifier == "" {
		return &Invalid{"client id", "it is missing"}
	}
	for range moveTries {
		made, err := b.Store.MakeClients(ctx, []Client{{Account: account, Product: p, Identifier: identifier}})
		if err != nil {
			return err
		}
		c := made[0]
		change, err := b.using(ctx, by, c, secrets)
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
func (b *Broker) using(ctx context.Context, by Actor, c Client, secrets []secret.Plain) (ClientChange, error) {
	change := ClientChange{From: c.Version, Next: c}
	known, err := b.secrets(ctx, c)
	if err != nil {
		return change, err
	}
	for _, s := range slices.Backward(secrets) { // each before the one after it
		if place(known, s) >= 0 {
			continue
		}
		fresh, err := b.sealNext(ctx, change.Next, s)
		if err != nil {
			return change, err
		}
		change.Next = change.Next.Rolled(fresh, Roll{})
		change.Event = b.clientEvent(ClientChanged, by, c)
	}
	if len(change.Next.Secrets) > secretsMost {
		change.Next.Secrets = change.Next.Secrets[:secretsMost]
	}
	if c.ChosenAt.IsZero() {
		change.Event = b.clientEvent(ClientAdded, by, c)
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
func (b *Broker) sealNext(ctx context.Context, c Client, s secret.Plain) (ClientSecret, error) {
	number := c.Version + 1
	sealed, err := b.seal(ctx, s, c.secretPlace(number))
	return ClientSecret{Number: number, Sealed: sealed, Added: b.now()}, err
}

func (b *Broker) clientEvent(kind EventKind, by Actor, c Client) Event {
	return Event{At: b.now(), Kind: kind, By: by, Account: c.Account, Client: c.ID, Detail: c.Identifier}
}

// AddClient adds a client, which serves its account from now on. The error may be
// *Invalid, or *ClientThere.
func (b *Broker) AddClient(ctx context.Context, by Actor, n NewClient) (Client, error) {
	plan, err := b.planClients(ctx, by, []NewClient{n}, false)
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
func (b *Broker) ImportClients(ctx context.Context, by Actor, all []NewClient, dry bool) ([]Fate, error) {
	for range moveTries {
		plan, err := b.planClients(ctx, by, all, dry)
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
func (b *Broker) planClients(ctx context.Context, by Actor, all []NewClient, dry bool) ([]planned, error) {
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
		if plan[i], err = b.planClient(ctx, by, c, all[i].Secret, b.now().Add(time.Duration(i)*time.Microsecond)); err != nil {
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

func (b *Broker) planClient(ctx context.Context, by Actor, c Client, s secret.Plain, at time.Time) (planned, error) {
	p := planned{client: c, fate: Unchanged, change: ClientChange{From: c.Version, Next: c}}
	known, err := b.secrets(ctx, c)
	if err != nil {
		return p, err
	}
	switch {
	case c.ChosenAt.IsZero():
		p.fate, p.change.Event = Added, b.clientEvent(ClientAdded, by, c)
		p.change.Next.ChosenAt = at
	case s.IsZero() || place(known, s) >= 0:
		return p, nil
	default:
		p.fate, p.change.Event = Replaced, b.clientEvent(ClientChanged, by, c)
	}
	if s.IsZero() {
		p.change.Next.Version++
		return p, nil
	}
	fresh, err := b.sealNext(ctx, c, s)
	if err != nil {
		return p, err
	}
	p.change.Next = p.change.Next.Rolled(fresh, Roll{})
	return p, tooMany(p.change.Next)
}
