package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) BeginSending(ctx context.Context, next broker.Pass, sending broker.Sending) (broker.Sending, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := usePass(ctx, t, next); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `
			INSERT INTO broker_sendings (pass_id, state, began_at, moved_at, address) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			sending.Pass, sending.State, instant(sending.Began), instant(sending.Moved), sending.Address).Scan(&sending.ID)
	})
	return sending, err
}

// holdOpen makes sure that a sending is open until the step is over.
func holdOpen(ctx context.Context, t *tx, id broker.SendingID) error {
	return t.swap(ctx, broker.ErrConflict, `UPDATE broker_sendings SET state = 'open' WHERE id = $1 AND state = 'open'`, id)
}

func (s brokerStore) BeginFile(ctx context.Context, next broker.Pass, f broker.SentFile) (broker.SentFile, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := usePass(ctx, t, next); err != nil {
			return err
		}
		if err := holdOpen(ctx, t, f.Sending); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `
			INSERT INTO broker_sending_files (sending_id, name, bytes, token, key_id, expires_at)
			VALUES ($1, $2, $3, NULL, 0, 0) RETURNING id`, f.Sending, f.Name, f.Bytes).Scan(&f.ID)
	})
	return f, err
}

// giveBack lowers what a pass has given. It is no swap: nobody decides by it, and it
// is lowered by whatever it is then.
func giveBack(ctx context.Context, t *tx, pass broker.PassID, uses, bytes int64) error {
	_, err := t.ExecContext(ctx, `
		UPDATE broker_passes SET uses = uses - $1, bytes = bytes - $2, version = version + 1 WHERE id = $3`, uses, bytes, pass)
	return err
}

func (s brokerStore) KeepFile(ctx context.Context, pass broker.PassID, f broker.SentFile, taken int64) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := giveBack(ctx, t, pass, 0, taken-f.Bytes); err != nil {
			return err
		}
		if err := holdOpen(ctx, t, f.Sending); err != nil {
			return err
		}
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_sending_files SET bytes = $1, token = $2, key_id = $3, expires_at = $4 WHERE id = $5 AND sending_id = $6`,
			f.Bytes, sealedBytes(f.Token), f.Token.Key, instant(f.Expires), f.ID, f.Sending)
	})
}

func (s brokerStore) DropFile(ctx context.Context, pass broker.PassID, f broker.SentFile) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := giveBack(ctx, t, pass, 0, f.Bytes); err != nil {
			return err
		}
		if err := holdOpen(ctx, t, f.Sending); err != nil {
			return err
		}
		return t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_sending_files WHERE id = $1 AND sending_id = $2`, f.ID, f.Sending)
	})
}

func (s brokerStore) MoveSending(ctx context.Context, sending broker.Sending, from broker.SendingState, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_sendings SET state = $1, moved_at = $2 WHERE id = $3 AND pass_id = $4 AND state = $5`,
			sending.State, instant(sending.Moved), sending.ID, sending.Pass, from); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) ReturnSending(ctx context.Context, sending broker.Sending) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		var taken int64
		if err := t.QueryRowContext(ctx, `
			SELECT sum(bytes) FROM (SELECT 0 AS bytes UNION ALL SELECT bytes FROM broker_sending_files WHERE sending_id = $1) AS f`,
			sending.ID).Scan(&taken); err != nil {
			return err
		}
		if err := giveBack(ctx, t, sending.Pass, 1, taken); err != nil {
			return err
		}
		return t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_sendings WHERE id = $1 AND pass_id = $2 AND state = 'open'`, sending.ID, sending.Pass)
	})
}

const sendingColumns = `id, pass_id, state, began_at, moved_at, address`

func scanSending(row scanner) (sending broker.Sending, err error) {
	var began, moved int64
	err = row.Scan(&sending.ID, &sending.Pass, &sending.State, &began, &moved, &sending.Address)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Sending{}, err
	}
	sending.Began, sending.Moved = since(began), since(moved)
	return sending, nil
}

func scanSentFile(row scanner) (f broker.SentFile, err error) {
	var expires int64
	err = row.Scan(&f.ID, &f.Sending, &f.Name, &f.Bytes, &f.Token.Bytes, &f.Token.Key, &expires)
	f.Expires = since(expires)
	return f, err
}

// withFiles reads the files of sendings.
func (s brokerStore) withFiles(ctx context.Context, all []broker.Sending, err error) ([]broker.Sending, error) {
	for i := range all {
		if err != nil {
			break
		}
		rows, failed := s.db.reads.QueryContext(ctx, `
			SELECT id, sending_id, name, bytes, token, key_id, expires_at FROM broker_sending_files
			WHERE sending_id = $1 ORDER BY id`, all[i].ID)
		all[i].Files, err = collect(rows, failed, scanSentFile)
	}
	return all, err
}

func (s brokerStore) Sending(ctx context.Context, pass broker.PassID, id broker.SendingID) (broker.Sending, error) {
	one, err := scanSending(s.db.reads.QueryRowContext(ctx, `
		SELECT `+sendingColumns+` FROM broker_sendings WHERE id = $1 AND pass_id = $2`, id, pass))
	if err != nil {
		return one, err
	}
	all, err := s.withFiles(ctx, []broker.Sending{one}, nil)
	return all[0], err
}

func (s brokerStore) Sendings(ctx context.Context, pass broker.PassID, limit int) ([]broker.Sending, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+sendingColumns+` FROM broker_sendings WHERE pass_id = $1 ORDER BY id DESC LIMIT $2`, pass, limit)
	all, err := collect(rows, err, scanSending)
	return s.withFiles(ctx, all, err)
}

func (s brokerStore) Unfinished(ctx context.Context, before time.Time, limit int) ([]broker.Sending, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+sendingColumns+` FROM broker_sendings
		WHERE state IN ('open', 'finishing') AND moved_at < $1 ORDER BY moved_at LIMIT $2`, instant(before), limit)
	all, err := collect(rows, err, scanSending)
	return s.withFiles(ctx, all, err)
}
