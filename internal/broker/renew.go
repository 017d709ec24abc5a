package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// renew brings a connection to the next generation, unless by now it does not want
// it any more. It runs once at a time for a connection in this process; among
// processes the claim sees to that.
func (b *Broker) renew(ctx context.Context, id ConnectionID, forced bool, want func(Connection) bool) (Connection, error) {
	for {
		c, err := b.Store.Connection(ctx, id)
		switch {
		case err != nil:
			return c, err
		case !c.Lendable():
			return c, c.unusable()
		case !want(c):
			return c, nil
		case b.now().Before(c.RetryAt): // another has just failed
			return c, &Unavailable{ID: id, RetryAfter: c.RetryAt.Sub(b.now()), Reason: c.Reason}
		}
		circuit, err := b.Store.Circuit(ctx, c.Client, c.Account)
		if err != nil {
			return c, err
		} else if now := b.now(); !circuit.Closed(now) {
			return c, &Unavailable{ID: id, RetryAfter: circuit.RetryAt.Sub(now), Reason: circuit.Reason}
		}
		if c.Claim.Owner != "" {
			given, err := b.watch(ctx, c)
			if err != nil {
				return c, &Unavailable{ID: id, Reason: AnotherTries, Err: err}
			} else if !given {
				continue // it moved: look again
			}
		}
		// The swap is on generation, state and claim, so that what was decided
		// above still holds once the claim is taken.
		claimed, err := b.Store.Claim(ctx, c, b.claimant())
		if errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return c, err
		}
		return b.claimed(ctx, claimed, circuit, forced)
	}
}

// claimant is the owner of one claim, told from every other.
func (b *Broker) claimant() string { return fmt.Sprintf("%s-%d", b.name, b.claims.Add(1)) }

// watch looks at another's claim until something moves (false) or until its
// counter stood still for the lease time (true). That is measured on this
// machine's monotonic clock and compared with nobody's; time in which this process
// was stopped itself does not count, for the other may have been stopped with it.
func (b *Broker) watch(ctx context.Context, c Connection) (given bool, err error) {
	ctx, ended := b.began(ctx, Work{Kind: Waiting, Connection: c.ID, Account: c.Account, Generation: c.Generation})
	out := Ended{Result: WaitCutOff}
	defer func() { ended(out) }()
	for still := startWatch(b.Timing.Lease / 4); ; {
		select {
		case <-time.After(b.Timing.Poll):
		case <-ctx.Done():
			return false, ctx.Err()
		}
		next, err := b.Store.Connection(ctx, c.ID)
		switch {
		case err != nil:
			return false, err
		case next.Generation != c.Generation, next.State != c.State, next.Claim.Owner != c.Claim.Owner:
			out.Result = WaitMoved
			return false, nil
		case next.Claim.Counter != c.Claim.Counter:
			c = next
			still.reset()
		case still.look() >= b.Timing.Lease:
			out.Result = WaitTakenOver
			return true, nil
		}
	}
}

// hold raises the counter of a claim until stop is called.
func (b *Broker) hold(ctx context.Context, c Connection) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(b.Timing.Lease / 5)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				// One that was lost is found out by the next step that needs it.
				_ = b.Store.HoldClaim(ctx, c.ID, c.Claim.Owner)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// claimed renews a connection whose claim is held.
func (b *Broker) claimed(ctx context.Context, c Connection, circuit Circuit, forced bool) (next Connection, err error) {
	ctx, ended := b.began(ctx, Work{Kind: Renewal, Connection: c.ID, Account: c.Account, Generation: c.Generation, Forced: forced})
	r := renewal{Broker: b, conn: c, forced: forced, circuit: circuit}
	defer func() { ended(r.ended(err)) }()
	defer b.hold(ctx, c)()
	client, secrets, err := b.credentials(ctx, c.Client)
	if err != nil {
		return c, err
	}
	refresh, err := b.open(ctx, c.Refresh, c.place("refresh"))
	if err != nil {
		return c, err
	}
	if err := b.drain(ctx, c); err != nil {
		return c, err
	}
	r.client, r.secrets, r.refresh = client, secrets, refresh
	next, err = r.run(ctx)
	r.over = true
	return next, err
}

