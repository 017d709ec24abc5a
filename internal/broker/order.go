package broker

import (
	"context"
	"fmt"
)

// Order is what somebody who is signed in may ask for a connection.
type Order string

// The orders.
const (
	RenewNow  Order = "renew"
	DisableIt Order = "disable"
	EnableIt  Order = "enable"
	RevokeIt  Order = "revoke"
)

// Orders are all of them.
func Orders() []Order { return []Order{RenewNow, DisableIt, EnableIt, RevokeIt} }

// Objection is why an order is not carried out.
type Objection string

// The objections.
const (
	NoObjection Objection = ""
	AlreadySo   Objection = "already"   // it is in that state
	NotNow      Objection = "not_now"   // its state does not allow it
	NotYours    Objection = "not_yours" // it takes an operator
	NotThere    Objection = "not_found" // not for this viewer
)

// May decides whether the viewer may have an order carried out, by what the connection
// is now. A person may end their own authorization, and renew it. To switch one off
// and on again is an operator's: who was switched off would switch on again.
func (v Viewer) May(o Order, c Connection) Objection {
	switch {
	case !v.Sees(c):
		return NotThere
	case (o == DisableIt || o == EnableIt) && !v.Operator:
		return NotYours
	case o == DisableIt && c.State == Disabled, o == EnableIt && c.State == Active:
		return AlreadySo
	case o == DisableIt && c.State == Revoked, o == EnableIt && c.State != Disabled:
		return NotNow
	case o == RenewNow && (!c.Lendable() || !c.Renewable()):
		return NotNow
	}
	return NoObjection
}

// Objected says that an order is not carried out.
type Objected struct {
	Order Order
	Why   Objection
}

func (e *Objected) Error() string { return fmt.Sprintf("%s: %s", e.Order, e.Why) }

// CarryOut does what a viewer ordered, if they may, and writes down before that who
// it was. The error is *Objected, or that of Disable, Enable, Revoke or Token.
func (b *Broker) CarryOut(ctx context.Context, v Viewer, o Order, id ConnectionID) error {
	c, err := b.SeenOne(ctx, v, id)
	if err != nil {
		return err
	}
	if why := v.May(o, c); why != NoObjection {
		return &Objected{o, why}
	}
	if err := b.Store.AddEvent(ctx, Event{
		At: b.now(), Kind: Ordered, By: v.Actor(), Account: c.Account, Connection: c.ID, Client: c.Client,
		Detail: fmt.Sprintf("%s by %s/%d", o, v.Account, v.User.ID),
	}); err != nil {
		return err
	}
	switch o {
	case RenewNow:
		_, err = b.RenewNow(ctx, id)
	case DisableIt:
		_, err = b.Disable(ctx, v.Actor(), id)
	case EnableIt:
		_, err = b.Enable(ctx, v.Actor(), id)
	case RevokeIt:
		err = b.Revoke(ctx, v.Actor(), id)
	}
	return err
}
