package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) AddLink(ctx context.Context, l broker.ConnectLink, e broker.Event) (broker.ConnectLink, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO broker_links (digest, connection_id, account, product, scope, return_to, key_id, maker,
				created_at, expires_at, revoked_at, spent_at, flow_id, made_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, 0) RETURNING id`,
			l.Digest.Bytes(), l.Connection, l.Account, l.Product, l.Scope.String(), l.ReturnTo, l.Key, l.Maker,
			instant(l.Created), instant(l.Expires)).Scan(&l.ID); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
	return l, err
}

const linkColumns = `id, digest, connection_id, account, product, scope, return_to, key_id, maker,
	created_at, expires_at, revoked_at, spent_at, flow_id, made_id`

func scanLink(row scanner) (l broker.ConnectLink, err error) {
	var digest []byte
	var scope string
	var created, expires, revoked, spent int64
	err = row.Scan(&l.ID, &digest, &l.Connection, &l.Account, &l.Product, &scope, &l.ReturnTo, &l.Key, &l.Maker,
		&created, &expires, &revoked, &spent, &l.Flow, &l.Made)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.ConnectLink{}, err
	}
	l.Digest, l.Scope = digestFrom(digest), scopeFrom(scope)
	l.Created, l.Expires, l.Revoked, l.Spent = since(created), since(expires), since(revoked), since(spent)
	return l, nil
}

func (s brokerStore) Link(ctx context.Context, id broker.LinkID) (broker.ConnectLink, error) {
	return scanLink(s.db.reads.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM broker_links WHERE id = $1`, id))
}

func (s brokerStore) LinkOf(ctx context.Context, d secret.Digest) (broker.ConnectLink, error) {
	return scanLink(s.db.reads.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM broker_links WHERE digest = $1`, d.Bytes()))
}

func (s brokerStore) Links(ctx context.Context, of broker.KeyID, after broker.LinkID, limit int) ([]broker.ConnectLink, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+linkColumns+` FROM broker_links WHERE id > $1 AND (key_id = $2 OR $2 = 0) ORDER BY id LIMIT $3`, after, of, limit)
	return collect(rows, err, scanLink)
}

func (s brokerStore) RevokeLink(ctx context.Context, id broker.LinkID, at time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_links SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0 AND spent_at = 0`, instant(at), id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) SpendLink(ctx context.Context, id broker.LinkID, by broker.FlowID, at time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_links SET spent_at = $1, flow_id = $2 WHERE id = $3 AND spent_at = 0 AND revoked_at = 0`,
			instant(at), by, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) LinkCame(ctx context.Context, id broker.LinkID, c broker.ConnectionID) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `UPDATE broker_links SET made_id = $1 WHERE id = $2`, c, id)
		return err
	})
}

func (s brokerStore) RefuseFlow(ctx context.Context, id broker.FlowID, c broker.Connection, why broker.Kind, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_connections WHERE id = $1 AND generation = $2 AND state = 'pending'`, c.ID, c.Generation); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			UPDATE broker_flows SET outcome = $1, connection_id = 0 WHERE id = $2`, why, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}
