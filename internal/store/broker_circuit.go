package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) Circuit(ctx context.Context, id broker.ClientID, account string) (broker.Circuit, error) {
	c := broker.Circuit{Client: id, Account: account}
	var opened, retry int64
	err := s.db.reads.QueryRowContext(ctx, `
		SELECT opened_at, retry_at, failures, reason FROM broker_circuits WHERE client_id = $1 AND account = $2`,
		id, account).Scan(&opened, &retry, &c.Failures, &c.Reason)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil
	}
	c.OpenedAt, c.RetryAt = since(opened), since(retry)
	return c, err
}

func (s brokerStore) OpenCircuit(ctx context.Context, c broker.Circuit, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		err := t.swap(ctx, broker.ErrConflict, `
			INSERT INTO broker_circuits (client_id, account, opened_at, retry_at, failures, reason)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (client_id, account) DO NOTHING`,
			c.Client, c.Account, instant(c.OpenedAt), instant(c.RetryAt), c.Failures, c.Reason)
		switch {
		case err == nil: // of all replicas and connections that meet it, the first says it
			return addBrokerEvent(ctx, t, e)
		case !errors.Is(err, broker.ErrConflict):
			return err
		}
		_, err = t.ExecContext(ctx, `
			UPDATE broker_circuits SET retry_at = $1, failures = $2, reason = $3
			WHERE client_id = $4 AND account = $5 AND retry_at < $1`,
			instant(c.RetryAt), c.Failures, c.Reason, c.Client, c.Account)
		return err
	})
}

func (s brokerStore) CloseCircuit(ctx context.Context, id broker.ClientID, account string) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `DELETE FROM broker_circuits WHERE client_id = $1 AND account = $2`, id, account)
		return err
	})
}

func (s brokerStore) EndCircuit(ctx context.Context, id broker.ClientID, account string, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrNotFound, `
			DELETE FROM broker_circuits WHERE client_id = $1 AND account = $2`, id, account); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

// circuits are those of the clients that a condition names.
func (s brokerStore) circuits(ctx context.Context, condition string, args ...any) ([]broker.Circuit, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT client_id, account, opened_at, retry_at, failures, reason FROM broker_circuits
		WHERE `+condition+` ORDER BY client_id, account`, args...)
	return collect(rows, err, func(row scanner) (c broker.Circuit, err error) {
		var opened, retry int64
		err = row.Scan(&c.Client, &c.Account, &opened, &retry, &c.Failures, &c.Reason)
		c.OpenedAt, c.RetryAt = since(opened), since(retry)
		return c, err
	})
}
