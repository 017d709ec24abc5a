package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// LinkPath is where links lead; the secret follows it. Request logs have patterns of
// paths, and so never a secret.
const LinkPath = "/link/"

// NewLink is a link that is to be made.
type NewLink struct {
	Connection ConnectionID // to be authorized again; 0: any person's
	Account    string       // "": the person says it, or the connection's
	Product    Product      // "": Support, or the connection's
	Scope      oauth.Scope  // empty: the broker's default, or what the connection asked
	ReturnTo   string
	Life       time.Duration // 0: LinkUsual
	Key        KeyID
	Maker      string
}

// LinkMade is a link and its address, which nothing can show again.
type LinkMade struct {
	ConnectLink
	URL secret.Plain
}

// MakeLink makes a link. The error may be *Invalid, or ErrNotFound for the connection.
func (b *Broker) MakeLink(ctx context.Context, by Actor, n NewLink) (LinkMade, error) {
	if n.Life == 0 {
		n.Life = LinkUsual
	}
	if n.Life < LinkShortest || n.Life > LinkLongest {
		return LinkMade{}, &Invalid{"expires_in", fmt.Sprintf("it is %d to %d seconds", int(LinkShortest.Seconds()), int(LinkLongest.Seconds()))}
	}
	if n.ReturnTo != "" && LocalPath(n.ReturnTo) == "" {
		return LinkMade{}, &Invalid{"return_to", "it is a path of this site"}
	}
	if len(n.Scope.String()) > textMost {
		return LinkMade{}, &Invalid{"scope", "it is too long"}
	}
	asked := n.Scope // and not what the connection was once asked for
	if err := b.aim(ctx, &n); err != nil {
		return LinkMade{}, err
	}
	if why := policies[n.Product].doubtScope(asked, b.Scope); why != "" {
		return LinkMade{}, &Invalid{"scope", why}
	}
	plain, now := secret.State(b.Rand), b.now()
	l, err := b.Store.AddLink(ctx, ConnectLink{
		Digest: plain.Digest(), Connection: n.Connection, Account: n.Account, Product: n.Product, Scope: n.Scope, ReturnTo: n.ReturnTo,
		Key: n.Key, Maker: n.Maker, Created: now, Expires: now.Add(n.Life),
	}, Event{At: now, Kind: LinkAdded, By: by, Account: n.Account, Connection: n.Connection, Detail: n.Maker})
	return LinkMade{l, b.linkURL(plain)}, err
}

// aim completes a link by the connection that it is for, or by what is usual.
func (b *Broker) aim(ctx context.Context, n *NewLink) error {
	if n.Connection != 0 {
		c, err := b.Store.Connection(ctx, n.Connection)
		switch {
		case err != nil:
			return err
		case !c.BySignIn() || c.State == Pending:
			return &Invalid{"connection", "no person's sign-in made it, so none can make it again"}
		case n.Account != "" && n.Account != c.Account || n.Product != "" && n.Product != c.Product:
			return &Invalid{"account", "it is another than the connection's"}
		}
		n.Account, n.Product = c.Account, c.Product
		if n.Scope.IsEmpty() {
			n.Scope = c.Asked
		}
		return nil
	}
	if n.Product == "" {
		n.Product = Support
	}
	if _, served := policies[n.Product]; !served {
		return &Invalid{"product", fmt.Sprintf("it is %s or %s", Support, Chat)}
	}
	if n.Scope.IsEmpty() {
		n.Scope = b.Scope
	}
	if n.Account == "" {
		return nil
	}
	account, err := b.Base.CleanSubdomain(n.Account)
	if err != nil || !b.Accounts.Serve(account) {
		return &Invalid{"account", "it is no subdomain whose people may connect here"}
	}
	n.Account = account
	return nil
}

// linkURL stands at the public address of the pages, whose part the redirect URL is.
func (b *Broker) linkURL(plain secret.Plain) secret.Plain {
	at, err := url.Parse(b.RedirectURI)
	if err != nil { // checked at the start
		return secret.Plain{}
	}
	return secret.Of((&url.URL{Scheme: at.Scheme, Host: at.Host, Path: LinkPath}).String() + plain.Reveal())
}

// Links lists links in the order of their numbers, those that are over included for an
// hour, from the one after `after`; of one key alone where it is not 0.
func (b *Broker) Links(ctx context.Context, of KeyID, after LinkID, limit int) ([]ConnectLink, error) {
	return b.Store.Links(ctx, of, after, limit)
}

