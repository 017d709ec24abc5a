package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) AddWebhook(ctx context.Context, w broker.Webhook) (broker.Webhook, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.QueryRowContext(ctx, `
			INSERT INTO broker_webhooks (url, state, created_at) VALUES ($1, $2, $3) RETURNING id`,
			w.URL, broker.WebhookNew, instant(w.Created)).Scan(&w.ID)
	})
	return w, err
}

func (s brokerStore) StartWebhook(ctx context.Context, w broker.Webhook, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_webhooks SET state = 'on' WHERE id = $1 AND state = 'new'`, w.ID); err != nil {
			return err
		}
		for _, kind := range w.Types {
			if _, err := t.ExecContext(ctx, `
				INSERT INTO broker_webhook_types (webhook_id, type) VALUES ($1, $2)`, w.ID, kind); err != nil {
				return err
			}
		}
		for _, one := range w.Secrets {
			if err := addWebhookSecret(ctx, t, w.ID, one); err != nil {
				return err
			}
		}
		return addBrokerEvent(ctx, t, e)
	})
}

// addWebhookSecret conflicts where the number is taken.
func addWebhookSecret(ctx context.Context, t *tx, id broker.WebhookID, s broker.WebhookSecret) error {
	return t.swap(ctx, broker.ErrConflict, `
		INSERT INTO broker_webhook_secrets (webhook_id, number, sealed, key_id, added_at, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (webhook_id, number) DO NOTHING`,
		id, s.Number, s.Sealed.Bytes, s.Sealed.Key, instant(s.Added), instant(s.Ends))
}

const webhookColumns = `id, url, state, created_at, on_since, dropped`

func scanWebhook(row scanner) (w broker.Webhook, err error) {
	var created, on int64
	err = row.Scan(&w.ID, &w.URL, &w.State, &created, &on, &w.Dropped)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Webhook{}, err
	}
	w.Created, w.OnSince = since(created), since(on)
	return w, nil
}

func (s brokerStore) Webhook(ctx context.Context, id broker.WebhookID) (broker.Webhook, error) {
	w, err := scanWebhook(s.db.reads.QueryRowContext(ctx, `
		SELECT `+webhookColumns+` FROM broker_webhooks WHERE id = $1 AND state <> 'new'`, id))
	if err != nil {
		return w, err
	}
	return s.withParts(ctx, w)
}

func (s brokerStore) Webhooks(ctx context.Context, after broker.WebhookID, limit int) ([]broker.Webhook, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+webhookColumns+` FROM broker_webhooks WHERE id > $1 AND state <> 'new' ORDER BY id LIMIT $2`, after, limit)
	all, err := collect(rows, err, scanWebhook)
	if err != nil {
		return nil, err
	}
	for i, w := range all { // they are few
		if all[i], err = s.withParts(ctx, w); err != nil {
			return nil, err
		}
		for j := range all[i].Secrets {
			all[i].Secrets[j].Sealed = broker.Sealed{}
		}
	}
	return all, nil
}

// withParts reads a webhook's types and secrets.
func (s brokerStore) withParts(ctx context.Context, w broker.Webhook) (broker.Webhook, error) {
	rows, err := s.db.reads.QueryContext(ctx, `SELECT type FROM broker_webhook_types WHERE webhook_id = $1 ORDER BY type`, w.ID)
	w.Types, err = collect(rows, err, func(row scanner) (t broker.NoticeType, err error) { return t, row.Scan(&t) })
	if err != nil {
		return w, err
	}
	rows, err = s.db.reads.QueryContext(ctx, `
		SELECT number, sealed, key_id, added_at, ends_at FROM broker_webhook_secrets WHERE webhook_id = $1 ORDER BY number`, w.ID)
	w.Secrets, err = collect(rows, err, func(row scanner) (one broker.WebhookSecret, err error) {
		var added, ends int64
		err = row.Scan(&one.Number, &one.Sealed.Bytes, &one.Sealed.Key, &added, &ends)
		one.Added, one.Ends = since(added), since(ends)
		return one, err
	})
	return w, err
}

func (s brokerStore) RollWebhook(ctx context.Context, id broker.WebhookID, next broker.WebhookSecret, ends time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_webhook_secrets SET ends_at = $1 WHERE webhook_id = $2 AND number = $3`,
			instant(ends), id, next.Number-1); err != nil {
			return err
		}
		if err := addWebhookSecret(ctx, t, id, next); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			DELETE FROM broker_webhook_secrets WHERE webhook_id = $1 AND number < $2`, id, next.Number-1); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) RemoveWebhook(ctx context.Context, id broker.WebhookID, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrNotFound, `
			DELETE FROM broker_webhooks WHERE id = $1 AND state <> 'new'`, id); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `DELETE FROM broker_deliveries WHERE webhook_id = $1`, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) EndWebhook(ctx context.Context, w broker.Webhook, at time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_webhooks SET state = $1 WHERE id = $2 AND state = 'on'`, w.State, w.ID); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			UPDATE broker_deliveries SET state = 'failed', reason = $1, last_at = $2
			WHERE webhook_id = $3 AND state = 'pending'`, broker.Overtaken, instant(at), w.ID); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) ResumeWebhook(ctx context.Context, id broker.WebhookID, from broker.WebhookState, at time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_webhooks SET state = 'on', on_since = $1, dropped = 0 WHERE id = $2 AND state = $3`, instant(at), id, from); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

