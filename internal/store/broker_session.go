package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) Session(ctx context.Context, d secret.Digest) (broker.Session, error) {
	v := broker.Session{Digest: d}
	var created, checked int64
	var named bool
	err := s.db.reads.QueryRowContext(ctx, `
		SELECT s.id, s.account, s.user_id, s.user_name, s.user_email, s.user_role, s.created_at, s.checked_at,
			EXISTS (SELECT 1 FROM broker_operators o WHERE o.account = s.account AND o.user_id = s.user_id)
		FROM broker_sessions s WHERE s.digest = $1`, d.Bytes()).
		Scan(&v.ID, &v.Account, &v.User.ID, &v.User.Name, &v.User.Email, &v.User.Role, &created, &checked, &named)
	v.Created, v.Checked, v.Named = since(created), since(checked), named
	return v, found(err, broker.ErrNotFound)
}

func (s brokerStore) AddSession(ctx context.Context, v broker.Session, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error { return addSession(ctx, t, v, e) })
}

func addSession(ctx context.Context, t *tx, v broker.Session, e broker.Event) error {
	if _, err := t.ExecContext(ctx, `
		INSERT INTO broker_sessions (digest, account, user_id, user_name, user_email, user_role, created_at, checked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		v.Digest.Bytes(), v.Account, v.User.ID, v.User.Name, v.User.Email, v.User.Role, instant(v.Created), instant(v.Checked)); err != nil {
		return err
	}
	return addBrokerEvent(ctx, t, e)
}

func (s brokerStore) EndSession(ctx context.Context, d secret.Digest) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrNotFound, `DELETE FROM broker_sessions WHERE digest = $1`, d.Bytes())
	})
}

var brokerOldSessions = []string{
	`DELETE FROM broker_sessions WHERE id IN (
		SELECT id FROM broker_sessions WHERE checked_at < $1 ORDER BY checked_at LIMIT $2)`,
}

func (s brokerStore) PruneSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, brokerOldSessions, before, limit)
}

func (s brokerStore) Operators(ctx context.Context) ([]broker.Operator, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT account, user_id, user_name, created_at FROM broker_operators ORDER BY created_at, account, user_id`)
	return collect(rows, err, func(row scanner) (o broker.Operator, err error) {
		var created int64
		err = row.Scan(&o.Account, &o.User.ID, &o.User.Name, &created)
		o.Since = since(created)
		return o, err
	})
}

func (s brokerStore) RemoveOperator(ctx context.Context, account string, user int64, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrNotFound, `
			DELETE FROM broker_operators WHERE account = $1 AND user_id = $2`, account, user); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) Invitation(ctx context.Context) (i broker.Invitation, err error) {
	var digest []byte
	var expires int64
	err = s.db.reads.QueryRowContext(ctx, `SELECT digest, expires_at FROM broker_invitations WHERE id = 1`).Scan(&digest, &expires)
	i.Digest, i.Expires = digestFrom(digest), since(expires)
	return i, found(err, broker.ErrNotFound)
}

func (s brokerStore) KeepInvitation(ctx context.Context, i broker.Invitation) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_invitations (id, digest, expires_at) VALUES (1, $1, $2)
			ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, expires_at = excluded.expires_at`,
			i.Digest.Bytes(), instant(i.Expires))
		return err
	})
}

func (s brokerStore) AddFirst(ctx context.Context, i broker.Invitation, v broker.Session, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_invitations WHERE id = 1 AND digest = $1`, i.Digest.Bytes()); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_operators (account, user_id, user_name, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, user_id) DO NOTHING`, v.Account, v.User.ID, v.User.Name, instant(v.Created)); err != nil {
			return err
		}
		return addSession(ctx, t, v, e)
	})
}

func (s brokerStore) LeftBehind(ctx context.Context, before time.Time, limit int) ([]broker.Connection, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE state = 'pending' AND reason IN ('sign_in', 'former') AND generation > 0 AND created_at < $1 ORDER BY id LIMIT $2`,
		instant(before), limit)
	return collect(rows, err, scanConnection)
}
