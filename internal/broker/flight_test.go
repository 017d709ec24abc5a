package broker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The edge shows the person a page and logs the cause; the process goes on.
func TestAPanicInAFlightIsItsError(t *testing.T) {
	b := &Broker{ending: make(chan struct{})}
	for range 2 { // nor does the first one hold what the next needs
		got, _, err := fly(t.Context(), b, "key", time.Minute, func(context.Context) (string, error) { panic("a bug") })
		if got != "" || err == nil || !strings.Contains(err.Error(), "a bug") || !strings.Contains(err.Error(), "flight_test.go") {
			t.Errorf("%q, %v; want what was said and where", got, err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A page that is loaded again leaves the first request and shares its flight: of
// those who are still there when it ends, one alone is the first.
func TestWhoLeavesIsNotTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, end := &Broker{ending: make(chan struct{})}, make(chan struct{})
		f := func(context.Context) (string, error) { <-end; return "arrived", nil }
		ctx, leave := context.WithCancel(t.Context())
		left, firsts := make(chan error, 1), make(chan bool, 4)
		go func() {
			_, first, err := fly(ctx, b, "key", time.Minute, f)
			if first {
				t.Error("who left is the first")
			}
			left <- err
		}()
		synctest.Wait()
		for range cap(firsts) {
			go func() {
				got, first, err := fly(t.Context(), b, "key", time.Minute, f)
				if got != "arrived" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
				firsts <- first
			}()
		}
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(end)
		n := 0
		for range cap(firsts) {
			if <-firsts {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d are the first, want one", n)
		}
	})
}
