package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskauth/deskauth/internal/broker"
)

// Broker returns the broker's steps on this database.
func (d *DB) Broker() broker.Store { return brokerStore{d} }

// brokerStore is apart from DB so that its method names are the broker's own.
type brokerStore struct{ db *DB }

// querier is what reads: beside the writer, or inside a step.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// lost is a swap's conflict in the broker's language.
func (s brokerStore) lost(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" { // unique_violation: another inserted first
		return broker.ErrConflict
	}
	return err
}

// instant is how the broker's rows keep a time: microseconds, 0 for none.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// since is the time of such a number.
func since(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// sealedBytes is NULL for what is not there.
func sealedBytes(s broker.Sealed) any {
	if s.IsZero() {
		return nil
	}
	return s.Bytes
}

const canaryName = "canary"

func (s brokerStore) KeepCanary(ctx context.Context, sealed []byte) (kept []byte, err error) {
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO NOTHING`, canaryName, sealed); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, canaryName).Scan(&kept)
	})
	return kept, err
}

const zendeskName = "zendesk"

func (s brokerStore) Zendesk(ctx context.Context) (string, error) {
	var kept []byte
	err := s.db.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, zendeskName).Scan(&kept)
	return string(kept), found(err, broker.ErrNotFound)
}

func (s brokerStore) KeepZendesk(ctx context.Context, template string) (string, error) {
	var kept []byte
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value
			WHERE NOT EXISTS (SELECT 1 FROM broker_connections)`, zendeskName, []byte(template)); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, zendeskName).Scan(&kept)
	})
	return string(kept), err
}

func (s brokerStore) MoveZendesk(ctx context.Context, template string) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, zendeskName, []byte(template))
		return err
	})
}

func (s brokerStore) ChooseClient(ctx context.Context, c broker.Client) (broker.Client, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO broker_clients (account, product, identifier, chosen_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, product, identifier) DO UPDATE SET chosen_at = excluded.chosen_at
			RETURNING id`,
			c.Account, c.Product, c.Identifier, instant(c.ChosenAt)).Scan(&c.ID); err != nil {
			return err
		}
		var err error
		c.Secrets, err = readSecrets(ctx, t, c.ID)
		return err
	})
	return c, err
}

func (s brokerStore) ReplaceSecrets(ctx context.Context, c broker.Client, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `DELETE FROM broker_client_secrets WHERE client_id = $1`, c.ID); err != nil {
			return err
		}
		for i, secret := range c.Secrets {
			if _, err := t.ExecContext(ctx, `
				INSERT INTO broker_client_secrets (client_id, position, sealed, key_id) VALUES ($1, $2, $3, $4)`,
				c.ID, i, secret.Bytes, secret.Key); err != nil {
				return err
			}
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM broker_circuits WHERE client_id = $1`, c.ID); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func readSecrets(ctx context.Context, q querier, id broker.ClientID) ([]broker.Sealed, error) {
	rows, err := q.QueryContext(ctx, `
		SELECT sealed, key_id FROM broker_client_secrets WHERE client_id = $1 ORDER BY position`, id)
	return collect(rows, err, func(row scanner) (s broker.Sealed, err error) {
		return s, row.Scan(&s.Bytes, &s.Key)
	})
}

func (s brokerStore) Client(ctx context.Context, id broker.ClientID) (broker.Client, error) {
	return s.client(ctx, s.db.reads.QueryRowContext(ctx, `
		SELECT id, account, product, identifier, chosen_at FROM broker_clients WHERE id = $1`, id))
}

func (s brokerStore) ClientFor(ctx context.Context, account string, p broker.Product) (broker.Client, error) {
	// The empty account of the global ones sorts after every name.
	return s.client(ctx, s.db.reads.QueryRowContext(ctx, `
		SELECT id, account, product, identifier, chosen_at FROM broker_clients
		WHERE (account = $1 OR account = '') AND product = $2
		ORDER BY account DESC, chosen_at DESC, id DESC LIMIT 1`, account, p))
}

func (s brokerStore) client(ctx context.Context, row *sql.Row) (c broker.Client, err error) {
	var chosen int64
	if err := found(row.Scan(&c.ID, &c.Account, &c.Product, &c.Identifier, &chosen), broker.ErrNotFound); err != nil {
		return broker.Client{}, err
	}
	c.ChosenAt = since(chosen)
	c.Secrets, err = readSecrets(ctx, s.db.reads, c.ID)
	return c, err
}

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

// addBrokerEvent writes an event in the step that it tells of; one without a kind
// tells nothing.
func addBrokerEvent(ctx context.Context, t *tx, e broker.Event) error {
	if e.Kind == "" {
		return nil
	}
	_, err := t.ExecContext(ctx, `
		INSERT INTO broker_events (at, kind, account, connection_id, client_id, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
		instant(e.At), e.Kind, e.Account, e.Connection, e.Client, e.Detail)
	return err
}
