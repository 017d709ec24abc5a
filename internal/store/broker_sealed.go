package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
)

const sealingKeyName = "sealing key"

// text is how a sealing key is kept in the settings: three numbers.
func sealingKeyText(k broker.SealingKey) []byte {
	return fmt.Appendf(nil, "%d %d %d", k.Current, k.Next, k.Asked)
}

func sealingKeyFrom(text []byte) (k broker.SealingKey, err error) {
	if _, err := fmt.Sscanf(string(text), "%d %d %d", &k.Current, &k.Next, &k.Asked); err != nil {
		return k, fmt.Errorf("the setting %q is damaged", sealingKeyName)
	}
	return k, nil
}

func (s brokerStore) SealingKey(ctx context.Context) (broker.SealingKey, error) {
	var text []byte
	err := s.db.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, sealingKeyName).Scan(&text)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.SealingKey{}, err
	}
	return sealingKeyFrom(text)
}

func (s brokerStore) KeepSealingKey(ctx context.Context, first broker.SealingKey) (broker.SealingKey, error) {
	if k, err := s.SealingKey(ctx); err == nil {
		return k, nil
	}
	var kept []byte
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO NOTHING`, sealingKeyName, sealingKeyText(first)); err != nil {
			return err
		}
		return t.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, sealingKeyName).Scan(&kept)
	})
	if err != nil {
		return first, err
	}
	return sealingKeyFrom(kept)
}

func (s brokerStore) OfferKey(ctx context.Context, from, to broker.SealingKey) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error { return swapSealingKey(ctx, t, from, to) })
}

func swapSealingKey(ctx context.Context, t *tx, from, to broker.SealingKey) error {
	return t.swap(ctx, broker.ErrConflict, `
		UPDATE broker_settings SET value = $1 WHERE name = $2 AND value = $3`,
		sealingKeyText(to), sealingKeyName, sealingKeyText(from))
}

func (s brokerStore) TakeKey(ctx context.Context, from, to broker.SealingKey, holders []broker.Keyholder) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// First, because it keeps HoldKeys out until this step is over.
		if err := swapSealingKey(ctx, t, from, to); err != nil {
			return err
		}
		now, err := keyholders(ctx, t)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(now, holders, sameHolder) {
			return broker.ErrConflict
		}
		return nil
	})
}

func sameHolder(a, b broker.Keyholder) bool {
	return a.Name == b.Name && a.Asked == b.Asked && slices.Equal(a.Keys, b.Keys)
}

func (s brokerStore) HoldKeys(ctx context.Context, h broker.Keyholder) error {
	words := make([]string, len(h.Keys))
	for i, id := range h.Keys {
		words[i] = strconv.FormatUint(uint64(id), 10)
	}
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// It changes nothing: on PostgreSQL it waits for a TakeKey under way.
		if _, err := t.ExecContext(ctx, `UPDATE broker_settings SET value = value WHERE name = $1`, sealingKeyName); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_keyholders (name, keys, asked) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET keys = excluded.keys, asked = excluded.asked`,
			h.Name, strings.Join(words, " "), h.Asked)
		return err
	})
}

func (s brokerStore) Keyholders(ctx context.Context) ([]broker.Keyholder, error) {
	return keyholders(ctx, s.db.reads)
}

func keyholders(ctx context.Context, q querier) ([]broker.Keyholder, error) {
	rows, err := q.QueryContext(ctx, `SELECT name, keys, asked FROM broker_keyholders ORDER BY name`)
	return collect(rows, err, func(row scanner) (h broker.Keyholder, err error) {
		var keys string
		if err := row.Scan(&h.Name, &keys, &h.Asked); err != nil {
			return h, err
		}
		for _, word := range strings.Fields(keys) {
			id, err := strconv.ParseUint(word, 10, 32)
			if err != nil {
				return h, fmt.Errorf("the keys of broker %s are damaged", h.Name)
			}
			h.Keys = append(h.Keys, uint32(id))
		}
		return h, nil
	})
}

