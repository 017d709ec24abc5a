package issuer

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// Passwords from one address wait for one another, up to a number; those from
// another address do not wait for them.
func TestNoAddressCrowdsOutAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g guard
		leave, err := g.turn(t.Context(), "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		waiting, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		results := make(chan error, waitingMost)
		for range waitingMost - 1 { // the first one counts
			go func() {
				done, err := g.turn(waiting, "192.0.2.1")
				if err == nil {
					done()
				}
				results <- err
			}()
		}
		synctest.Wait()
		if _, err := g.turn(t.Context(), "192.0.2.1"); !errors.Is(err, ErrBusy) {
			t.Errorf("one more than may wait: %v", err)
		}
		other, err := g.turn(t.Context(), "192.0.2.2")
		if err != nil {
			t.Fatal(err)
		}
		other()
		if len(results) != 0 {
			t.Errorf("%d were let in beside the first", len(results))
		}
		leave()
		for range waitingMost - 1 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		left := 0
		g.turns.Range(func(any, any) bool { left++; return true })
		if left != 0 {
			t.Errorf("%d lines are remembered though nobody stands there", left)
		}
	})
}

func TestWaitingInLineEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g guard
		leave, err := g.turn(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		ctx, giveUp := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { _, err := g.turn(ctx, "a"); result <- err }()
		synctest.Wait()
		giveUp()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		leave()
		again, err := g.turn(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}
