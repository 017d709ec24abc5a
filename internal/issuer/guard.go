package issuer

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Guessing is slowed down: so many failures of a subject in a window of protocol
// time, then wait for its end. Successes and invalid_grant never count.
//
// The windows are rows, so that replicas share them; but a row is read before a
// check and written after it, and between the two a thousand others could have
// been checked. So a process also counts by itself, at the moment of the check.
const (
	failuresWindow = time.Minute
	// failuresMost is for one email, client or account's API tokens from one address.
	failuresMost = 10
	// failuresOfAddress is for all of an account's from one address: one guess at
	// each of many people is guessing too.
	failuresOfAddress = 100
	// waitingMost bounds how many passwords from one address wait to be checked.
	waitingMost = 64
)

// limit is how often a subject may fail in a window.
type limit struct {
	subject string
	most    int
}

// limits are those of a kind of secret: of what it belongs to, and of the address.
func limits(kind string, a AccountID, owner string, from Origin) []limit {
	// Every token request passes here: put together by hand, not by fmt.
	account, address := strconv.FormatInt(int64(a), 10), block(from.Address)
	return []limit{
		{subjectKey(kind + " " + account + " " + address + " " + owner), failuresMost},
		{subjectKey(kind + "s " + account + " " + address), failuresOfAddress},
	}
}

// block is the addresses that one party has: an IPv6 network of 64 bits, since
// each of its addresses is free to take.
func block(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Is4() {
		return address
	}
	network, err := addr.Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}

// subjectMost is far below the 2.7 kB of PostgreSQL's longest key. A client_id may
// be 8 kB of anything, and must be refused without a fault of ours.
const subjectMost = 200

// subjectKey bounds a subject, part of which a stranger wrote.
func subjectKey(subject string) string {
	if len(subject) <= subjectMost {
		return subject
	}
	digest := secret.Of(subject).Digest()
	return "digest " + hex.EncodeToString(digest.Bytes())
}

// allowed asks what all replicas have counted.
func (i *Issuer) allowed(ctx context.Context, now time.Time, all []limit) error {
	for _, l := range all {
		failures, ends, err := i.Store.Failures(ctx, l.subject, now)
		if err != nil {
			return err
		}
		if failures >= l.most {
			return &TooMany{After: ends.Sub(now)}
		}
	}
	return nil
}

// trySecret runs a check of a secret that takes no time. A check that fails
// returns failure, and counts.
func (i *Issuer) trySecret(ctx context.Context, now time.Time, all []limit, check func() error) error {
	i.guard.mu.Lock()
	err := i.guard.allowed(now, all)
	if err == nil {
		if err = check(); err != nil {
			i.guard.count(now, all)
			i.guard.mu.Unlock()
			return i.counted(ctx, now, all, err)
		}
	}
	i.guard.mu.Unlock()
	return err
}

// tryPassword runs a check of a password, which is slow: those from one address
// take turns, so that no address crowds out the others, nor guesses in parallel.
// An error of the check that is not failure does not count.
// A failure is told to the audit trail.
func (i *Issuer) tryPassword(ctx context.Context, now time.Time, from Origin, all []limit, failure error, told []Event, check func() error) error {
	done, err := i.guard.turn(ctx, block(from.Address))
	if err != nil {
		return err
	}
	defer done()
	i.guard.mu.Lock()
	err = i.guard.allowed(now, all)
	i.guard.mu.Unlock()
	if err != nil {
		return err
	}
	if err = check(); err != failure { //nolint:errorlint // it is this very value
		return err
	}
	i.guard.mu.Lock()
	i.guard.count(now, all)
	i.guard.mu.Unlock()
	return i.counted(ctx, now, all, err, told...)
}

// counted tells the other replicas of a failure, and returns what it was.
func (i *Issuer) counted(ctx context.Context, now time.Time, all []limit, cause error, told ...Event) error {
	var subjects []string
	for _, l := range all {
		subjects = append(subjects, l.subject)
	}
	if err := i.Store.CountFailures(ctx, subjects, now, now.Add(failuresWindow), told...); err != nil {
		return err
	}
	return cause
}

// guard is what one process has counted by itself. Its zero value is ready.
type guard struct {
	mu   sync.Mutex
	seen map[string]failures

	turns sync.Map // address → chan struct{} with room for those who wait
}

type failures struct {
	n            int
	starts, ends time.Time
}

func (f failures) live(now time.Time) bool { return !now.Before(f.starts) && now.Before(f.ends) }

func (g *guard) allowed(now time.Time, all []limit) error {
	for _, l := range all {
		if f := g.seen[l.subject]; f.live(now) && f.n >= l.most {
			return &TooMany{After: f.ends.Sub(now)}
		}
	}
	return nil
}

// seenMost bounds the memory. What is forgotten here stands in the rows.
const seenMost = 10_000

func (g *guard) count(now time.Time, all []limit) {
	if g.seen == nil || len(g.seen) >= seenMost {
		g.seen = map[string]failures{}
	}
	for _, l := range all {
		f := g.seen[l.subject]
		if !f.live(now) {
			f = failures{starts: now, ends: now.Add(failuresWindow)}
		}
		f.n++
		g.seen[l.subject] = f
	}
}

// turn waits until no other password of an address is being checked.
func (g *guard) turn(ctx context.Context, address string) (done func(), err error) {
	v, _ := g.turns.LoadOrStore(address, newLine())
	return v.(*line).enter(ctx, func() { g.turns.Delete(address) })
}

// line is those of one address, one behind the other.
type line struct {
	first   chan struct{}
	mu      sync.Mutex
	waiting int
}

func newLine() *line { return &line{first: make(chan struct{}, 1)} }

// enter returns how to leave. Whoever leaves an empty line forgets it; one that
// comes in between makes a new one, and two are checked at once: no harm.
func (l *line) enter(ctx context.Context, forget func()) (leave func(), err error) {
	l.mu.Lock()
	if l.waiting >= waitingMost {
		l.mu.Unlock()
		return nil, ErrBusy
	}
	l.waiting++
	l.mu.Unlock()
	gone := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.waiting--; l.waiting == 0 {
			forget()
		}
	}
	select {
	case l.first <- struct{}{}:
		return func() { <-l.first; gone() }, nil
	case <-ctx.Done():
		gone()
		return nil, ctx.Err()
	}
}
