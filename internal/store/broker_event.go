package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) Events(ctx context.Context, f broker.EventFilter, after broker.EventID, limit int) ([]broker.Recorded, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT id, at, kind, account, connection_id, client_id, detail FROM broker_events
		WHERE id > $1 AND (connection_id = $2 OR $2 = 0) AND (kind = $3 OR $3 = '') AND at >= $4
		ORDER BY id LIMIT $5`, after, f.Connection, f.Kind, instant(f.Since), limit)
	return collect(rows, err, scanRecorded)
}

func scanRecorded(row scanner) (r broker.Recorded, err error) {
	var at int64
	err = row.Scan(&r.ID, &at, &r.Kind, &r.Account, &r.Connection, &r.Client, &r.Detail)
	r.At = since(at)
	return r, err
}

func (s brokerStore) LatestEvents(ctx context.Context, id broker.ConnectionID, limit int) ([]broker.Recorded, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT id, at, kind, account, connection_id, client_id, detail FROM broker_events
		WHERE connection_id = $1 ORDER BY id DESC LIMIT $2`, id, limit)
	return collect(rows, err, scanRecorded)
}

func (s brokerStore) LatestAttempts(ctx context.Context, id broker.ConnectionID, limit int) ([]broker.Attempt, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT id, connection_id, generation, number, owner, forced, sent_at, outcome, error, closed_at
		FROM broker_attempts WHERE connection_id = $1 ORDER BY generation DESC, number DESC LIMIT $2`, id, limit)
	return collect(rows, err, scanAttempt)
}
