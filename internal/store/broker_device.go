package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) UnallowedDevices(ctx context.Context, address string, now time.Time) (ofAddress, all int, err error) {
	if err := s.db.reads.QueryRowContext(ctx, `
		SELECT count(*) FROM broker_devices WHERE expires_at > $1 AND state IN ('open', 'denied') AND address = $2`,
		instant(now), address).Scan(&ofAddress); err != nil {
		return 0, 0, err
	}
	err = s.db.reads.QueryRowContext(ctx, `
		SELECT count(*) FROM broker_devices WHERE expires_at > $1 AND state IN ('open', 'denied')`, instant(now)).Scan(&all)
	return ofAddress, all, err
}

func (s brokerStore) AddDevice(ctx context.Context, d broker.Device) error {
	return s.lost(s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			INSERT INTO broker_devices (device_digest, user_digest, program, account, product, scope, address,
				created_at, expires_at, pause, polled_at, state, connection_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (user_digest) DO NOTHING`,
			d.Code.Bytes(), d.UserCode.Bytes(), d.Program, d.Account, d.Product, d.Scope.String(), d.Address,
			instant(d.Created), instant(d.Expires), int64(d.Pause/time.Second), instant(d.Polled), d.State, d.Connection)
	}))
}

const deviceColumns = `id, device_digest, user_digest, program, account, product, scope, address,
	created_at, expires_at, pause, polled_at, state, connection_id`

func scanDevice(row scanner) (d broker.Device, err error) {
	var code, user []byte
	var scope string
	var created, expires, pause, polled int64
	err = row.Scan(&d.ID, &code, &user, &d.Program, &d.Account, &d.Product, &scope, &d.Address,
		&created, &expires, &pause, &polled, &d.State, &d.Connection)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Device{}, err
	}
	d.Code, d.UserCode, d.Scope = digestFrom(code), digestFrom(user), scopeFrom(scope)
	d.Created, d.Expires, d.Polled = since(created), since(expires), since(polled)
	d.Pause = time.Duration(pause) * time.Second
	return d, nil
}

func (s brokerStore) Device(ctx context.Context, id broker.DeviceID) (broker.Device, error) {
	return scanDevice(s.db.reads.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM broker_devices WHERE id = $1`, id))
}

func (s brokerStore) DeviceByCode(ctx context.Context, code secret.Digest) (broker.Device, error) {
	return scanDevice(s.db.reads.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM broker_devices WHERE device_digest = $1`, code.Bytes()))
}

func (s brokerStore) DeviceByUserCode(ctx context.Context, code secret.Digest) (broker.Device, error) {
	return scanDevice(s.db.reads.QueryRowContext(ctx, `SELECT `+deviceColumns+` FROM broker_devices WHERE user_digest = $1`, code.Bytes()))
}

func (s brokerStore) DevicePolled(ctx context.Context, d broker.Device, before time.Time) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_devices SET polled_at = $1, pause = $2 WHERE id = $3 AND polled_at = $4`,
			instant(d.Polled), int64(d.Pause/time.Second), d.ID, instant(before))
	})
}

func (s brokerStore) DecideDevice(ctx context.Context, d broker.Device, now time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_devices SET state = $1, connection_id = $2, account = $3
			WHERE id = $4 AND state = 'open' AND expires_at > $5`, d.State, d.Connection, d.Account, d.ID, instant(now)); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) SpendDevice(ctx context.Context, id broker.DeviceID, k broker.Key, e broker.Event) (broker.Key, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// The swap comes first: it holds the row until this step is over.
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_devices SET state = 'spent' WHERE id = $1 AND state = 'allowed'`, id); err != nil {
			return err
		}
		if err := insertKey(ctx, t, &k); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
	return k, err
}