// drain waits a moment for the calls that are under way with a token that Zendesk
// is about to end (design §6.11). Meanwhile nobody is lent it: they see the claim.
func (b *Broker) drain(ctx context.Context, c Connection) error {
	if b.Timing.Drain == 0 || !c.Alive(b.now()) {
		return nil
	}
	select {
	case <-time.After(b.Timing.Drain):
		return nil
	case <-ctx.Done():
		return &Unavailable{ID: c.ID, Reason: AnotherTries, Err: ctx.Err()}
	}
}

// draining tells whether a token is not lent any more because it is about to end.
func (b *Broker) draining(c Connection) bool { return b.Timing.Drain > 0 && c.Claim.Owner != "" }

// renewal is one claim's work: an attempt, perhaps a second one, and what follows.
type renewal struct {
	*Broker
	conn    Connection
	client  Client
	secrets []secret.Plain
	refresh secret.Plain
	forced  bool
	circuit Circuit

	tries int  // requests that were sent
	kept  bool // a new pair was stored
	over  bool // it came to its end, whatever that was
}

func (r *renewal) run(ctx context.Context) (Connection, error) {
	s, nth := Situation{}, 0
	for {
		a, err := r.begin(ctx)
		if errors.Is(err, ErrConflict) { // slept so long that the claim went: nothing was sent
			return r.winner(ctx)
		} else if err != nil { // a full disk: nothing was sent, and others need not wait for the lease
			_ = r.Store.Postpone(ctx, r.conn, r.conn.Claim.Owner)
			return r.conn, err
		}
		reply := r.send(ctx, a, nth)
		if reply.Result == Renewed {
			return r.keep(ctx, a, reply.Token)
		}
		if err := r.close(ctx, a, reply); err != nil {
			return r.conn, err
		}
		s.MoreSecrets = nth+1 < len(r.secrets)
		switch v, moved, err := r.judge(ctx, a, reply, s); {
		case err != nil:
			return r.conn, err
		case moved:
			return r.winner(ctx)
		case v.Action == Again:
			s.SentAgain = true
		case v.Action == NextSecret:
			nth++
		case v.Action == Name:
			return r.conn, r.condemn(ctx, r.conn, v.State, v.Reason)
		case v.Reason == CredentialsWrong && r.rolled(ctx):
			nth = 0
		default:
			return r.later(ctx, v, reply)
		}
	}
}

// rolled tells whether the client was changed since its secrets were read, and has
// them read anew: what was refused is then nothing that speaks against it.
func (r *renewal) rolled(ctx context.Context) bool {
	client, secrets, err := r.credentials(ctx, r.client.ID)
	if err != nil || client.Version == r.client.Version {
		return false
	}
	r.client, r.secrets = client, secrets
	return true
}

// begin writes an attempt down before it is sent.
func (r *renewal) begin(ctx context.Context) (Attempt, error) {
	a, err := r.Store.OpenAttempt(ctx, Attempt{
		Connection: r.conn.ID, Generation: r.conn.Generation, Owner: r.conn.Claim.Owner,
		Forced: r.forced, SentAt: r.now(), Outcome: Open,
	})
	if err != nil {
		return a, fmt.Errorf("write the attempt down: %w", err)
	}
	return a, nil
}

func (r *renewal) send(ctx context.Context, a Attempt, i int) Reply {
	request := oauth.TokenRequest{GrantType: oauth.GrantRefreshToken, RefreshToken: r.refresh.Reveal()}
	if r.conn.unspent() {
		request = clientRequest(r.conn.Asked)
	}
	r.tries++
	ctx, ended := r.began(ctx, Work{Kind: Attempting, Connection: r.conn.ID, Account: r.conn.Account, Generation: r.conn.Generation, Forced: r.forced, Number: a.Number})
	reply := r.postAs(ctx, r.conn.Account, r.conn.Product, r.client, r.secrets, i, request)
	ended(Ended{Result: string(reply.Result)})
	return reply
}

