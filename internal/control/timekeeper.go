package control

import (
	"context"
	"errors"
	"sync"
	"time"
)

// rereadAfter bounds how long a clock that another replica set stays unseen.
const rereadAfter = time.Second / 2

// Timekeeper tells protocol time by the clock's row, which it reads again when
// what it knows is half a second old. Its own changes count at once.
type Timekeeper struct {
	store   Store
	machine func() time.Time

	mu    sync.Mutex
	clock Clock
	read  time.Time // machine time; zero: never
}

// NewTimekeeper reads the clock for the first time.
func NewTimekeeper(ctx context.Context, s Store) (*Timekeeper, error) {
	k := &Timekeeper{store: s, machine: time.Now}
	_, err := k.Clock(ctx)
	return k, err
}

// Now is protocol time: issuer.Issuer.Now of a demo. While the database does not
// answer, it goes on by what it knows: the request that asks will meet the error.
func (k *Timekeeper) Now() time.Time {
	clock, machine := k.known()
	return clock.Now(machine)
}

// known is the clock as this process knows it, read again if that is old, and what
// the machine's shows.
func (k *Timekeeper) known() (Clock, time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	machine := k.machine()
	if machine.Sub(k.read) >= rereadAfter {
		ctx, cancel := context.WithTimeout(context.Background(), rereadAfter)
		defer cancel()
		k.read = machine // also if it fails: not every caller is to wait
		if c, err := k.store.Clock(ctx); err == nil {
			k.clock = c
		}
	}
	return k.clock, machine
}

// Clock reads the row.
func (k *Timekeeper) Clock(ctx context.Context) (Clock, error) {
	c, err := k.store.Clock(ctx)
	if err != nil {
		return Clock{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock, k.read = c, k.machine()
	return c, nil
}

// swapTries bounds how often a change is decided anew because another replica
// changed the clock meanwhile.
const swapTries = 20

// Change reads the clock, has decide say what follows at the machine's time, and
// stores that.
func (k *Timekeeper) Change(ctx context.Context, decide func(c Clock, machine time.Time) (Clock, error)) (Clock, error) {
	for range swapTries {
		old, err := k.Clock(ctx)
		if err != nil {
			return Clock{}, err
		}
		next, err := decide(old, k.machine())
		if err != nil {
			return Clock{}, err
		}
		err = k.store.SwapClock(ctx, old, next)
		if errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return Clock{}, err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.clock, k.read = next, k.machine()
		return next, nil
	}
	return Clock{}, ErrConflict
}
