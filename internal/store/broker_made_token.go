package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) AskToken(ctx context.Context, m broker.MadeToken) (broker.MadeToken, error) {
	m.Next = m.Asked
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.QueryRowContext(ctx, `
			INSERT INTO broker_made_tokens (connection_id, account, token_id, client_number, identifier, scope, ticket, why, maker,
				state, reason, asked_at, due_at, ended_at, tries, next_at)
			VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, 0, 0, $12) RETURNING id`,
			m.Connection, m.Account, m.Client, m.Identifier, m.Scope.String(), m.Ticket, m.Why, m.Maker.String(),
			m.State, instant(m.Asked), instant(m.Due), instant(m.Next)).Scan(&m.ID)
	})
	return m, err
}

const madeTokenColumns = `id, connection_id, account, token_id, client_number, identifier, scope, ticket, why, maker,
	state, reason, asked_at, due_at, ended_at, tries, next_at`

func scanMadeToken(row scanner) (m broker.MadeToken, err error) {
	var scope, maker string
	var asked, due, ended, next int64
	err = row.Scan(&m.ID, &m.Connection, &m.Account, &m.Token, &m.Client, &m.Identifier, &scope, &m.Ticket, &m.Why, &maker,
		&m.State, &m.Reason, &asked, &due, &ended, &m.Tries, &next)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.MadeToken{}, err
	}
	m.Scope = scopeFrom(scope)
	m.Maker, _ = broker.ParseActor(maker)
	m.Asked, m.Due, m.Ended, m.Next = since(asked), since(due), since(ended), since(next)
	return m, nil
}

func (s brokerStore) MadeToken(ctx context.Context, id broker.MadeTokenID) (broker.MadeToken, error) {
	return scanMadeToken(s.db.reads.QueryRowContext(ctx, `SELECT `+madeTokenColumns+` FROM broker_made_tokens WHERE id = $1`, id))
}

func (s brokerStore) MadeTokens(ctx context.Context, of broker.ConnectionID, after broker.MadeTokenID, limit int) ([]broker.MadeToken, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+madeTokenColumns+` FROM broker_made_tokens
		WHERE (connection_id = $1 OR $1 = 0) AND id > $2 ORDER BY id LIMIT $3`, of, after, limit)
	return collect(rows, err, scanMadeToken)
}

func (s brokerStore) MoveMadeToken(ctx context.Context, next, from broker.MadeToken, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_made_tokens SET token_id = $1, state = $2, reason = $3, ended_at = $4, tries = $5, next_at = $6
			WHERE id = $7 AND state = $8 AND tries = $9`,
			next.Token, next.State, next.Reason, instant(next.Ended), next.Tries, instant(next.Next),
			from.ID, from.State, from.Tries); err != nil || e.Kind == "" {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) DropMadeToken(ctx context.Context, id broker.MadeTokenID) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_made_tokens WHERE id = $1 AND state = 'asking'`, id)
	})
}

func (s brokerStore) TokensDue(ctx context.Context, state broker.MadeTokenState, now time.Time, limit int) ([]broker.MadeToken, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+madeTokenColumns+` FROM broker_made_tokens
		WHERE state = $1 AND next_at <= $2 ORDER BY next_at, id LIMIT $3`, state, instant(now), limit)
	return collect(rows, err, scanMadeToken)
}

// A token that is over has been for as long as the trail goes back; one in doubt stays
// until somebody has looked.
var brokerOldTokens = []string{
	`DELETE FROM broker_made_tokens WHERE id IN (
		SELECT id FROM broker_made_tokens WHERE state IN ('revoked', 'left') AND ended_at < $1 ORDER BY id LIMIT $2)`,
}

func (s brokerStore) PruneMadeTokens(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, brokerOldTokens, before, limit)
}
