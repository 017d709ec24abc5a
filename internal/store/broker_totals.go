package store

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// CountDying reads an index alone, once.
func (s brokerStore) CountDying(ctx context.Context, by [len(broker.DyingDays)]time.Time) (counts [len(broker.DyingDays)]int, err error) {
	args := make([]any, len(by))
	for i, t := range by {
		args[i] = instant(t)
	}
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT CASE
			WHEN refresh_expires_at <= $1 THEN 0 WHEN refresh_expires_at <= $2 THEN 1
			WHEN refresh_expires_at <= $3 THEN 2 WHEN refresh_expires_at <= $4 THEN 3
			WHEN refresh_expires_at <= $5 THEN 4 WHEN refresh_expires_at <= $6 THEN 5
			WHEN refresh_expires_at <= $7 THEN 6 WHEN refresh_expires_at <= $8 THEN 7
			END AS part, count(*)
		FROM broker_connections
		WHERE state = 'active' AND refresh_expires_at > 0 AND refresh_expires_at <= $8 GROUP BY part`, args...)
	type count struct{ part, n int }
	all, err := collect(rows, err, func(row scanner) (c count, err error) {
		err = row.Scan(&c.part, &c.n)
		return c, err
	})
	for _, c := range all {
		for i := c.part; i < len(counts); i++ { // what ends within a day ends within three
			counts[i] += c.n
		}
	}
	return counts, err
}

func (s brokerStore) CountCircuits(ctx context.Context) (n int, err error) {
	err = s.db.reads.QueryRowContext(ctx, `SELECT count(*) FROM broker_circuits`).Scan(&n)
	return n, err
}

func (s brokerStore) CountDeliveriesPending(ctx context.Context) (n int, err error) {
	err = s.db.reads.QueryRowContext(ctx, `SELECT count(*) FROM broker_deliveries WHERE state = 'pending'`).Scan(&n)
	return n, err
}
