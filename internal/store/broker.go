package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/deskauth/deskauth/internal/broker"
)

// Broker returns the broker's steps on this database.
func (d *DB) Broker() broker.Store { return brokerStore{d} }

// brokerStore is apart from DB so that its method names are the broker's own.
type brokerStore struct{ db *DB }

// querier is what reads: beside the writer, or inside a step.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// lost is a swap's conflict in the broker's language.
func (s brokerStore) lost(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" { // unique_violation: another inserted first
		return broker.ErrConflict
	}
	return err
}

// instant is how the broker's rows keep a time: microseconds, 0 for none.
func instant(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// since is the time of such a number.
func since(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// sealedBytes is NULL for what is not there.
func sealedBytes(s broker.Sealed) any {
	if s.IsZero() {
		return nil
	}
	return s.Bytes
}

const canaryName = "canary"

// KeepCanary, like all that is kept at a start, looks before it writes: many commands
// may start at once on one file.
func (s brokerStore) KeepCanary(ctx context.Context, sealed []byte) (kept []byte, err error) {
	if kept, err = s.Canary(ctx); err == nil {
		return kept, nil
	}
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO NOTHING`, canaryName, sealed); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, canaryName).Scan(&kept)
	})
	return kept, err
}

const zendeskName = "zendesk"

func (s brokerStore) Zendesk(ctx context.Context) (string, error) {
	var kept []byte
	err := s.db.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, zendeskName).Scan(&kept)
	return string(kept), found(err, broker.ErrNotFound)
}

func (s brokerStore) KeepZendesk(ctx context.Context, template string) (string, error) {
	if now, err := s.Zendesk(ctx); err == nil && now == template {
		return now, nil
	}
	var kept []byte
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value
			WHERE NOT EXISTS (SELECT 1 FROM broker_connections)`, zendeskName, []byte(template)); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, zendeskName).Scan(&kept)
	})
	return string(kept), err
}

func (s brokerStore) MoveZendesk(ctx context.Context, template string) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, zendeskName, []byte(template))
		return err
	})
}

// addBrokerEvent has an event written at the end of the step that it tells of; one without
// a kind tells nothing.
func addBrokerEvent(ctx context.Context, t *tx, e broker.Event) error {
	if e.Kind == "" {
		return nil
	}
	t.events = append(t.events, e)
	if n, told := e.Notice(); told {
		return addNotice(ctx, t, n)
	}
	return nil
}
