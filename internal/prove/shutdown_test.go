package prove_test

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// A replica is told to end (SIGTERM) while the answer to a renewal is on its way, for
// longer, in the full size, than requests are waited for. It takes the answer, stores
// the pair, and ends with 0.
func TestShutdownFinishesRenewals(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, layout{engine: engine, people: 1, replicas: 1})
			slow := time.Duration(sized(2, 13)) * time.Second
			w.disturb(control.Fault{Kind: control.SlowBody, Delay: control.Duration(slow), Count: 1})
			w.steer("POST", "/clock/advance", map[string]any{"by": "26m"})
			r, id := w.replicas[0], w.ids[0]
			before := w.connection(id)
			w.followed(r)
			var asked sync.WaitGroup
			asked.Go(func() { _, _ = w.lend(context.WithoutCancel(t.Context()), r, id) }) // it may be cut off
			for w.rotations()[id] == 0 {
				<-time.After(10 * time.Millisecond)
			}
			if c := w.connection(id); c.Generation != before.Generation {
				t.Fatal("the answer was there before anybody could be told to end")
			}
			began := time.Now()
			if code := r.Stop(syscall.SIGTERM); code != 0 {
				t.Errorf("it ends with %d", code)
			}
			took := time.Since(began)
			asked.Wait()
			c := w.connection(id)
			attempts, err := w.db.Broker().Attempts(t.Context(), id, before.Generation)
			if err != nil || len(attempts) != 1 || attempts[0].Outcome != broker.Answered || c.Generation != before.Generation+1 || c.State != broker.Active {
				t.Errorf("generation %d of %d, %s; attempts %+v, %v", c.Generation, before.Generation, c.State, attempts, err)
			}
			r.Restart()
			w.healed()
			t.Logf("the answer took %v, the end %v", slow, took.Round(time.Millisecond))
		})
	}
}
