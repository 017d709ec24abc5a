package broker

import (
	"context"
	"time"
)

// Totals are what there is at one moment, of the whole store: replicas say the same. It
// is for gauges, and cheap: nothing of it reads a row with tokens in it.
type Totals struct {
	Connections map[State]int // none that is pending
	Dying       [len(DyingDays)]int
	Circuits    int // open, of all clients and accounts
	Deliveries  int // of webhooks, that are still to be sent

	// KeysAtHand are the sealing keys of this process: more than one until the old ones
	// are dropped and it is started again.
	KeysAtHand int
	KeyOffered bool // a sealing key is given out, and does not seal yet
}

// DyingDays are the days that refresh tokens are counted by: Totals.Dying says of each
// how many active connections have one that ends within so many days. 0: it has ended.
var DyingDays = [...]int{0, 1, 3, 7, 14, 30, 60, 90}

// TotalsStore counts. Nothing of it is a step: other changes may come in between.
type TotalsStore interface {
	// CountDying tells of how many active connections the refresh token ends by each
	// instant, which come in their order.
	CountDying(ctx context.Context, by [len(DyingDays)]time.Time) ([len(DyingDays)]int, error)
	CountCircuits(ctx context.Context) (int, error)
	CountDeliveriesPending(ctx context.Context) (int, error)
}

// Totals counts what there is.
func (b *Broker) Totals(ctx context.Context) (t Totals, err error) {
	now := b.now()
	var by [len(DyingDays)]time.Time
	for i, days := range DyingDays {
		by[i] = now.Add(time.Duration(days) * 24 * time.Hour)
	}
	if t.Connections, err = b.Store.CountConnections(ctx, Filter{}); err != nil {
		return t, err
	}
	if t.Dying, err = b.Store.CountDying(ctx, by); err != nil {
		return t, err
	}
	if t.Circuits, err = b.Store.CountCircuits(ctx); err != nil {
		return t, err
	}
	if t.Deliveries, err = b.Store.CountDeliveriesPending(ctx); err != nil || b.Keyless {
		return t, err
	}
	t.KeysAtHand = len(b.ring.now.Load().KeyIDs())
	k, err := b.Store.SealingKey(ctx)
	t.KeyOffered = k.Next != 0
	return t, err
}
