package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) Claim(ctx context.Context, c broker.Connection, owner string) (broker.Connection, error) {
	next := c
	next.Claim = broker.Claim{Owner: owner, Counter: c.Claim.Counter + 1}
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET claim_owner = $1, claim_counter = $2
			WHERE id = $3 AND generation = $4 AND state = $5 AND claim_owner = $6 AND claim_counter = $7`,
			next.Claim.Owner, next.Claim.Counter, c.ID, c.Generation, c.State, c.Claim.Owner, c.Claim.Counter)
	}, c.ID)
	return next, err
}

func (s brokerStore) HoldClaim(ctx context.Context, id broker.ConnectionID, owner string) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error { return holdClaim(ctx, t, id, owner) }, id)
}

func holdClaim(ctx context.Context, t *tx, id broker.ConnectionID, owner string) error {
	return t.swap(ctx, broker.ErrConflict, `
		UPDATE broker_connections SET claim_counter = claim_counter + 1 WHERE id = $1 AND claim_owner = $2`, id, owner)
}

func (s brokerStore) Attempts(ctx context.Context, id broker.ConnectionID, generation int64) ([]broker.Attempt, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT id, connection_id, generation, number, owner, forced, sent_at, outcome, error, closed_at
		FROM broker_attempts WHERE connection_id = $1 AND generation = $2 ORDER BY number`, id, generation)
	return collect(rows, err, scanAttempt)
}

func scanAttempt(row scanner) (a broker.Attempt, err error) {
	var forced, sent, closed int64
	err = row.Scan(&a.ID, &a.Connection, &a.Generation, &a.Number, &a.Owner, &forced, &sent, &a.Outcome, &a.Error, &closed)
	a.Forced, a.SentAt, a.ClosedAt = forced != 0, since(sent), since(closed)
	if a.Outcome == broker.Open {
		a.Error = "" // the ballast
	}
	return a, err
}

// ballast stands in an open attempt, on SQLite. Closing it frees the pages that the
// new tokens may need: a file that may not grow any more refuses the attempt, before
// anything is sent, and not the tokens, which would be lost. Two pages suffice for
// what sealed tokens grow by, and two for the notice that goes with them.
var ballast = sync.OnceValue(func() string { return strings.Repeat("-", 4*4096) })

func (s brokerStore) ballast() string {
	if s.db.engine == SQLite {
		return ballast()
	}
	return ""
}

func (s brokerStore) OpenAttempt(ctx context.Context, a broker.Attempt) (broker.Attempt, error) {
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		// Who slept through the loss of the claim finds out here, before it sends.
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET claim_counter = claim_counter + 1
			WHERE id = $1 AND generation = $2 AND claim_owner = $3`, a.Connection, a.Generation, a.Owner); err != nil {
			return err
		}
		var last int
		err := t.QueryRowContext(ctx, `
			SELECT number FROM broker_attempts WHERE connection_id = $1 AND generation = $2 ORDER BY number DESC LIMIT 1`,
			a.Connection, a.Generation).Scan(&last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		a.Number = last + 1
		return t.QueryRowContext(ctx, `
			INSERT INTO broker_attempts (connection_id, generation, number, owner, forced, sent_at, outcome, error, closed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) RETURNING id`,
			a.Connection, a.Generation, a.Number, a.Owner, truth(a.Forced), instant(a.SentAt), a.Outcome, s.ballast()).Scan(&a.ID)
	}, a.Connection)
	return a, s.lost(err)
}

func (s brokerStore) CloseAttempt(ctx context.Context, a broker.Attempt) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error { return closeAttempt(ctx, t, a) })
}

func closeAttempt(ctx context.Context, t *tx, a broker.Attempt) error {
	return t.swap(ctx, broker.ErrConflict, `
		UPDATE broker_attempts SET outcome = $1, error = $2, closed_at = $3 WHERE id = $4 AND outcome = 'open'`,
		a.Outcome, a.Error, instant(a.ClosedAt), a.ID)
}

func (s brokerStore) Renew(ctx context.Context, next broker.Connection, a broker.Attempt) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		// First, because it frees what the tokens may need.
		if err := closeAttempt(ctx, t, a); err != nil {
			return err
		}
		// The state that was loaded may be old by now; what Connection.Next says of
		// it is said here of the row's own: it heals what was lost, and leaves what
		// a person ended.
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections
			SET state = CASE WHEN state IN ('active', 'reauthorize', 'in_doubt') THEN 'active' ELSE state END,
				reason = CASE WHEN state IN ('active', 'reauthorize', 'in_doubt') THEN '' ELSE reason END,
				generation = $1, scope_granted = $2, access_sealed = $3, access_key_id = $4, refresh_sealed = $5, refresh_key_id = $6,
				access_issued_at = $7, access_expires_at = $8, refresh_expires_at = $9, forced = $10, renewed_at = $11,
				tend_at = $12, failures = 0, retry_at = 0, claim_owner = ''
			WHERE id = $13 AND generation = $14`,
			next.Generation, next.Granted.String(), sealedBytes(next.Access), next.Access.Key, sealedBytes(next.Refresh), next.Refresh.Key,
			instant(next.AccessIssued), instant(next.AccessExpires), instant(next.RefreshExpires), truth(next.Forced), instant(next.RenewedAt),
			instant(next.TendAt), next.ID, next.Generation-1); err != nil {
			return err
		}
		if n, is := next.RenewedNotice(); is {
			return addNotice(ctx, t, n)
		}
		return nil
	}, next.ID)
}

func (s brokerStore) Postpone(ctx context.Context, c broker.Connection, owner string) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET reason = $1, failures = $2, retry_at = $3, claim_owner = ''
			WHERE id = $4 AND generation = $5 AND claim_owner = $6`,
			c.Reason, c.Failures, instant(c.RetryAt), c.ID, c.Generation, owner)
	}, c.ID)
}

func (s brokerStore) Condemn(ctx context.Context, c broker.Connection, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET state = $1, reason = $2, claim_owner = ''
			WHERE id = $3 AND generation = $4 AND state NOT IN ('revoked', 'disabled')`,
			c.State, c.Reason, c.ID, c.Generation); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}

func (s brokerStore) SetExpiry(ctx context.Context, c broker.Connection) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET access_expires_at = $1, tend_at = $2 WHERE id = $3 AND generation = $4`,
			instant(c.AccessExpires), instant(c.TendAt), c.ID, c.Generation)
	}, c.ID)
}

func (s brokerStore) Untended(ctx context.Context, now time.Time, after broker.ConnectionID, limit int) ([]broker.Connection, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE state = 'active' AND tend_at > 0 AND tend_at <= $1 AND retry_at <= $1 AND id > $2 ORDER BY id LIMIT $3`,
		instant(now), after, limit)
	return collect(rows, err, scanConnection)
}

func (s brokerStore) Tended(ctx context.Context, c broker.Connection, next time.Time) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET tend_at = $1 WHERE id = $2 AND generation = $3 AND tend_at = $4`,
			instant(next), c.ID, c.Generation, instant(c.TendAt))
	}, c.ID)
}
