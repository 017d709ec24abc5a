package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Run does the housekeeping until ctx ends: it stores when connections were used,
// every second, takes up sealing keys that are given out, tells the webhooks what is
// due, and every minute tidies up and looks after what nobody asks for. What goes wrong is told to report, which
// may be called by two at a time, and tried again.
func (b *Broker) Run(ctx context.Context, report func(error)) {
	var both sync.WaitGroup
	if err := b.attend(ctx); err != nil && ctx.Err() == nil {
		report(fmt.Errorf("housekeeping: %w", err))
	}
	each := func(pause time.Duration, name string, chore func(context.Context) error) {
		both.Go(func() {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					if err := b.doChore(ctx, name, chore); err != nil && ctx.Err() == nil {
						report(fmt.Errorf("housekeeping: %w", err))
					}
				}
			}
		})
	}
	each(time.Second, ChoreNoteUses, b.flush)
	each(time.Second, ChoreSealingKeys, b.attend)
	each(time.Minute, ChoreTidy, b.Tidy)
	each(time.Minute, ChoreKeepAlive, b.Tend)
	each(time.Minute, ChoreWarn, b.warn)
	each(tokensEvery, ChoreTokens, b.RevokeDue)
	each(time.Second, ChoreWebhooks, func(ctx context.Context) error {
		return b.dispatch(ctx, &both, func(err error) { report(fmt.Errorf("housekeeping: %w", err)) })
	})
	both.Wait()
}

// The chores of Run, as an Observer is told of them.
const (
	ChoreNoteUses    = "note_uses"
	ChoreSealingKeys = "sealing_keys"
	ChoreTidy        = "tidy"
	ChoreKeepAlive   = "keep_alive"
	ChoreWarn        = "warn" // of refresh tokens that die soon
	ChoreWebhooks    = "webhooks"
	ChoreTokens      = "tokens" // that were made for a time
)

// tokensEvery is how often is looked whether made tokens are due.
const tokensEvery = 5 * time.Second

// Chores are all of them.
func Chores() []string {
	return []string{ChoreNoteUses, ChoreSealingKeys, ChoreTidy, ChoreKeepAlive, ChoreWarn, ChoreWebhooks, ChoreTokens}
}

func (b *Broker) doChore(ctx context.Context, name string, chore func(context.Context) error) error {
	ctx, ended := b.began(ctx, Work{Kind: Chore, Chore: name})
	err := chore(ctx)
	out := Ended{Result: ChoreDone}
	if err != nil {
		out.Result = ChoreFailed
	}
	ended(out)
	return err
}

// flush stores when what was last used.
func (b *Broker) flush(ctx context.Context) error {
	used := b.gather()
	b.mu.Lock()
	keys, worked := b.keysUsed, b.worked
	b.keysUsed, b.worked = map[KeyID]time.Time{}, map[SecretID]time.Time{}
	b.mu.Unlock()
	var err error
	if len(used) > 0 {
		err = b.Store.Used(ctx, used)
	}
	if len(keys) > 0 {
		err = errors.Join(err, b.Store.KeysUsed(ctx, keys))
	}
	if len(worked) > 0 {
		err = errors.Join(err, b.Store.SecretsWorked(ctx, worked))
	}
	return err
}

const (
	// unfinishedKeep is how long what came to nothing is kept: a sign-in that was
	// used, so that a page loaded again finds it; tokens whose person is not known.
	unfinishedKeep = time.Hour

	// attemptsKeep is how long each attempt on the present tokens is kept. An outage
	// has one a minute.
	attemptsKeep = 24 * time.Hour

	// pruneMost bounds one step of pruning, so that others get their turn.
	pruneMost = 500

	// revokeTime bounds how long Zendesk is talked to in one round. The rest comes
	// with the next.
	revokeTime = 30 * time.Second
)

