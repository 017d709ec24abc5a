package control

import "context"

// Store keeps what all replicas of a demo issuer must agree on. Each method is
// one atomic step and decides nothing.
type Store interface {
	// Clock returns the clock; its zero value when it was never set.
	Clock(ctx context.Context) (Clock, error)
	// SwapClock puts next in the place of old, or returns ErrConflict.
	SwapClock(ctx context.Context, old, next Clock) error
}
