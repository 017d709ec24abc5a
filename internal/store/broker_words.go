package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
)

// wordsColumn is a connection's words as its own row has them: each behind a space, so
// that the beginning of one is told from the midst of another.
func wordsColumn(c broker.Connection) string {
	var text strings.Builder
	for _, word := range c.Words() {
		text.WriteString(" " + word)
	}
	return text.String()
}

// writeWords has a connection found by its words, and by no others.
func writeWords(ctx context.Context, t *tx, c broker.Connection) error {
	if _, err := t.ExecContext(ctx, `DELETE FROM broker_connection_words WHERE connection_id = $1`, c.ID); err != nil {
		return err
	}
	words := c.Words()
	if len(words) == 0 {
		return nil
	}
	rows, args := make([]string, len(words)), []any{c.ID}
	for i, word := range words {
		args = append(args, word)
		rows[i] = fmt.Sprintf(`($1, $%d)`, len(args))
	}
	_, err := t.ExecContext(ctx, `INSERT INTO broker_connection_words (connection_id, word) VALUES `+strings.Join(rows, `, `), args...)
	return err
}

// wordEnd stands behind every word that begins with what it is put behind: no word has
// the last character of Unicode, which is none.
const wordEnd = "\U0010FFFF"

// wordsDue is there while connections of before the migration 0014 lack their words.
const wordsDue = "words to be filled in"

// wordsStep is how many of them share a step.
const wordsStep = 500

// fillWords gives them their words. Two processes may do so at the same time.
func (d *DB) fillWords(ctx context.Context) error {
	var due []byte
	err := d.reads.QueryRowContext(ctx, `SELECT value FROM broker_settings WHERE name = $1`, wordsDue).Scan(&due)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	for after := broker.ConnectionID(0); ; {
		rows, err := d.reads.QueryContext(ctx, `
			SELECT id, account, user_name, user_email FROM broker_connections
			WHERE id > $1 AND words <> '' ORDER BY id LIMIT $2`, after, wordsStep)
		all, err := collect(rows, err, func(row scanner) (c broker.Connection, err error) {
			return c, row.Scan(&c.ID, &c.Account, &c.User.Name, &c.User.Email)
		})
		if err != nil {
			return fmt.Errorf("fill in the words of connections: %w", err)
		}
		if len(all) == 0 {
			break
		}
		after = all[len(all)-1].ID
		if err := d.step(ctx, func(ctx context.Context, t *tx) error { return fillWordsOf(ctx, t, all) }); err != nil {
			return fmt.Errorf("fill in the words of connections: %w", err)
		}
	}
	return d.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `DELETE FROM broker_settings WHERE name = $1`, wordsDue)
		return err
	})
}

// fillWordsOf takes the row first, by which another process that is at it waits, and
// finds it gone or with other words if it was slower.
func fillWordsOf(ctx context.Context, t *tx, all []broker.Connection) error {
	for _, c := range all {
		err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_connections SET words = $1 WHERE id = $2 AND account = $3 AND user_name = $4 AND user_email = $5`,
			wordsColumn(c), c.ID, c.Account, c.User.Name, c.User.Email)
		if errors.Is(err, broker.ErrConflict) {
			continue
		}
		if err == nil {
			err = writeWords(ctx, t, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fillClientWords gives their words to clients that have none: those of before the
// migration 0018, and of a broker of before it that runs on beside this one.
func (d *DB) fillClientWords(ctx context.Context) error {
	for {
		rows, err := d.reads.QueryContext(ctx, `
			SELECT `+brokerClientColumns+` FROM broker_clients WHERE words = '' ORDER BY id LIMIT $1`, wordsStep)
		all, err := collect(rows, err, scanBrokerClient)
		if err != nil || len(all) == 0 {
			return err
		}
		if err := d.step(ctx, func(ctx context.Context, t *tx) error {
			for _, c := range all {
				if _, err := t.ExecContext(ctx, `UPDATE broker_clients SET words = $1 WHERE id = $2`, c.Words(), c.ID); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("fill in the words of clients: %w", err)
		}
	}
}
