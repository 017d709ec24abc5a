package broker

import (
	"context"
	"strings"
)

// ClientFilter is which clients somebody wants to see. Its zero value: all of them.
type ClientFilter struct {
	Words   string // a part of the account or of the identifier, in any letters
	Refused bool   // by an account, at least
}

// looked is the filter as it is looked for: what is typed may be of any length.
func (f ClientFilter) looked() ClientFilter {
	f.Words = strings.ToLower(strings.TrimSpace(clip(plainText(f.Words), wordsMost)))
	return f
}

// ClientPlace is a place in the list of clients, which goes by their accounts, the
// global ones first, and then by their numbers. The zero place is before all.
type ClientPlace struct {
	Account string
	ID      ClientID
}

// Place is where the client stands in that list.
func (c Client) Place() ClientPlace { return ClientPlace{c.Account, c.ID} }

// ClientListing is a part of the list of clients.
type ClientListing struct {
	Clients []ClientState
	More    bool // there are some after these
}

// FoundClients lists at most limit of the clients that a filter lets through, from the
// one after a place. The error is ErrForbidden for whoever is no operator.
func (b *Broker) FoundClients(ctx context.Context, v Viewer, f ClientFilter, after ClientPlace, limit int) (ClientListing, error) {
	if !v.Operates() {
		return ClientListing{}, ErrForbidden
	}
	all, err := b.Store.FindClients(ctx, f.looked(), after, limit+1)
	if err != nil || len(all) <= limit {
		return ClientListing{Clients: all}, err
	}
	return ClientListing{all[:limit], true}, nil
}

// ClientShown is one client. The error may be ErrNotFound, or ErrForbidden.
func (b *Broker) ClientShown(ctx context.Context, v Viewer, id ClientID) (ClientState, error) {
	if !v.Operates() {
		return ClientState{}, ErrForbidden
	}
	return b.ClientState(ctx, id)
}
