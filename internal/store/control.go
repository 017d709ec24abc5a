package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/deskauth/deskauth/internal/control"
)

// Control returns the steps of a demo's controls on this database.
func (d *DB) Control() control.Store { return controlStore{d} }

// controlStore is the controls' view of a database.
type controlStore struct{ db *DB }

var _ control.Store = controlStore{}

func (s controlStore) Clock(ctx context.Context) (c control.Clock, err error) {
	var base, set sql.NullInt64
	err = s.db.reads.QueryRowContext(ctx, `SELECT version, base_at, set_at, rate FROM control_clock WHERE id = 1`).
		Scan(&c.Version, &base, &set, &c.Rate)
	if errors.Is(err, sql.ErrNoRows) {
		return control.Clock{}, nil
	}
	c.Base, c.Set = fromNull(base), fromNull(set)
	return c, err
}

// SwapClock counts versions from 1, so a clock of version 0 has no row.
func (s controlStore) SwapClock(ctx context.Context, old, next control.Clock) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if old.Version == 0 {
			return t.swap(ctx, control.ErrConflict, `
				INSERT INTO control_clock (id, version, base_at, set_at, rate) VALUES (1, $1, $2, $3, $4)
				ON CONFLICT (id) DO NOTHING`,
				next.Version, orNull(next.Base), orNull(next.Set), next.Rate)
		}
		return t.swap(ctx, control.ErrConflict, `
			UPDATE control_clock SET version = $1, base_at = $2, set_at = $3, rate = $4
			WHERE id = 1 AND version = $5`,
			next.Version, orNull(next.Base), orNull(next.Set), next.Rate, old.Version)
	})
}
