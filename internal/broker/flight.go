package broker

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// fly runs f once for all who ask for the same key at the same time. It goes on
// when they leave, up to its own deadline. Of those who are still there when it
// ends, one alone is told to be the first: what must happen once is that one's.
//
// A panic is the flight's error: it runs on a goroutine of its own, where nobody
// else would stop it from ending the process.
func fly[V any](ctx context.Context, b *Broker, key string, deadline time.Duration, f func(context.Context) (V, error)) (v V, first bool, err error) {
	done := b.flights.DoChan(key, func() (any, error) {
		b.life.RLock()
		defer b.life.RUnlock()
		if b.closed {
			return nil, errClosed
		}
		ctx, cancel := whileRunning(context.WithoutCancel(ctx), deadline)
		defer cancel()
		v, err := caught(ctx, f)
		return &landing[V]{value: v}, err
	})
	select {
	case r := <-done:
		landed, ok := r.Val.(*landing[V])
		if !ok {
			return v, false, r.Err
		}
		first = ctx.Err() == nil && !landed.seen.Swap(true)
		return landed.value, first, r.Err
	case <-ctx.Done():
		return v, false, ctx.Err()
	}
}

// landing is what a flight brought, for all who waited.
type landing[V any] struct {
	value V
	seen  atomic.Bool
}

func caught[V any](ctx context.Context, f func(context.Context) (V, error)) (v V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx)
}
