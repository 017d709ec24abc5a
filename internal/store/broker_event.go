package store

import (
	"context"
	"fmt"

	"github.com/deskauth/deskauth/internal/broker"
)

// eventsInOrder names the row that whoever writes events on PostgreSQL holds until its
// commit. Numbers are handed out while a transaction is under way: without it one could
// commit a lower number after another has committed a higher one, and who follows the
// trail, and has read as far as that, would never see it.
//
// It is taken when a step has done everything else, so that nobody who holds it waits for
// a row of another's.
const eventsInOrder = `
	INSERT INTO broker_settings (name, value) VALUES ('events in order', $1)
	ON CONFLICT (name) DO UPDATE SET value = excluded.value`

// writeEvents writes those that the step tells of.
func (t *tx) writeEvents(ctx context.Context) error {
	if len(t.events) == 0 {
		return nil
	}
	if t.prepared == nil { // SQLite has one writer
		if _, err := t.ExecContext(ctx, eventsInOrder, []byte{}); err != nil {
			return err
		}
	}
	for _, e := range t.events {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_events (at, kind, actor, account, connection_id, pass_id, client_id, detail, words)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			instant(e.At), e.Kind, e.By.String(), e.Account, e.Connection, e.Pass, e.Client, e.Detail, e.Words()); err != nil {
			return err
		}
	}
	return nil
}

const recordedColumns = `id, at, kind, actor, account, connection_id, pass_id, client_id, detail`

// chosenEvents is the condition that a filter makes behind one argument.
func chosenEvents(f broker.EventFilter, place any) narrowing {
	n := narrowing{args: []any{place}}
	if f.Connection != 0 {
		n.add(` AND connection_id = $%d`, f.Connection)
	}
	if f.Pass != 0 {
		n.add(` AND pass_id = $%d`, f.Pass)
	}
	if f.Client != 0 {
		n.add(` AND client_id = $%d`, f.Client)
	}
	if f.Kind != "" {
		n.add(` AND kind = $%d`, f.Kind)
	}
	if f.Account != "" {
		n.add(` AND account = $%d`, f.Account)
	}
	if f.By != (broker.Actor{}) {
		n.add(` AND actor = $%d`, f.By.String())
	}
	if f.Words != "" {
		n.add(` AND words LIKE $%d ESCAPE '!'`, containing(f.Words))
	}
	if !f.Since.IsZero() {
		n.add(` AND at >= $%d`, instant(f.Since))
	}
	if !f.Until.IsZero() {
		n.add(` AND at < $%d`, instant(f.Until))
	}
	return n
}

func (s brokerStore) Events(ctx context.Context, f broker.EventFilter, after broker.EventID, limit int) ([]broker.Recorded, error) {
	n := chosenEvents(f, after)
	query := `SELECT ` + recordedColumns + ` FROM broker_events WHERE id > $1` + n.condition +
		fmt.Sprintf(` ORDER BY id LIMIT $%d`, len(n.args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, append(n.args, limit)...)
	return collect(rows, err, scanRecorded)
}

func (s brokerStore) FindEvents(ctx context.Context, f broker.EventFilter, before broker.EventID, limit int) ([]broker.Recorded, error) {
	n := chosenEvents(f, before)
	query := `SELECT ` + recordedColumns + ` FROM broker_events WHERE id < $1` + n.condition +
		fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(n.args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, append(n.args, limit)...)
	return collect(rows, err, scanRecorded)
}

func scanRecorded(row scanner) (r broker.Recorded, err error) {
	var at int64
	var actor string
	err = row.Scan(&r.ID, &at, &r.Kind, &actor, &r.Account, &r.Connection, &r.Pass, &r.Client, &r.Detail)
	r.At = since(at)
	r.By, _ = broker.ParseActor(actor)
	return r, err
}

func (s brokerStore) LatestEvents(ctx context.Context, id broker.ConnectionID, limit int) ([]broker.Recorded, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+recordedColumns+` FROM broker_events
		WHERE connection_id = $1 ORDER BY id DESC LIMIT $2`, id, limit)
	return collect(rows, err, scanRecorded)
}

func (s brokerStore) LatestAttempts(ctx context.Context, id broker.ConnectionID, limit int) ([]broker.Attempt, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT id, connection_id, generation, number, owner, forced, sent_at, outcome, error, closed_at
		FROM broker_attempts WHERE connection_id = $1 ORDER BY generation DESC, number DESC LIMIT $2`, id, limit)
	return collect(rows, err, scanAttempt)
}
