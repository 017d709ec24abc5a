package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskauth/deskauth/internal/desk"
)

// Desk returns the steps of the helpdesk on this database.
func (d *DB) Desk() desk.Store { return deskStore{d} }

// deskStore is the helpdesk's view of a database.
type deskStore struct{ db *DB }

var _ desk.Store = deskStore{}

// errPlanted undoes a planting that another process was faster with.
var errPlanted = errors.New("the account has tickets")

func (s deskStore) PlantTickets(ctx context.Context, a desk.AccountID, tickets []desk.Ticket) (int, error) {
	if len(tickets) == 0 {
		return 0, nil
	}
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		var there int64
		if err := t.QueryRowContext(ctx, `SELECT count(*) FROM desk_tickets WHERE account_id = $1`, a).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return errPlanted
		}
		for n, ticket := range tickets {
			if err := plantTicket(ctx, t, a, int64(n+1), ticket); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, errPlanted):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("plant tickets: %w", err)
	}
	return len(tickets), nil
}

// plantTicket meets the account's number 1 first, and so waits there for another
// process that plants at this moment.
func plantTicket(ctx context.Context, t *tx, a desk.AccountID, number int64, v desk.Ticket) error {
	if err := t.swap(ctx, errPlanted, `
		INSERT INTO desk_tickets (account_id, number, subject, status, requester_id, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, number) DO NOTHING`,
		a, number, v.Subject, v.Status, v.Requester, micros(v.Created), micros(v.Updated)); err != nil {
		return err
	}
	for _, c := range v.Comments {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO desk_comments (account_id, ticket, author_id, body, public, created_at)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			a, number, c.Author, c.Body, truth(c.Public), micros(c.Created)); err != nil {
			return err
		}
	}
	return nil
}
