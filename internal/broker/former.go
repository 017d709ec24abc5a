package broker

import (
	"context"
	"sync"
	"time"
)

// Each approval makes further tokens, and those from before live on beside them (facts
// §1.2). So whoever authorizes again leaves a pair behind that nobody keeps:
//
//	merge ──► MergeConnection: the connection gets the new pair, and the ──► release ──► gone, or left,
//	          pending row the former one, in one step                        behind      and tried again
//
// Nobody waits for it, and nothing fails by it.

// shares tells whether two pairs have a token in common: to end the one would end the
// other (facts §3.3).
func (p Pair) shares(other Pair) bool {
	return p.Access.Equal(other.Access) || !p.Refresh.IsZero() && p.Refresh.Equal(other.Refresh)
}

// former is the pending connection as it is to keep the pair that a connection had
// until now, and that pair; without tokens where there are none to end. Left says why
// tokens may live on.
func (b *Broker) former(ctx context.Context, old, pending Connection, now Pair, how EventKind) (c Connection, was Pair, left string) {
	none := Connection{ID: pending.ID}
	if old.Access.IsZero() {
		return none, Pair{}, ""
	}
	was, err := b.pairOf(ctx, old)
	switch {
	case err != nil:
		return none, Pair{}, "unreadable"
	case was.shares(now):
		return none, Pair{}, ""
	case old.spent(b.now()):
		return none, Pair{}, ""
	case how == Imported && !old.Alive(b.now()):
		// What is brought may descend from it. Then a refresh of it is a replay, for
		// which an issuer may end all that descends (RFC 9700 §4.14.2).
		return none, Pair{}, string(Imported)
	}
	if old.State == InDoubt {
		left = string(AnswerLost) // that pair never came
	}
	c = pending
	c.State, c.Reason, c.FormerOf, c.Generation = Pending, Former, old.ID, 1
	c.AccessIssued, c.AccessExpires, c.RefreshExpires = old.AccessIssued, old.AccessExpires, old.RefreshExpires
	if c, err = b.withPair(ctx, c, was); err != nil {
		return none, Pair{}, "unreadable"
	}
	return c, was, left
}

// endFormer ends a former pair at Zendesk, while its person goes on. Those who have
// been lent it a moment ago get the time that they get before a renewal.
func (b *Broker) endFormer(ctx context.Context, c Connection, was Pair) {
	if c.Access.IsZero() {
		return
	}
	ctx = context.WithoutCancel(ctx)
	b.behind.begin(func() {
		ctx, cancel := whileRunning(ctx, b.Timing.Flight)
		defer cancel()
		_, _ = caught(ctx, func(ctx context.Context) (struct{}, error) { // the trail says what came of it
			if err := b.drain(ctx, c); err != nil {
				return struct{}{}, err
			}
			return struct{}{}, b.release(ctx, c, was)
		})
	})
}

// retire ends a pair that came for a connection too late to become its own: somebody
// authorized again while it was on its way.
func (b *Broker) retire(ctx context.Context, c Connection, came Pair) error {
	now, err := b.Store.Connection(ctx, c.ID)
	if err != nil || now.Generation == c.Generation {
		return err
	}
	pair, err := b.pairOf(ctx, now)
	if err != nil || pair.shares(came) {
		return err
	}
	kept, err := b.Store.AddPending(ctx, Connection{
		Account: c.Account, Product: c.Product, Client: c.Client, Grant: c.Grant,
		State: Pending, Reason: Former, FormerOf: c.ID, Asked: c.Asked, Created: b.now(),
	})
	if err != nil {
		return err
	}
	if kept, err = b.withPair(ctx, kept.Next(came, false), came); err != nil {
		return err
	}
	if err := b.Store.KeepTokens(ctx, kept); err != nil {
		return err
	}
	b.endFormer(ctx, kept, came)
	return nil
}

func (b *Broker) formerEvent(kind EventKind, of ConnectionID, c Connection, detail string) Event {
	return Event{At: b.now(), Kind: kind, By: Itself, Account: c.Account, Connection: of, Client: c.Client, Detail: detail}
}

// spent tells that neither token of a connection can be alive.
func (c Connection) spent(now time.Time) bool {
	return !c.Alive(now) && (c.Refresh.IsZero() || !c.RefreshExpires.IsZero() && !now.Before(c.RefreshExpires))
}

// behind is what is done after its caller was answered. Close waits for it.
type behind struct {
	mu    sync.Mutex
	ended bool
	all   sync.WaitGroup
}

// begin does f beside its caller, and not at all after the end.
func (d *behind) begin(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ended {
		d.all.Go(f)
	}
}

func (d *behind) end() {
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.all.Wait()
}
