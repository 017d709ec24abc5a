package journey_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// How often and when daemons are killed.
const (
	operations = 100
	kills      = 12
	workers    = 4
)

// The issuer is killed at random moments of a hundred sign-ins and refreshes. Every
// token that it answered works after the restart, every one that an answer has
// replaced is over, and what it was never asked is as it was.
func TestIssuerKilled(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		town := journey.NewTown(t, workers, "http://localhost:2")
		port := journey.FreePort(t)
		issuer := town.Issuer(t, "issuer", storetest.DSN(t, engine), port)
		app := town.App.At(journey.IssuerURL(port))

		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		moments := newMoments(seed)
		defer moments.ended.Store(true) // also when a restart fails
		var all []*chains
		var running sync.WaitGroup
		for i, who := range town.People {
			c := &chains{t: t, app: app, who: who, person: journey.NewBrowser(), rand: rand.New(rand.NewPCG(seed, uint64(i)))}
			all = append(all, c)
			running.Go(func() {
				for !moments.over() {
					moments.await()
					c.step(t.Context())
					moments.done.Add(1)
				}
			})
		}
		for range times(kills) {
			moments.next()
			moments.close()
			issuer.Kill()
			issuer.Restart()
			moments.open()
		}
		moments.enough(times(2 * operations)) // a sign-in is two: the code, and the exchange
		running.Wait()

		issuer.Kill()
		issuer.Restart()
		answered, lost := 0, 0
		for _, c := range all {
			c.verify()
			answered, lost = answered+len(c.living)+len(c.replaced), lost+c.lost
		}
		t.Logf("%d operations, %d kills, %d pairs answered, %d answers lost", moments.done.Load(), times(kills), answered, lost)
	})
}

// moments choose when a daemon dies, and hold the others back until it is there
// again: what is asked of a daemon that is away teaches nothing.
type moments struct {
	done   atomic.Int64 // operations
	deaths atomic.Int64 // odd while a daemon is away
	rand   *rand.Rand
	ended  atomic.Bool

	mu sync.Mutex
	up chan struct{} // closed while the daemon is there
}

func newMoments(seed uint64) *moments {
	m := &moments{rand: rand.New(rand.NewPCG(seed, 0xdead)), up: make(chan struct{})}
	close(m.up)
	return m
}

// next waits for a random moment: after a few operations, in the midst of one.
func (m *moments) next() {
	until := m.done.Load() + 3 + m.rand.Int64N(8)
	for m.done.Load() < until && !m.over() {
		<-time.After(100 * time.Microsecond)
	}
	<-time.After(time.Duration(m.rand.Int64N(int64(15 * time.Millisecond))))
}

func (m *moments) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deaths.Add(1)
	m.up = make(chan struct{})
}

func (m *moments) open() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deaths.Add(1)
	close(m.up)
}

// await returns when the daemon is there.
func (m *moments) await() {
	m.mu.Lock()
	up := m.up
	m.mu.Unlock()
	<-up
}

// enough lets the operations go on until there were n, and ends them.
func (m *moments) enough(n int) {
	for m.done.Load() < int64(n) {
		<-time.After(time.Millisecond)
	}
	m.ended.Store(true)
}

func (m *moments) over() bool { return m.ended.Load() }

// chains are the tokens of one person: each sign-in begins one, each refresh puts
// the next pair at its end.
type chains struct {
	t      *testing.T
	app    journey.App
	who    journey.Person
	person *journey.Browser
	rand   *rand.Rand

	code     string // issued, and not known to be spent
	asked    bool   // the code may have reached the issuer
	living   []link // the ends of the chains
	replaced []journey.Answer
	lost     int
}

// link is the end of a chain. One that is asked was presented, and no answer came:
// only then may it be over.
type link struct {
	pair  journey.Answer
	asked bool
}

// step does one operation. Where an answer is lost the next step asks again.
func (c *chains) step(ctx context.Context) {
	switch {
	case c.code != "":
		c.exchange(ctx)
	case len(c.living) == 0 || c.rand.IntN(4) == 0:
		code, err := c.app.Code(ctx, c.person, c.who)
		var wrong *journey.WrongPage
		if errors.As(err, &wrong) {
			c.t.Error(wrong)
		}
		c.code, c.asked = code, false // "" when the issuer died meanwhile
	default:
		c.refresh(ctx, c.rand.IntN(len(c.living)))
	}
}

func (c *chains) exchange(ctx context.Context) {
	answer, err := c.app.Exchange(ctx, c.code)
	switch {
	case err != nil:
		c.asked = c.asked || !journey.Unsent(err)
		return
	case answer.OK():
		c.living = append(c.living, link{pair: answer})
	case answer.Refused() && c.asked:
		c.lost++
	default:
		c.t.Errorf("a code that was never presented before: %v", answer)
	}
	c.code = ""
}

func (c *chains) refresh(ctx context.Context, i int) {
	l := &c.living[i]
	answer, err := c.app.Refresh(ctx, l.pair.RefreshToken)
	switch {
	case err != nil:
		l.asked = l.asked || !journey.Unsent(err)
	case answer.OK():
		c.replaced = append(c.replaced, l.pair)
		*l = link{pair: answer}
	case answer.Refused() && l.asked: // the answer that was lost held the next pair
		c.lost++
		c.living = append(c.living[:i], c.living[i+1:]...)
	default:
		c.t.Errorf("a refresh token that was never presented before: %v", answer)
		c.living = append(c.living[:i], c.living[i+1:]...)
	}
}

// verify holds what was answered against what works.
func (c *chains) verify() {
	c.t.Helper()
	for _, pair := range c.replaced {
		over(c.t, c.app, pair)
	}
	for _, l := range c.living {
		if l.asked {
			continue
		}
		alive(c.t, c.app, c.who, l.pair)
		next, err := c.app.Refresh(c.t.Context(), l.pair.RefreshToken)
		if err != nil || !next.OK() {
			c.t.Errorf("an answered refresh token: %v, error %v", next, err)
			continue
		}
		alive(c.t, c.app, c.who, next)
		if status, _, err := c.app.Me(c.t.Context(), l.pair.AccessToken); err != nil || status != http.StatusUnauthorized {
			c.t.Errorf("users/me with a replaced token: status %d, error %v", status, err)
		}
	}
}
