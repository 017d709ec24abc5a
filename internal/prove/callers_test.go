package prove_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

// callers lend tokens of random connections at random replicas and use them.
type callers struct {
	w     *world
	stop  context.CancelFunc
	ended sync.WaitGroup

	lent        atomic.Int64
	dead        atomic.Int64 // tokens that the issuer did not take: renewed between the lending and the call
	deadTwice   atomic.Int64 // and the next one neither
	unavailable atomic.Int64
	unusable    atomic.Int64
	failed      atomic.Int64 // requests without an answer, or with a 500

	tells bool // that a token was dead, when they ask again

	mu   sync.Mutex
	said map[string]int
}

func (w *world) callers(n int, tells ...bool) *callers {
	ctx, stop := context.WithCancel(w.t.Context())
	c := &callers{w: w, stop: stop, said: map[string]int{}, tells: len(tells) > 0}
	for range n {
		c.ended.Go(func() {
			for ctx.Err() == nil {
				c.call(ctx)
				select {
				case <-time.After(time.Duration(10+rand.IntN(90)) * time.Millisecond): // as programs do
				case <-ctx.Done():
				}
			}
		})
	}
	w.t.Cleanup(c.end)
	return c
}

// end stops them and waits.
func (c *callers) end() { c.stop(); c.ended.Wait() }

func (c *callers) call(ctx context.Context) {
	id := c.w.ids[rand.IntN(len(c.w.ids))]
	generation, alive := c.use(ctx, id, 0)
	if alive {
		return
	}
	c.dead.Add(1)
	if !c.tells {
		generation = 0
	}
	if _, alive := c.use(ctx, id, generation); !alive {
		c.deadTwice.Add(1)
	}
}

// use lends a token, another than one that was refused, and calls the API with it.
// False: the token was dead.
func (c *callers) use(ctx context.Context, id broker.ConnectionID, refused int64) (generation int64, alive bool) {
	l, err := c.w.lendAfter(ctx, c.w.replicas[rand.IntN(len(c.w.replicas))], id, refused)
	switch {
	case ctx.Err() != nil:
		return 0, true
	case err != nil || l.Status >= 500 && l.Status != http.StatusServiceUnavailable:
		c.failed.Add(1)
		c.note(fmt.Sprint(l.Status, " ", err))
		return 0, true
	case l.Status == http.StatusServiceUnavailable:
		c.unavailable.Add(1)
		c.note(l.Reason)
		return 0, true
	case l.Status == http.StatusConflict:
		c.unusable.Add(1)
		c.note(l.State + ": " + l.Reason)
		return 0, true
	}
	c.lent.Add(1)
	testlog.Issued(c.w.t, l.AccessToken)
	alive, err = c.w.alive(ctx, l.AccessToken)
	return l.Generation, alive || err != nil
}

func (c *callers) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[what]++
}

func (c *callers) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%d tokens lent and used, %d of them renewed before they were used (%d twice in a row), %d calls told to wait or refused: %v",
		c.lent.Load(), c.dead.Load(), c.deadTwice.Load(), c.unavailable.Load()+c.unusable.Load()+c.failed.Load(), c.said)
}