func (s brokerStore) DropKeyholders(ctx context.Context, names []string) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		for _, name := range names {
			if _, err := t.ExecContext(ctx, `DELETE FROM broker_keyholders WHERE name = $1`, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// sealedColumn is where the values of a kind stand: in which table, which row each is
// of, and the column with the id of its key. A test looks for those that are not here.
type sealedColumn struct {
	table, id, number string // number is "id" again where one number tells a row
	sealed, key       string
	state             string // the column of a flow's digest, else "NULL"
}

var sealedColumns = map[broker.SealedKind]sealedColumn{
	broker.AccessTokens:   {"broker_connections", "id", "generation", "access_sealed", "access_key_id", "NULL"},
	broker.RefreshTokens:  {"broker_connections", "id", "generation", "refresh_sealed", "refresh_key_id", "NULL"},
	broker.ClientSecrets:  {"broker_client_secrets", "client_id", "number", "sealed", "key_id", "NULL"},
	broker.WebhookSecrets: {"broker_webhook_secrets", "webhook_id", "number", "sealed", "key_id", "NULL"},
	broker.SentFiles:      {"broker_sending_files", "id", "id", "token", "key_id", "NULL"},
	broker.KeptAnswers:    {"broker_answers", "id", "id", "answer_sealed", "answer_key_id", "NULL"},
	broker.Verifiers:      {"broker_flows", "id", "id", "verifier_sealed", "verifier_key_id", "state_digest"},
}

func (c sealedColumn) with(statement string) string {
	return strings.NewReplacer("{table}", c.table, "{id}", c.id, "{number}", c.number, "{sealed}", c.sealed, "{key}", c.key, "{state}", c.state).Replace(statement)
}

// count tells how many values there are of each key.
func (c sealedColumn) count() string {
	return c.with(`SELECT {key}, count(*) FROM {table} WHERE {sealed} IS NOT NULL GROUP BY {key}`)
}

// list reads some, from the one after a row.
func (c sealedColumn) list() string {
	return c.with(`SELECT {id}, {number}, {sealed}, {key}, {state} FROM {table}
		WHERE {sealed} IS NOT NULL AND ({id}, {number}) > ($1, $2) ORDER BY {id}, {number} LIMIT $3`)
}

// swap replaces one. It does not go through change: the tokens that are lent are the
// same, and what somebody remembers opens with a key that is still there.
func (c sealedColumn) swap() string {
	return c.with(`UPDATE {table} SET {sealed} = $1, {key} = $2 WHERE {id} = $3 AND {number} = $4 AND {key} = $5`)
}

func (s brokerStore) SealedBy(ctx context.Context) (all []broker.SealedCount, err error) {
	for _, kind := range broker.SealedKinds {
		rows, err := s.db.reads.QueryContext(ctx, sealedColumns[kind].count())
		some, err := collect(rows, err, func(row scanner) (broker.SealedCount, error) {
			n := broker.SealedCount{Kind: kind}
			return n, row.Scan(&n.Key, &n.Count)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func (s brokerStore) SealedValues(ctx context.Context, kind broker.SealedKind, after broker.SealedRow, limit int) ([]broker.SealedValue, error) {
	rows, err := s.db.reads.QueryContext(ctx, sealedColumns[kind].list(), after.ID, after.Number, limit)
	return collect(rows, err, func(row scanner) (broker.SealedValue, error) {
		v := broker.SealedValue{Kind: kind}
		var state []byte
		err := row.Scan(&v.ID, &v.Number, &v.Sealed.Bytes, &v.Sealed.Key, &state)
		v.State = digestFrom(state)
		return v, err
	})
}

func (s brokerStore) Reseal(ctx context.Context, all []broker.Resealed) (done int, err error) {
	err = s.db.step(ctx, func(ctx context.Context, t *tx) error {
		done = 0
		for _, v := range all {
			result, err := t.ExecContext(ctx, sealedColumns[v.Kind].swap(), v.Next.Bytes, v.Next.Key, v.ID, v.Number, v.Sealed.Key)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			done += int(n)
		}
		return nil
	})
	return done, err
}

func (s brokerStore) Canary(ctx context.Context) (kept []byte, err error) {
	err = s.db.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, canaryName).Scan(&kept)
	return kept, found(err, broker.ErrNotFound)
}

func (s brokerStore) ResealCanary(ctx context.Context, from, to []byte) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		return t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_settings SET value = $1 WHERE name = $2 AND value = $3`, to, canaryName, from)
	})
}

func (s brokerStore) OpenAttempts(ctx context.Context, a broker.AttemptID, c broker.ConnectionID) (n int, err error) {
	var pending int
	if err := s.db.reads.QueryRowContext(ctx, `
		SELECT count(*) FROM broker_attempts WHERE outcome = 'open' AND id <= $1`, a).Scan(&n); err != nil {
		return 0, err
	}
	err = s.db.reads.QueryRowContext(ctx, `
		SELECT count(*) FROM broker_connections WHERE state = 'pending' AND generation = 0 AND id <= $1`, c).Scan(&pending)
	return n + pending, err
}

func (s brokerStore) LastAttempt(ctx context.Context) (a broker.AttemptID, c broker.ConnectionID, err error) {
	var attempt, connection sql.NullInt64
	if err := s.db.reads.QueryRowContext(ctx, `SELECT max(id) FROM broker_attempts`).Scan(&attempt); err != nil {
		return 0, 0, err
	}
	err = s.db.reads.QueryRowContext(ctx, `SELECT max(id) FROM broker_connections`).Scan(&connection)
	return broker.AttemptID(attempt.Int64), broker.ConnectionID(connection.Int64), err
}

func (s brokerStore) ForgetLent(ctx context.Context) error {
	m := &s.db.lent
	m.mu.Lock()
	if m.on {
		m.forgetAll()
	}
	m.mu.Unlock()
	return s.change(ctx, func(context.Context, *tx) error { return nil })
}
