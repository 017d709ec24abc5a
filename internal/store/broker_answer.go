package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) AddAnswer(ctx context.Context, a broker.Answer) (broker.Answer, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// One that is over makes room, though it was not pruned yet.
		if _, err := t.ExecContext(ctx, `
			DELETE FROM broker_answers WHERE key_id = $1 AND name_digest = $2 AND expires_at <= $3`,
			a.Key, a.Name.Bytes(), instant(a.Begun)); err != nil {
			return err
		}
		return found(t.QueryRowContext(ctx, `
			INSERT INTO broker_answers (key_id, name_digest, fingerprint, begun_at, expires_at, status, answer_sealed, answer_key_id)
			VALUES ($1, $2, $3, $4, $5, 0, NULL, 0)
			ON CONFLICT (key_id, name_digest) DO NOTHING RETURNING id`,
			a.Key, a.Name.Bytes(), a.Fingerprint[:], instant(a.Begun), instant(a.Expires)).Scan(&a.ID), broker.ErrConflict)
	})
	return a, err
}

func (s brokerStore) Answer(ctx context.Context, key broker.KeyID, name secret.Digest) (a broker.Answer, err error) {
	var fingerprint []byte
	var begun, expires int64
	err = found(s.db.reads.QueryRowContext(ctx, `
		SELECT id, fingerprint, begun_at, expires_at, status, answer_sealed, answer_key_id
		FROM broker_answers WHERE key_id = $1 AND name_digest = $2`, key, name.Bytes()).
		Scan(&a.ID, &fingerprint, &begun, &expires, &a.Status, &a.Sealed.Bytes, &a.Sealed.Key), broker.ErrNotFound)
	a.Key, a.Name, a.Begun, a.Expires = key, name, since(begun), since(expires)
	copy(a.Fingerprint[:], fingerprint)
	return a, err
}

func (s brokerStore) KeepAnswer(ctx context.Context, a broker.Answer) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_answers SET status = $1, answer_sealed = $2, answer_key_id = $3 WHERE id = $4 AND status = 0`,
			a.Status, sealedBytes(a.Sealed), a.Sealed.Key, a.ID)
	})
}

func (s brokerStore) DropAnswer(ctx context.Context, id broker.AnswerID) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `DELETE FROM broker_answers WHERE id = $1 AND status = 0`, id)
		return err
	})
}
