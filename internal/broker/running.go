package broker

import (
	"context"
	"time"
)

// stopwatch measures how long this process has been running: a look that comes much
// later than the one before counts as one that came in time. A process that was
// stopped (SIGSTOP, a laptop's lid, a virtual machine that moved) has seen nothing
// in between, and has not waited.
type stopwatch struct {
	most time.Duration // that one look may count
	last time.Time
	ran  time.Duration
}

func startWatch(most time.Duration) *stopwatch {
	return &stopwatch{most: most, last: time.Now()}
}

// look returns how long the process has been running, as far as it was looked.
func (s *stopwatch) look() time.Duration {
	now := time.Now()
	s.ran += min(now.Sub(s.last), s.most)
	s.last = now
	return s.ran
}

// reset begins anew.
func (s *stopwatch) reset() { s.last, s.ran = time.Now(), 0 }

// looks is how often a deadline is looked at in its time.
const looks = 20

// whileRunning ends ctx after d of running time. The answer to a refresh may arrive
// while the process is stopped: with a deadline by the clock, it would give up the
// moment it goes on, with the new tokens unread in a socket.
func whileRunning(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		step := d / looks
		tick := time.NewTicker(step)
		defer tick.Stop()
		for watch := startWatch(2 * step); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if watch.look() >= d {
					cancel(context.DeadlineExceeded)
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}
