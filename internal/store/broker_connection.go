package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

const connectionColumns = `id, account, product, client_id, grant_type, user_id, user_name, user_email, user_role,
	state, reason, generation, scope_asked, scope_granted, access_sealed, access_key_id, refresh_sealed, refresh_key_id,
	access_issued_at, access_expires_at, refresh_expires_at, forced, created_at, renewed_at, last_used_at,
	failures, retry_at, tend_at, claim_owner, claim_counter, former_of`

func scanConnection(row scanner) (c broker.Connection, err error) {
	var user sql.NullInt64
	var asked, granted string
	var forced, issued, expires, refreshExpires, created, renewed, used, retry, tend int64
	err = row.Scan(&c.ID, &c.Account, &c.Product, &c.Client, &c.Grant, &user, &c.User.Name, &c.User.Email, &c.User.Role,
		&c.State, &c.Reason, &c.Generation, &asked, &granted, &c.Access.Bytes, &c.Access.Key, &c.Refresh.Bytes, &c.Refresh.Key,
		&issued, &expires, &refreshExpires, &forced, &created, &renewed, &used,
		&c.Failures, &retry, &tend, &c.Claim.Owner, &c.Claim.Counter, &c.FormerOf)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Connection{}, err
	}
	c.User.ID = user.Int64
	c.Asked, c.Granted = scopeFrom(asked), scopeFrom(granted)
	c.AccessIssued, c.AccessExpires, c.RefreshExpires = since(issued), since(expires), since(refreshExpires)
	c.Forced = forced != 0
	c.Created, c.RenewedAt, c.LastUsedAt, c.RetryAt = since(created), since(renewed), since(used), since(retry)
	c.TendAt = since(tend)
	return c, nil
}

// insertConnection makes a pending connection and fills in its number.
func insertConnection(ctx context.Context, t *tx, c *broker.Connection) error {
	return t.QueryRowContext(ctx, `
		INSERT INTO broker_connections (account, product, client_id, grant_type, user_id, user_name, user_email, user_role,
			state, reason, generation, scope_asked, scope_granted, access_sealed, access_key_id, refresh_sealed, refresh_key_id,
			access_issued_at, access_expires_at, refresh_expires_at, forced, created_at, renewed_at, last_used_at,
			failures, retry_at, tend_at, claim_owner, claim_counter, former_of)
		VALUES ($1, $2, $3, $4, NULL, '', '', '', $5, $6, 0, $7, '', NULL, 0, NULL, 0, 0, 0, 0, 0, $8, 0, 0, 0, 0, 0, '', 0, $9)
		RETURNING id`,
		c.Account, c.Product, c.Client, c.Grant, c.State, c.Reason, c.Asked.String(), instant(c.Created), c.FormerOf).Scan(&c.ID)
}

func (s brokerStore) AddPending(ctx context.Context, c broker.Connection) (broker.Connection, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error { return insertConnection(ctx, t, &c) })
	return c, err
}

func (s brokerStore) Adopt(ctx context.Context, c broker.Connection, e broker.Event) error {
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		if _, err := connectionOf(ctx, t, c); err == nil {
			return broker.ErrConflict
		}
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections
			SET state = $1, reason = $2, user_id = $3, user_name = $4, user_email = $5, user_role = $6, generation = $7,
				scope_granted = $8, access_sealed = $9, access_key_id = $10, refresh_sealed = $11, refresh_key_id = $12,
				access_issued_at = $13, access_expires_at = $14, refresh_expires_at = $15, renewed_at = $16, tend_at = $17, words = $18
			WHERE id = $19 AND generation = 0 AND state = 'pending'`,
			c.State, c.Reason, c.User.ID, c.User.Name, c.User.Email, c.User.Role, c.Generation,
			c.Granted.String(), sealedBytes(c.Access), c.Access.Key, sealedBytes(c.Refresh), c.Refresh.Key,
			instant(c.AccessIssued), instant(c.AccessExpires), instant(c.RefreshExpires), instant(c.RenewedAt), instant(c.TendAt), wordsColumn(c), c.ID); err != nil {
			return err
		}
		if err := writeWords(ctx, t, c); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
	return s.lost(err)
}

func (s brokerStore) Move(ctx context.Context, c broker.Connection, from broker.State, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET state = $1, reason = $2 WHERE id = $3 AND state = $4`,
			c.State, c.Reason, c.ID, from); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}

func (s brokerStore) Remove(ctx context.Context, c broker.Connection, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_connections
			WHERE id = $1 AND generation = $2 AND state = 'disabled' AND claim_owner = $3 AND claim_counter = $4`,
			c.ID, c.Generation, c.Claim.Owner, c.Claim.Counter); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}

func (s brokerStore) KeepTokens(ctx context.Context, c broker.Connection) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections
			SET generation = $1, scope_granted = $2, access_sealed = $3, access_key_id = $4, refresh_sealed = $5, refresh_key_id = $6,
				access_issued_at = $7, access_expires_at = $8, refresh_expires_at = $9, renewed_at = $10, tend_at = $11
			WHERE id = $12 AND generation = 0 AND state = 'pending'`,
			c.Generation, c.Granted.String(), sealedBytes(c.Access), c.Access.Key, sealedBytes(c.Refresh), c.Refresh.Key,
			instant(c.AccessIssued), instant(c.AccessExpires), instant(c.RefreshExpires), instant(c.RenewedAt), instant(c.TendAt), c.ID)
	}, c.ID)
}

