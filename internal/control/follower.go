package control

import (
	"context"
	"sync/atomic"
	"time"
)

// Follower keeps the time of a demo issuer in another process of the same machine:
// what DESKAUTH_CLOCK names. Make it by Follow.
type Follower struct {
	client *Client
	clock  atomic.Pointer[Clock]
}

// followTimeout bounds one question for the time.
const followTimeout = 5 * time.Second

// Follow asks the controls at address for their clock, once. It fails where there
// are none, because a program that was to follow a clock and does not is worse
// than one that does not start.
func Follow(ctx context.Context, address string) (*Follower, error) {
	client, err := Dial(address)
	if err != nil {
		return nil, err
	}
	f := &Follower{client: client}
	return f, f.ask(ctx)
}

func (f *Follower) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followTimeout)
	defer cancel()
	s, err := f.client.Clock(ctx)
	if err != nil {
		return err
	}
	c, err := s.clock()
	if err != nil {
		return err
	}
	f.clock.Store(&c)
	return nil
}

// Now is protocol time by what was asked last.
func (f *Follower) Now() time.Time { return f.clock.Load().Now(time.Now()) }

// Run asks again twice a second until ctx ends. When the controls no longer answer,
// time runs on as it ran, and report is told, once until they answer again. steered
// is called when somebody has changed the clock: what came due by a leap need not wait
// for the machine's time.
func (f *Follower) Run(ctx context.Context, steered func(), report func(error)) {
	defer f.client.Close()
	tick := time.NewTicker(rereadAfter)
	defer tick.Stop()
	lost := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		before := f.clock.Load().Version
		err := f.ask(ctx)
		if err == nil && f.clock.Load().Version != before {
			steered()
		}
		if err != nil && !lost && ctx.Err() == nil {
			report(err)
		}
		lost = err != nil
	}
}

// Sleep waits until so much protocol time has passed, or ctx ends. Run must be under way
// where somebody may steer the clock meanwhile.
func (f *Follower) Sleep(ctx context.Context, d time.Duration) error {
	for until := f.Now().Add(d); ; {
		left := until.Sub(f.Now())
		if left <= 0 {
			return ctx.Err()
		}
		wait := rereadAfter
		if times := f.clock.Load().rate().Times(); times > 0 {
			wait = min(wait, time.Duration(float64(left)/times)+time.Microsecond)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}
