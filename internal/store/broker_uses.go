package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/deskauth/deskauth/internal/broker"
)

func (s brokerStore) AddUses(ctx context.Context, all []broker.DayUses) error {
	all = slices.SortedFunc(slices.Values(all), func(a, b broker.DayUses) int { // in one order, or two steps wait for each other
		return cmp.Or(cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Day, b.Day))
	})
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		for _, u := range all {
			if _, err := t.ExecContext(ctx, `
				INSERT INTO broker_days (connection_id, day, lent, called) VALUES ($1, $2, $3, $4)
				ON CONFLICT (connection_id, day) DO UPDATE SET
					lent = broker_days.lent + excluded.lent, called = broker_days.called + excluded.called`,
				u.Connection, u.Day, u.Lent, u.Called); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s brokerStore) UsesSince(ctx context.Context, id broker.ConnectionID, day broker.Day) ([]broker.DayUses, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT connection_id, day, lent, called FROM broker_days WHERE connection_id = $1 AND day >= $2 ORDER BY day DESC`, id, day)
	return collect(rows, err, func(row scanner) (u broker.DayUses, err error) {
		err = row.Scan(&u.Connection, &u.Day, &u.Lent, &u.Called)
		return u, err
	})
}

func (s brokerStore) PruneUses(ctx context.Context, before broker.Day, limit int) (int, error) {
	var gone int64
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// A row has no number of its own: days go connection by connection.
		result, err := t.ExecContext(ctx, `
			DELETE FROM broker_days WHERE day < $1 AND connection_id IN (
				SELECT connection_id FROM broker_days WHERE day < $1 ORDER BY day LIMIT $2)`, before, limit)
		if err == nil {
			gone, err = result.RowsAffected()
		}
		return err
	})
	return int(gone), err
}

func (s brokerStore) Refused(ctx context.Context, c broker.Connection, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET refused_generation = generation
			WHERE id = $1 AND generation = $2 AND refused_generation < $2`, c.ID, c.Generation); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, c.ID)
}