func (s brokerStore) SettleConnection(ctx context.Context, c broker.Connection, e broker.Event) error {
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		if _, err := connectionOf(ctx, t, c); err == nil {
			return broker.ErrConflict
		}
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections
			SET state = $1, reason = $2, user_id = $3, user_name = $4, user_email = $5, user_role = $6, words = $7
			WHERE id = $8 AND generation = $9 AND state = 'pending'`,
			c.State, c.Reason, c.User.ID, c.User.Name, c.User.Email, c.User.Role, wordsColumn(c), c.ID, c.Generation); err != nil {
			return err
		}
		if err := writeWords(ctx, t, c); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
	return s.lost(err)
}

func (s brokerStore) MergeConnection(ctx context.Context, next, former broker.Connection, flow broker.FlowID, events ...broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := keepFormer(ctx, t, former); err != nil {
			return err
		}
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections
			SET state = $1, reason = $2, user_name = $3, user_email = $4, user_role = $5, scope_asked = $6, scope_granted = $7,
				generation = $8, access_sealed = $9, access_key_id = $10, refresh_sealed = $11, refresh_key_id = $12,
				access_issued_at = $13, access_expires_at = $14, refresh_expires_at = $15, forced = 0, renewed_at = $16,
				tend_at = $17, words = $18, failures = 0, retry_at = 0, claim_owner = ''
			WHERE id = $19 AND generation = $20 AND CASE WHEN state = 'disabled' THEN 1 ELSE 0 END = $21`,
			next.State, next.Reason, next.User.Name, next.User.Email, next.User.Role, next.Asked.String(), next.Granted.String(),
			next.Generation, sealedBytes(next.Access), next.Access.Key, sealedBytes(next.Refresh), next.Refresh.Key,
			instant(next.AccessIssued), instant(next.AccessExpires), instant(next.RefreshExpires), instant(next.RenewedAt),
			instant(next.TendAt), wordsColumn(next), next.ID, next.Generation-1, truth(next.State == broker.Disabled)); err != nil {
			return err
		}
		if err := writeWords(ctx, t, next); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `UPDATE broker_flows SET connection_id = $1 WHERE id = $2`, next.ID, flow); err != nil {
			return err
		}
		for _, e := range events {
			if err := addBrokerEvent(ctx, t, e); err != nil {
				return err
			}
		}
		return nil
	}, next.ID, former.ID)
}

// keepFormer has a pending row keep the tokens that it is given, or removes it where
// there are none.
func keepFormer(ctx context.Context, t *tx, c broker.Connection) error {
	if c.Access.IsZero() {
		return t.swap(ctx, broker.ErrConflict, `DELETE FROM broker_connections WHERE id = $1 AND state = 'pending'`, c.ID)
	}
	return t.swap(ctx, broker.ErrConflict, `
		UPDATE broker_connections
		SET reason = $1, former_of = $2, generation = $3, access_sealed = $4, access_key_id = $5, refresh_sealed = $6, refresh_key_id = $7,
			access_issued_at = $8, access_expires_at = $9, refresh_expires_at = $10, tend_at = 0
		WHERE id = $11 AND state = 'pending'`,
		c.Reason, c.FormerOf, c.Generation, sealedBytes(c.Access), c.Access.Key, sealedBytes(c.Refresh), c.Refresh.Key,
		instant(c.AccessIssued), instant(c.AccessExpires), instant(c.RefreshExpires), c.ID)
}

func (s brokerStore) Connection(ctx context.Context, id broker.ConnectionID) (broker.Connection, error) {
	return scanConnection(s.db.reads.QueryRowContext(ctx,
		`SELECT `+connectionColumns+` FROM broker_connections WHERE id = $1`, id))
}

func (s brokerStore) ConnectionOf(ctx context.Context, c broker.Connection) (broker.Connection, error) {
	return connectionOf(ctx, s.db.reads, c)
}

func connectionOf(ctx context.Context, q querier, c broker.Connection) (broker.Connection, error) {
	return scanConnection(q.QueryRowContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE client_id = $1 AND account = $2 AND product = $3 AND grant_type = $4 AND user_id = $5`,
		c.Client, c.Account, c.Product, c.Grant, c.User.ID))
}

func (s brokerStore) Connections(ctx context.Context, after broker.ConnectionID, limit int) ([]broker.Connection, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE id > $1 AND generation > 0 AND reason NOT IN ('sign_in', 'former') ORDER BY id LIMIT $2`, after, limit)
	return collect(rows, err, scanConnection)
}

func (s brokerStore) Used(ctx context.Context, at map[broker.ConnectionID]time.Time) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		for _, id := range slices.Sorted(maps.Keys(at)) { // in one order, or two steps wait for each other
			used := at[id]
			// Another replica may have noted a later use.
			if _, err := t.ExecContext(ctx, `
				UPDATE broker_connections SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1`, instant(used), id); err != nil {
				return err
			}
		}
		return nil
	})
}