// RevokeLink ends an open link, of one key alone where that is not 0. The error is
// ErrNotFound where there is none.
func (b *Broker) RevokeLink(ctx context.Context, by Actor, of KeyID, id LinkID) error {
	l, err := b.Store.Link(ctx, id)
	switch {
	case err != nil:
		return err
	case of != 0 && l.Key != of, !l.Open(b.now()):
		return ErrNotFound
	}
	err = b.Store.RevokeLink(ctx, id, b.now(), b.linkEvent(LinkRevoked, by, l))
	if errors.Is(err, ErrConflict) {
		return ErrNotFound
	}
	return err
}

func (b *Broker) linkEvent(kind EventKind, by Actor, l ConnectLink) Event {
	return Event{At: b.now(), Kind: kind, By: by, Account: l.Account, Connection: l.Connection, Detail: l.Maker}
}

// OpenLink finds the link of a secret, and the person whose connection it is for, if
// it is for one. It changes nothing. The error is *Failure where there is none that is
// good.
func (b *Broker) OpenLink(ctx context.Context, plain secret.Plain) (ConnectLink, Connection, error) {
	over := &Failure{Kind: LinkOver, Link: -1}
	l, err := b.Store.LinkOf(ctx, plain.Digest())
	if errors.Is(err, ErrNotFound) || err == nil && !l.Open(b.now()) {
		return ConnectLink{}, Connection{}, over
	} else if err != nil || l.Connection == 0 {
		return l, Connection{}, err
	}
	c, err := b.Store.Connection(ctx, l.Connection)
	if errors.Is(err, ErrNotFound) { // revoked since
		return ConnectLink{}, Connection{}, over
	}
	return l, c, err
}

// FollowLink begins the sign-in of a link. Of r, the account counts where the link
// names none. Errors are OpenLink's and Connect's.
func (b *Broker) FollowLink(ctx context.Context, plain secret.Plain, r ConnectRequest) (Departure, error) {
	l, c, err := b.OpenLink(ctx, plain)
	if err != nil {
		return Departure{}, err
	}
	if l.Account != "" {
		r.Account = l.Account
	}
	// Another client's tokens would make another connection.
	r.Product, r.Scope, r.ReturnTo, r.link, r.client = l.Product, l.Scope, l.ReturnTo, l.ID, c.Client
	return b.Connect(ctx, r)
}

// linkWaits tells whether the link of a flow, if it has one, is still to be spent by it.
func (b *Broker) linkWaits(ctx context.Context, f Flow) (bool, error) {
	if f.Link == 0 {
		return true, nil
	}
	l, err := b.Store.Link(ctx, f.Link)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && l.Takes(f), err
}

// spendLink spends the link of a flow, before the connection of its person is made or
// changed: of two windows one wins, and the other changes nothing. It says why not, by
// a Kind.
func (b *Broker) spendLink(ctx context.Context, f Flow, c Connection, user User) (Kind, error) {
	if f.Link == 0 {
		return "", nil
	}
	l, err := b.Store.Link(ctx, f.Link)
	switch {
	case errors.Is(err, ErrNotFound):
		return LinkOver, nil
	case err != nil:
		return "", err
	case !l.Takes(f):
		return LinkOver, nil
	case !l.Spent.IsZero(): // by this flow
		return "", nil
	}
	if l.Connection != 0 {
		old, err := b.Store.Connection(ctx, l.Connection)
		switch {
		case errors.Is(err, ErrNotFound):
			return LinkOver, nil
		case err != nil:
			return "", err
		case !old.samePerson(user, c):
			return WrongPerson, nil
		}
	}
	err = b.Store.SpendLink(ctx, l.ID, f.ID, b.now(), b.linkEvent(LinkUsed, Person(c.Account, user.ID), l))
	if errors.Is(err, ErrConflict) {
		return LinkOver, nil
	}
	return "", err
}

// turnAway ends a sign-in whose tokens nobody is to have: the pending connection goes,
// and then its tokens at Zendesk. The link stays as it is.
func (b *Broker) turnAway(ctx context.Context, f Flow, c Connection, p Pair, user User, kind Kind) error {
	refused := Event{At: b.now(), Kind: LinkRefused, By: Person(c.Account, user.ID), Account: f.Account, Client: f.Client, Detail: string(kind)}
	if l, err := b.Store.Link(ctx, f.Link); err == nil {
		refused.Connection = l.Connection
	}
	if err := b.Store.RefuseFlow(ctx, f.ID, c, kind, refused); err != nil {
		return err
	}
	failure := f.failure(kind, nil)
	if err := b.revoke(ctx, c, p); err != nil {
		failure.Err = fmt.Errorf("revoke the tokens of a sign-in that was turned away: %w", err)
	}
	return failure
}