// keep stores the new pair before anybody uses it.
func (r *renewal) keep(ctx context.Context, a Attempt, t oauth.TokenResponse) (Connection, error) {
	pair := r.pair(r.conn, t)
	if pair.Refresh.IsZero() {
		pair.Refresh, pair.RefreshExpires = r.refresh, r.conn.RefreshExpires
	}
	next, err := r.withPair(ctx, r.conn.Next(pair, r.forced), pair)
	if err != nil {
		return r.conn, err
	}
	a.Outcome, a.ClosedAt = Answered, r.now()
	err = r.keepAtAll(ctx, func(ctx context.Context) error { return r.Store.Renew(ctx, next, a) })
	if errors.Is(err, ErrConflict) {
		// The person authorized again meanwhile, or a renewal of another's came
		// through: those tokens count, and these are nobody's.
		_ = r.retire(ctx, r.conn, pair) // at worst they live until they expire
		return r.winner(ctx)
	} else if err != nil {
		return r.conn, fmt.Errorf("store the renewed tokens of connection %d: %w", r.conn.ID, err)
	}
	r.kept = true
	if r.circuit.Failures > 0 {
		_ = r.Store.CloseCircuit(ctx, r.conn.Client, r.conn.Account) // if not now, then with the next success
	}
	if pair.Guessed {
		next = r.askExpiry(ctx, next, pair.Access)
	}
	return next, nil
}

// close notes how an attempt ended. This too may not be lost: an attempt that
// stays open reads as one whose answer never came.
func (r *renewal) close(ctx context.Context, a Attempt, reply Reply) error {
	a.Outcome, a.Error, a.ClosedAt = reply.Outcome(), string(reply.Result), r.now()
	err := r.keepAtAll(ctx, func(ctx context.Context) error { return r.Store.CloseAttempt(ctx, a) })
	if errors.Is(err, ErrConflict) {
		return nil
	}
	return err
}

// judge looks at what else happened on this generation, and decides. It waits for
// the open attempts of others where the decision depends on them.
func (r *renewal) judge(ctx context.Context, own Attempt, reply Reply, s Situation) (v Verdict, moved bool, err error) {
	for until := time.Now().Add(r.Timing.Other); ; {
		now, err := r.Store.Connection(ctx, r.conn.ID)
		if err != nil {
			return v, false, err
		}
		if now.Generation != r.conn.Generation {
			return v, true, nil
		}
		attempts, err := r.Store.Attempts(ctx, r.conn.ID, r.conn.Generation)
		if err != nil {
			return v, false, err
		}
		s.Others = others(attempts, own.ID)
		if v = r.conn.Judge(reply, s); v.Action != AwaitOther {
			return v, false, nil
		}
		select {
		case <-time.After(r.Timing.Poll):
			s.Waited = !time.Now().Before(until)
		case <-ctx.Done():
			return v, false, &Unavailable{ID: r.conn.ID, Reason: AnotherTries, Err: ctx.Err()}
		}
	}
}

func others(all []Attempt, own AttemptID) []Attempt {
	var rest []Attempt
	for _, a := range all {
		if a.ID != own {
			rest = append(rest, a)
		}
	}
	return rest
}

// winner is the connection as another left it.
func (r *renewal) winner(ctx context.Context) (Connection, error) {
	c, err := r.Store.Connection(ctx, r.conn.ID)
	switch {
	case err != nil:
		return c, err
	case !c.Lendable():
		return c, c.unusable()
	case c.Generation == r.conn.Generation:
		return c, &Unavailable{ID: c.ID, Reason: AnotherTries}
	}
	return c, nil
}

// later leaves the connection as it is, for a while. A client that is refused opens
// its circuit, which is said once; the connection itself need not wait, so that it
// heals as soon as the client does.
func (r *renewal) later(ctx context.Context, v Verdict, reply Reply) (Connection, error) {
	now, c := r.now(), r.conn
	c.Reason, c.RetryAt = v.Reason, now.Add(v.Wait)
	c.Failures++
	if v.Reason == CredentialsWrong {
		circuit := r.circuit.Open(now, v.Reason)
		e := Event{At: now, Kind: CircuitOpened, By: Itself, Account: c.Account, Client: r.client.ID, Detail: r.client.Identifier}
		if err := r.Store.OpenCircuit(ctx, circuit, e); err != nil {
			return c, err
		}
		c.RetryAt, v.Wait = time.Time{}, circuit.RetryAt.Sub(now)
	}
	if err := r.Store.Postpone(ctx, c, r.conn.Claim.Owner); err != nil && !errors.Is(err, ErrConflict) {
		return c, err
	}
	return c, &Unavailable{ID: c.ID, RetryAfter: v.Wait, Reason: v.Reason, Err: reply.Err}
}
