package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// What came to nothing, and what is old.
var (
	brokerUnfinished = []string{
		`DELETE FROM broker_flows WHERE id IN (
			SELECT id FROM broker_flows WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		`DELETE FROM broker_answers WHERE id IN (
			SELECT id FROM broker_answers WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		`DELETE FROM broker_links WHERE id IN (
			SELECT id FROM broker_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		`DELETE FROM broker_devices WHERE id IN (
			SELECT id FROM broker_devices WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		`DELETE FROM broker_connections WHERE id IN (
			SELECT id FROM broker_connections WHERE state = 'pending' AND generation = 0 AND created_at < $1 LIMIT $2)`,
		`DELETE FROM broker_events WHERE id IN (
			SELECT id FROM broker_events WHERE kind = 'sign_in_failed' AND at < $1 ORDER BY at LIMIT $2)`,
		`DELETE FROM broker_events WHERE id IN (
			SELECT id FROM broker_events WHERE kind = 'device_denied' AND at < $1 ORDER BY at LIMIT $2)`,
	}
	brokerOldEvents = []string{
		`DELETE FROM broker_events WHERE id IN (
			SELECT id FROM broker_events WHERE at < $1 ORDER BY at LIMIT $2)`,
	}
)

func (s brokerStore) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, brokerUnfinished, before, limit)
}

func (s brokerStore) PruneEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, brokerOldEvents, before, limit)
}

// remove runs deletions of what is before an instant as one step, and counts what
// went.
func (s brokerStore) remove(ctx context.Context, queries []string, before time.Time, limit int) (int, error) {
	var gone int64
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		gone = 0
		for _, query := range queries {
			result, err := t.ExecContext(ctx, query, instant(before), limit)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			gone += n
		}
		return nil
	})
	return int(gone), err
}

func (s brokerStore) PruneAttempts(ctx context.Context, recent, old time.Time, limit int) (int, error) {
	// An open one may still be answered, and the last of each outcome says what
	// happened on these tokens (Connection.Judge).
	superfluous := []string{`DELETE FROM broker_attempts WHERE id IN (
		SELECT a.id FROM broker_attempts a
		WHERE a.sent_at < $1 AND a.outcome <> 'open' AND EXISTS (
			SELECT 1 FROM broker_attempts b
			WHERE b.connection_id = a.connection_id AND b.generation = a.generation AND b.outcome = a.outcome AND b.number > a.number)
		ORDER BY a.sent_at LIMIT $2)`}
	past := []string{`DELETE FROM broker_attempts WHERE id IN (
		SELECT a.id FROM broker_attempts a
		WHERE a.sent_at < $1 AND EXISTS (
			SELECT 1 FROM broker_connections c WHERE c.id = a.connection_id AND c.generation > a.generation)
		ORDER BY a.sent_at LIMIT $2)`}
	n, err := s.remove(ctx, superfluous, recent, limit)
	if err != nil {
		return n, err
	}
	more, err := s.remove(ctx, past, old, limit)
	return n + more, err
}

func (s brokerStore) Abandoned(ctx context.Context, before time.Time, limit int) ([]broker.Connection, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+connectionColumns+` FROM broker_connections
		WHERE state = 'pending' AND reason NOT IN ('sign_in', 'former') AND generation > 0 AND created_at < $1 ORDER BY id LIMIT $2`, instant(before), limit)
	return collect(rows, err, scanConnection)
}

func (s brokerStore) DropPending(ctx context.Context, c broker.Connection, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_connections WHERE id = $1 AND generation = $2 AND state = 'pending'`, c.ID, c.Generation); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}
