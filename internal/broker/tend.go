package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

const (
	// probeEvery is how often tokens that do not expire are shown to Zendesk, so that
	// a revocation is found out before somebody needs them (design §6.1).
	probeEvery = 24 * time.Hour

	// probeAgain is when a probe that got no answer is tried again.
	probeAgain = time.Hour
)

// Bounds of looking after what nobody asks for: it must not be what fills an
// account's quota, nor what callers wait behind.
const (
	tendMost       = 200 // connections that are loaded at a time
	tendPerAccount = 2   // of one account at the same time
	tendAtOnce     = 16  // of all accounts at the same time
)

// tendFirst is when a new pair is looked after, if nobody's asking replaces it
// before. Refresh tokens are used at the latest when a third of their life is over
// (design §6.10): two more thirds are for an outage. The moments lie between a sixth
// and a third, by connection and generation, so that connections that were made
// together are not renewed together.
func (c Connection) tendFirst() time.Time {
	switch {
	case c.AccessExpires.IsZero():
		return c.tendNext(c.AccessIssued)
	case c.RefreshExpires.IsZero():
		return time.Time{}
	}
	life := c.RefreshExpires.Sub(c.AccessIssued)
	return c.AccessIssued.Add(life/3 - c.Jitter(life/6)).Truncate(time.Microsecond) // as it is stored
}

// tendNext is when tokens that do not expire are probed next.
func (c Connection) tendNext(now time.Time) time.Time {
	return now.Add(probeEvery - c.Jitter(probeEvery/4)).Truncate(time.Microsecond)
}

// Idle decides whether the connection is to be renewed only to keep it alive.
func (c Connection) Idle(now time.Time) bool {
	return !c.AccessExpires.IsZero() && !c.TendAt.IsZero() && !now.Before(c.TendAt)
}

// Tend looks after the connections that nobody asks for: it renews what would end
// unused, and shows Zendesk the tokens that do not expire. What it finds lost is
// named, as if a caller had found it. Replicas may do so at the same time.
func (b *Broker) Tend(ctx context.Context) error {
	var failed []error
	for after := ConnectionID(0); ctx.Err() == nil; {
		due, err := b.Store.Untended(ctx, b.now(), after, tendMost)
		if err != nil || len(due) == 0 {
			return errors.Join(append(failed, err)...)
		}
		after = due[len(due)-1].ID
		failed = append(failed, b.tendAll(ctx, due))
	}
	return errors.Join(failed...)
}

// tendAll looks after some connections, few of an account at a time.
func (b *Broker) tendAll(ctx context.Context, due []Connection) error {
	accounts := map[string]chan Connection{}
	for _, c := range due {
		if accounts[c.Account] == nil {
			accounts[c.Account] = make(chan Connection, len(due))
		}
		accounts[c.Account] <- c
	}
	all := make(chan struct{}, tendAtOnce)
	var done sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	for account, queue := range accounts {
		close(queue)
		for range min(tendPerAccount, len(queue)) {
			done.Go(func() {
				for c := range queue {
					if ctx.Err() != nil || b.quiet.is(account, b.now()) {
						return
					}
					all <- struct{}{}
					err := b.tend(ctx, c)
					<-all
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			})
		}
	}
	done.Wait()
	return errors.Join(failed...)
}

// tend looks after one connection. That it cannot be renewed now, or needs a person,
// is in its row; where Zendesk asked for time, its account is left in peace so long.
func (b *Broker) tend(ctx context.Context, c Connection) error {
	var err error
	if c.AccessExpires.IsZero() {
		err = b.probe(ctx, c)
	} else {
		_, err = b.renewOrSay(ctx, c, false, func(c Connection) bool { return c.Idle(b.now()) })
	}
	var soft *Unavailable
	var lost *Unusable
	switch {
	case errors.As(err, &soft):
		b.quiet.until(c.Account, b.now().Add(soft.RetryAfter))
		return nil
	case errors.As(err, &lost), errors.Is(err, ErrNotFound), ctx.Err() != nil:
		return nil
	case err != nil:
		return fmt.Errorf("look after connection %d: %w", c.ID, err)
	}
	return nil
}

// probe shows Zendesk a token that does not expire. An admin may have switched
// expiry on, for tokens that are there too (facts §2.3): then it is renewed from
// now on.
func (b *Broker) probe(ctx context.Context, c Connection) error {
	if err := b.Store.Tended(ctx, c, c.tendNext(b.now())); errors.Is(err, ErrConflict) {
		return nil // another replica's, or renewed meanwhile
	} else if err != nil {
		return err
	}
	c.TendAt = c.tendNext(b.now())
	access, err := b.open(ctx, c.Access, c.place("access"))
	if err != nil {
		return err
	}
	expires, err := policies[c.Product].probe(ctx, b.api(c, access))
	var refused *zendesk.APIError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		_, err = b.renewOrSay(ctx, c, true, func(now Connection) bool { return now.Generation <= c.Generation })
		return err
	case err != nil: // it is asked again soon; its next caller may find out before
		_ = b.Store.Tended(ctx, c, b.now().Add(probeAgain))
		soft := &Unavailable{ID: c.ID, Reason: NotReached, Err: err}
		if refused != nil {
			soft.Reason, soft.RetryAfter = ToldToWait, refused.RetryAfter
		}
		return soft
	case !expires.IsZero():
		c.AccessExpires = expires
		c.TendAt = c.tendFirst()
		if err := b.Store.SetExpiry(ctx, c); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

// expiryOf asks Zendesk when a token ends; the zero time: never.
func expiryOf(ctx context.Context, api *zendesk.API) (time.Time, error) {
	token, err := api.CurrentToken(ctx)
	return since(token.ExpiresAt), err
}

// since is a time of Zendesk's that may be null; the zero time then.
func since(t *zendesk.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// askExpiry asks Zendesk when a token ends that came without saying so (facts
// §2.3). The pair is stored by now; when nothing answers, the guess stands.
func (b *Broker) askExpiry(ctx context.Context, c Connection, access secret.Plain) Connection {
	expires, err := expiryOf(ctx, b.api(c, access))
	if err != nil {
		return c
	}
	next := c
	next.AccessExpires = expires
	next.TendAt = next.tendFirst()
	if b.Store.SetExpiry(ctx, next) != nil {
		return c
	}
	return next
}

// quietMost bounds how long an account is left in peace for what it says once.
const quietMost = time.Hour

// quiet are the accounts that asked for time, and until when, in protocol time. It
// is this process's own: another one hears it itself.
type quiet struct {
	mu    sync.Mutex
	times map[string]time.Time
}

func (q *quiet) is(account string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return now.Before(q.times[account])
}

func (q *quiet) until(account string, t time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.times == nil {
		q.times = map[string]time.Time{}
	}
	q.times[account] = t // one entry an account: bounded by those that are connected
}