// Tidy removes what nobody needs any more: tokens in memory that are over, sign-ins that came to nothing, which
// whoever reaches the pages can make any number of, and old events.
func (b *Broker) Tidy(ctx context.Context) error {
	now := b.now()
	b.opened.sweep(now)
	return errors.Join(
		untilNone(func() (int, error) { return b.Store.Prune(ctx, now.Add(-unfinishedKeep), pruneMost) }),
		untilNone(func() (int, error) { return b.Store.PruneEvents(ctx, now.Add(-b.EventsKeep), pruneMost) }),
		untilNone(func() (int, error) {
			return b.Store.PruneAttempts(ctx, now.Add(-attemptsKeep), now.Add(-b.EventsKeep), pruneMost)
		}),
		untilNone(func() (int, error) { return b.Store.PruneUses(ctx, DayOf(now)-usesKeep, pruneMost) }),
		untilNone(func() (int, error) { return b.Store.PruneSessions(ctx, now.Add(-sessionKeep), pruneMost) }),
		b.dropAbandoned(ctx, now.Add(-unfinishedKeep)),
		b.closeSendings(ctx, now),
		untilNone(func() (int, error) {
			return b.Store.PruneDeliveries(ctx, machineNow().Add(-deliveriesKeep), pruneMost)
		}),
		untilNone(func() (int, error) { return b.Store.PrunePasses(ctx, now.Add(-b.EventsKeep), pruneMost) }),
		untilNone(func() (int, error) { return b.Store.PruneMadeTokens(ctx, now.Add(-b.EventsKeep), pruneMost) }),
		b.trimWebhooks(ctx),
		b.releaseLeft(ctx),
	)
}

func untilNone(step func() (int, error)) error {
	for {
		if n, err := step(); err != nil || n == 0 {
			return err
		}
	}
}

// dropAbandoned removes tokens whose person could not be found out and did not come
// back.
func (b *Broker) dropAbandoned(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, revokeTime)
	defer cancel()
	abandoned, err := b.Store.Abandoned(ctx, before, pruneMost)
	if err != nil {
		return err
	}
	var failed []error
	for _, c := range abandoned {
		if ctx.Err() != nil {
			break
		}
		failed = append(failed, b.drop(ctx, c))
	}
	return errors.Join(failed...)
}

// drop removes a pending connection and revokes its tokens, in this order: once it
// is gone, no person can come back to tokens that are being revoked. Should Zendesk
// not be reached, they live there until they expire.
func (b *Broker) drop(ctx context.Context, c Connection) error {
	pair, unreadable := b.pairOf(ctx, c)
	err := b.Store.DropPending(ctx, c, Event{
		At: b.now(), Kind: SignInFailed, By: Itself, Account: c.Account, Connection: c.ID, Client: c.Client, Detail: string(UserUnknown),
	})
	if errors.Is(err, ErrConflict) { // settled, or another replica's
		return nil
	} else if err = errors.Join(err, unreadable); err != nil {
		return err
	}
	if err := b.revoke(ctx, c, pair); err != nil {
		return fmt.Errorf("revoke the tokens of an abandoned sign-in at %s: %w", c.Account, err)
	}
	return nil
}

// revoke ends a pair at Zendesk. An access token ends itself and the refresh token
// beside it (facts §3.3).
func (b *Broker) revoke(ctx context.Context, c Connection, p Pair) error {
	access, err := b.lastAccess(ctx, c, p)
	if err != nil || access.IsZero() {
		return err
	}
	return policies[c.Product].revoke(ctx, b.api(c, access), access)
}

// lastAccess is an access token of a pair that nobody keeps any more, by which it can
// be ended; the absent one when none is alive. One that is over is refreshed a last
// time: its refresh token would live on. What comes is not stored first, for there is
// no row any more to store it in: who dies here leaves tokens that live on, as whoever
// died before did. Pairs that are kept until they are ended go by endKept.
func (b *Broker) lastAccess(ctx context.Context, c Connection, p Pair) (secret.Plain, error) {
	switch {
	case c.Alive(b.now()):
		return p.Access, nil
	case p.Refresh.IsZero():
		return secret.Plain{}, nil
	}
	client, secrets, err := b.credentials(ctx, c.Client)
	if err != nil {
		return secret.Plain{}, err
	}
	reply := b.exchange(ctx, c.Account, c.Product, client, secrets, refreshRequest(p.Refresh))
	switch reply.Result {
	case Renewed:
		return secret.Of(reply.Token.AccessToken), nil
	case GrantRefused: // gone already
		return secret.Plain{}, nil
	}
	return secret.Plain{}, reply.Err
}
