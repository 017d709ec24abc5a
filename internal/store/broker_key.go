package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) AddKey(ctx context.Context, k broker.Key, e broker.Event) (broker.Key, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := insertKey(ctx, t, &k); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
	return k, err
}

// insertKey stores a key and fills in its number.
func insertKey(ctx context.Context, t *tx, k *broker.Key) error {
	var can, connections []string
	for _, p := range k.Can {
		can = append(can, string(p))
	}
	for _, id := range k.Connections {
		connections = append(connections, strconv.FormatInt(int64(id), 10))
	}
	return t.QueryRowContext(ctx, `
		INSERT INTO broker_keys (name, digest, can, connections, created_at, expires_at, last_used_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0) RETURNING id`,
		k.Name, k.Digest.Bytes(), strings.Join(can, " "), strings.Join(connections, " "),
		instant(k.Created), instant(k.Expires)).Scan(&k.ID)
}

const keyColumns = `id, name, digest, can, connections, created_at, expires_at, last_used_at, ended_at`

func scanKey(row scanner) (k broker.Key, err error) {
	var digest []byte
	var can, connections string
	var created, expires, used, ended int64
	err = row.Scan(&k.ID, &k.Name, &digest, &can, &connections, &created, &expires, &used, &ended)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Key{}, err
	}
	k.Digest = digestFrom(digest)
	for _, p := range strings.Fields(can) {
		k.Can = append(k.Can, broker.Power(p))
	}
	for _, text := range strings.Fields(connections) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return broker.Key{}, err
		}
		k.Connections = append(k.Connections, broker.ConnectionID(id))
	}
	k.Created, k.Expires, k.LastUsed, k.Ended = since(created), since(expires), since(used), since(ended)
	return k, nil
}

func (s brokerStore) Key(ctx context.Context, d secret.Digest) (broker.Key, error) {
	return scanKey(s.db.reads.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM broker_keys WHERE digest = $1`, d.Bytes()))
}

func (s brokerStore) Keys(ctx context.Context) ([]broker.Key, error) {
	rows, err := s.db.reads.QueryContext(ctx, `SELECT `+keyColumns+` FROM broker_keys ORDER BY id`)
	return collect(rows, err, scanKey)
}

func (s brokerStore) EndKey(ctx context.Context, id broker.KeyID, at time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrNotFound, `
			UPDATE broker_keys SET ended_at = $1 WHERE id = $2 AND ended_at = 0`, instant(at), id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) KeysUsed(ctx context.Context, at map[broker.KeyID]time.Time) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		for id, used := range at {
			if _, err := t.ExecContext(ctx, `
				UPDATE broker_keys SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1`, instant(used), id); err != nil {
				return err
			}
		}
		return nil
	})
}
