package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/deskauth/deskauth/zendesk"
)

// pace spaces out the requests of a command that has many, all of its workers together.
// Zendesk's limit is the account's (facts §6.5): whoever spends it stops every other
// program of the account. So a tenth is left to those, and when even so little remains
// in this minute, or Zendesk says "later", everybody waits.
type pace struct {
	time timekeeping

	mu      sync.Mutex
	limiter *rate.Limiter // nil until a limit is known
	limit   int           // requests a minute, as Zendesk says; 0: it says nothing
	held    time.Time     // nobody sends before
	chosen  int           // requests a minute that somebody asked for; 0: nobody
}

// share is what of the limit is ours, in percent; below reserve percent the rest of the
// minute is others'.
const (
	share   = 90
	reserve = 5
)

func newPace(t timekeeping) *pace { return &pace{time: t} }

// perMinute is how many requests are sent a minute; 0: as many as come.
func (p *pace) perMinute() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most()
}

func (p *pace) most() int {
	if p.chosen > 0 {
		return p.chosen
	}
	return p.limit * share / 100
}

// choose fixes the pace.
func (p *pace) choose(perMinute int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chosen = perMinute
	p.adjust()
}

func (p *pace) adjust() {
	most := p.most()
	if most == 0 {
		p.limiter = nil
		return
	}
	// A second's worth at once at most: evenly spread, it fits any minute.
	p.limiter = rate.NewLimiter(rate.Limit(float64(most)/60), max(1, most/60))
}

// answered learns from an answer what the limit is, and what is left of it.
func (p *pace) answered(a zendesk.Answer) {
	q := a.Quota
	if q.Limit <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.Limit != p.limit {
		p.limit = q.Limit
		p.adjust()
	}
	if q.Remaining*100 <= q.Limit*reserve && q.Reset > 0 {
		p.hold(q.Reset)
	}
}

// refused holds everybody back for as long as one was told to wait. Whether it is news:
// several are told the same.
func (p *pace) refused(w zendesk.Wait) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	news = !p.held.After(p.time.now())
	p.hold(w.For)
	return news
}

func (p *pace) hold(d time.Duration) {
	if until := p.time.now().Add(d); until.After(p.held) {
		p.held = until
	}
}

// wait is until the next request may be sent.
func (p *pace) wait(ctx context.Context) error {
	for {
		d := p.next()
		if d <= 0 {
			return ctx.Err()
		}
		if err := p.time.sleep(ctx, d); err != nil {
			return err
		}
	}
}

func (p *pace) next() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.time.now()
	if d := p.held.Sub(now); d > 0 {
		return d
	}
	if p.limiter == nil || p.limiter.AllowN(now, 1) {
		return 0
	}
	// A token is due after this; who comes first takes it.
	missing := 1 - p.limiter.TokensAt(now)
	return max(time.Duration(missing/float64(p.limiter.Limit())*float64(time.Second)), time.Millisecond)
}

// takes is how long so many requests take; 0: nobody can tell.
func (p *pace) takes(requests int) time.Duration {
	most := p.perMinute()
	if most == 0 {
		return 0
	}
	return time.Duration(float64(requests) / float64(most) * float64(time.Minute))
}
