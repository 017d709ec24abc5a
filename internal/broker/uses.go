package broker

import (
	"context"
	"errors"
	"time"
)

// Day is a day since 1970-01-01, in UTC.
type Day int64

// DayOf is the day of an instant.
func DayOf(t time.Time) Day { return Day(t.Unix() / int64(24*time.Hour/time.Second)) }

// Uses are how often a connection's token was handed out, and how often Zendesk was
// called with it by the proxy or an HTTP client of ours.
type Uses struct{ Lent, Called int64 }

// UsesOn are those of a connection on one day. They are counted in memory and stored
// once a minute: a crash loses a minute of them, and nobody decides by them.
type UsesOn struct {
	Connection ConnectionID
	Day        Day
}

// DayUses are the uses of a day.
type DayUses struct {
	UsesOn
	Uses
}

// noted is what is not stored yet of a connection's uses.
type noted struct {
	last time.Time
	Uses
}

const (
	// usesKeep is how long the uses of a day are kept, in days.
	usesKeep = 30

	// usesStep bounds how many are stored in one step, so that others get their turn.
	usesStep = 500
)

// note remembers that a connection was lent, for the next flush.
func (b *Broker) note(id ConnectionID, at time.Time, called bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.used[id]
	n.last = at
	if called {
		n.Called++
	} else {
		n.Lent++
	}
	b.used[id] = n
}

// gather takes what was noted: when each was last used, for the row, and how often, for
// its day.
func (b *Broker) gather() map[ConnectionID]time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := make(map[ConnectionID]time.Time, len(b.used))
	for id, n := range b.used {
		last[id] = n.last
		b.count(UsesOn{id, DayOf(n.last)}, n.Uses)
	}
	clear(b.used)
	return last
}

func (b *Broker) count(on UsesOn, more Uses) {
	u := b.uses[on]
	u.Lent, u.Called = u.Lent+more.Lent, u.Called+more.Called
	b.uses[on] = u
}

// keepUses stores what was gathered. What could not be stored is stored later.
func (b *Broker) keepUses(ctx context.Context) error {
	b.mu.Lock()
	gathered := b.uses
	b.uses = map[UsesOn]Uses{}
	b.mu.Unlock()
	var failed []error
	step := make([]DayUses, 0, min(len(gathered), usesStep))
	store := func() {
		if err := b.Store.AddUses(ctx, step); err != nil {
			failed = append(failed, err)
			b.mu.Lock()
			for _, u := range step {
				b.count(u.UsesOn, u.Uses)
			}
			b.mu.Unlock()
		}
		step = step[:0]
	}
	for on, u := range gathered {
		if step = append(step, DayUses{on, u}); len(step) == usesStep {
			store()
		}
	}
	if len(step) > 0 {
		store()
	}
	return errors.Join(failed...)
}

// LatestUses are how often a connection was used on each of the last days, the latest
// first, what this process has not stored yet included.
func (b *Broker) LatestUses(ctx context.Context, id ConnectionID, days int) ([]DayUses, error) {
	today := DayOf(b.now())
	stored, err := b.Store.UsesSince(ctx, id, today-Day(days)+1)
	if err != nil {
		return nil, err
	}
	known := map[Day]Uses{}
	for _, u := range stored {
		known[u.Day] = u.Uses
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]DayUses, days)
	for n := range all {
		on := UsesOn{id, today - Day(n)}
		u, more := known[on.Day], b.uses[on]
		if n := b.used[id]; !n.last.IsZero() && DayOf(n.last) == on.Day {
			more.Lent, more.Called = more.Lent+n.Lent, more.Called+n.Called
		}
		all[n] = DayUses{on, Uses{u.Lent + more.Lent, u.Called + more.Called}}
	}
	return all, nil
}