// webhooksFor are those that ask for a type.
func webhooksFor(ctx context.Context, t *tx, kind broker.NoticeType) ([]broker.WebhookID, error) {
	rows, err := t.QueryContext(ctx, `
		SELECT w.id FROM broker_webhook_types k JOIN broker_webhooks w ON w.id = k.webhook_id
		WHERE k.type = $1 AND w.state = 'on' ORDER BY w.id`, kind)
	return collect(rows, err, scanWebhookID)
}

func scanWebhookID(row scanner) (id broker.WebhookID, err error) { return id, row.Scan(&id) }

// addNotice writes a notice in the step that it tells of, if somebody wants to know.
// It is one row however many do: what it adds to the step of a renewal is bounded.
func addNotice(ctx context.Context, t *tx, n broker.Notice) error {
	asked, err := webhooksFor(ctx, t, n.Type)
	if err != nil || len(asked) == 0 {
		return err
	}
	_, err = t.ExecContext(ctx, `
		INSERT INTO broker_notices (at, type, body) VALUES ($1, $2, $3)`, instant(n.At), n.Type, n.Body)
	return err
}

type storedNotice struct {
	id int64
	broker.Notice
}

func scanNotice(row scanner) (n storedNotice, err error) {
	var at int64
	err = row.Scan(&n.id, &at, &n.Type, &n.Body)
	n.At = since(at)
	return n, err
}

func (s brokerStore) FanOut(ctx context.Context, limit int) (int, error) {
	rows, err := s.db.reads.QueryContext(ctx, `SELECT id, at, type, body FROM broker_notices ORDER BY id LIMIT $1`, limit)
	waiting, err := collect(rows, err, scanNotice)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// Of several replicas one takes a notice: the first that deletes it.
		rows, err := t.QueryContext(ctx, `
			DELETE FROM broker_notices WHERE id <= $1 RETURNING id, at, type, body`, waiting[len(waiting)-1].id)
		taken, err := collect(rows, err, scanNotice)
		if err != nil {
			return err
		}
		slices.SortFunc(taken, func(a, b storedNotice) int { return cmp.Compare(a.id, b.id) })
		asked := map[broker.NoticeType][]broker.WebhookID{}
		for _, n := range taken {
			ids, known := asked[n.Type]
			if !known {
				if ids, err = webhooksFor(ctx, t, n.Type); err != nil {
					return err
				}
				asked[n.Type] = ids
			}
			for _, id := range ids {
				d := broker.Delivery{Webhook: id, Message: broker.MessageID(n.id, n.At), Notice: n.Notice, State: broker.DeliveryPending}
				if err := insertDelivery(ctx, t, &d); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return len(waiting), err
}
