package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// insertDelivery stores a delivery and fills in its number.
func insertDelivery(ctx context.Context, t *tx, d *broker.Delivery) error {
	return t.QueryRowContext(ctx, `
		INSERT INTO broker_deliveries (webhook_id, message, at, type, body, state, tries, next_at, last_at, status, reason)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, '') RETURNING id`,
		d.Webhook, d.Message, instant(d.At), d.Type, d.Body, d.State).Scan(&d.ID)
}

func (s brokerStore) AddDelivery(ctx context.Context, d broker.Delivery) (broker.Delivery, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// The number of a notice that nobody else sees makes its message.
		var number int64
		if err := t.QueryRowContext(ctx, `
			INSERT INTO broker_notices (at, type, body) VALUES ($1, $2, $3) RETURNING id`,
			instant(d.At), d.Type, d.Body).Scan(&number); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM broker_notices WHERE id = $1`, number); err != nil {
			return err
		}
		d.Message = broker.MessageID(number, d.At)
		return insertDelivery(ctx, t, &d)
	})
	return d, err
}

func (s brokerStore) WebhooksDue(ctx context.Context, now time.Time) ([]broker.WebhookID, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT DISTINCT webhook_id FROM broker_deliveries WHERE state = 'pending' AND next_at <= $1`, instant(now))
	return collect(rows, err, scanWebhookID)
}

const deliveryColumns = `id, webhook_id, message, at, type, body, state, tries, next_at, last_at, status, reason`

func scanDelivery(row scanner) (d broker.Delivery, err error) {
	var at, next, last int64
	err = row.Scan(&d.ID, &d.Webhook, &d.Message, &at, &d.Type, &d.Body, &d.State, &d.Tries, &next, &last, &d.Status, &d.Reason)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Delivery{}, err
	}
	d.At, d.Next, d.Last = since(at), since(next), since(last)
	return d, nil
}

func (s brokerStore) DueDeliveries(ctx context.Context, id broker.WebhookID, now time.Time, limit int) ([]broker.Delivery, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+deliveryColumns+` FROM broker_deliveries
		WHERE webhook_id = $1 AND state = 'pending' AND next_at <= $2 ORDER BY next_at, id LIMIT $3`, id, instant(now), limit)
	return collect(rows, err, scanDelivery)
}

func (s brokerStore) Deliveries(ctx context.Context, id broker.WebhookID, limit int) ([]broker.Delivery, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+deliveryColumns+` FROM broker_deliveries WHERE webhook_id = $1 ORDER BY id DESC LIMIT $2`, id, limit)
	return collect(rows, err, scanDelivery)
}

func (s brokerStore) Delivery(ctx context.Context, webhook broker.WebhookID, id broker.DeliveryID) (broker.Delivery, error) {
	return scanDelivery(s.db.reads.QueryRowContext(ctx, `
		SELECT `+deliveryColumns+` FROM broker_deliveries WHERE webhook_id = $1 AND id = $2`, webhook, id))
}

func (s brokerStore) MoveDelivery(ctx context.Context, d, from broker.Delivery) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_deliveries SET state = $1, tries = $2, next_at = $3, last_at = $4, status = $5, reason = $6
			WHERE id = $7 AND state = $8 AND tries = $9 AND next_at = $10`,
			d.State, d.Tries, instant(d.Next), instant(d.Last), d.Status, d.Reason, d.ID, from.State, from.Tries, instant(from.Next))
	})
}

func (s brokerStore) DropDeliveries(ctx context.Context, id broker.WebhookID) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `DELETE FROM broker_deliveries WHERE webhook_id = $1`, id)
		return err
	})
}

func (s brokerStore) FailingSince(ctx context.Context, id broker.WebhookID, after time.Time) (time.Time, error) {
	var took, failed sql.NullInt64
	if err := s.db.reads.QueryRowContext(ctx, `
		SELECT max(last_at) FROM broker_deliveries WHERE webhook_id = $1 AND state = 'delivered'`, id).Scan(&took); err != nil {
		return time.Time{}, err
	}
	err := s.db.reads.QueryRowContext(ctx, `
		SELECT min(last_at) FROM broker_deliveries WHERE webhook_id = $1 AND state = 'failed' AND last_at > $2`,
		id, max(took.Int64, instant(after))).Scan(&failed)
	return since(failed.Int64), err
}

func (s brokerStore) TrimDeliveries(ctx context.Context, id broker.WebhookID, most int, e broker.Event) (int, error) {
	var last int64 // that is too many
	err := s.db.reads.QueryRowContext(ctx, `
		SELECT id FROM broker_deliveries WHERE webhook_id = $1 AND state = 'pending' ORDER BY id DESC LIMIT 1 OFFSET $2`, id, most).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	var dropped int64
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		result, err := t.ExecContext(ctx, `
			DELETE FROM broker_deliveries WHERE webhook_id = $1 AND state = 'pending' AND id <= $2`, id, last)
		if err != nil {
			return err
		}
		if dropped, err = result.RowsAffected(); err != nil || dropped == 0 {
			return err
		}
		var all int64
		err = t.QueryRowContext(ctx, `
			UPDATE broker_webhooks SET dropped = dropped + $1 WHERE id = $2 RETURNING dropped`, dropped, id).Scan(&all)
		if errors.Is(err, sql.ErrNoRows) { // removed meanwhile
			return nil
		} else if err != nil || all > dropped {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
	return int(dropped), err
}

func (s brokerStore) PruneDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, []string{
		`DELETE FROM broker_deliveries WHERE id IN (
			SELECT id FROM broker_deliveries WHERE state <> 'pending' AND last_at < $1 ORDER BY last_at LIMIT $2)`,
		`DELETE FROM broker_webhooks WHERE id IN (
			SELECT id FROM broker_webhooks WHERE state = 'new' AND created_at < $1 ORDER BY id LIMIT $2)`,
	}, before, limit)
}

func (s brokerStore) Expiring(ctx context.Context, now, by time.Time, after broker.ConnectionID, limit int) ([]broker.Connection, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE state IN ('active', 'disabled') AND refresh_expires_at > $1 AND refresh_expires_at <= $2
			AND warned_generation < generation AND id > $3 ORDER BY id LIMIT $4`,
		instant(now), instant(by), after, limit)
	return collect(rows, err, scanConnection)
}

func (s brokerStore) Warned(ctx context.Context, c broker.Connection, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET warned_generation = generation
			WHERE id = $1 AND generation = $2 AND warned_generation < $2`, c.ID, c.Generation); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}
