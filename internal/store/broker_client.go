package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

const brokerClientColumns = `id, account, product, identifier, chosen_at, version`

func scanBrokerClient(row scanner) (c broker.Client, err error) {
	var chosen int64
	err = row.Scan(&c.ID, &c.Account, &c.Product, &c.Identifier, &chosen, &c.Version)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Client{}, err
	}
	c.ChosenAt = since(chosen)
	return c, nil
}

func (s brokerStore) MakeClients(ctx context.Context, all []broker.Client) ([]broker.Client, error) {
	var made []broker.Client
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		made = nil
		for _, c := range all {
			if _, err := t.ExecContext(ctx, `
				INSERT INTO broker_clients (account, product, identifier, chosen_at, words) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (account, product, identifier) DO NOTHING`,
				c.Account, c.Product, c.Identifier, instant(c.ChosenAt), c.Words()); err != nil {
				return err
			}
			c, err := withBrokerSecrets(ctx, t, t.QueryRowContext(ctx, `
				SELECT `+brokerClientColumns+` FROM broker_clients WHERE account = $1 AND product = $2 AND identifier = $3`,
				c.Account, c.Product, c.Identifier))
			if err != nil {
				return err
			}
			made = append(made, c)
		}
		return nil
	})
	return made, err
}

func (s brokerStore) ChangeClients(ctx context.Context, all []broker.ClientChange) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		for _, c := range all {
			if err := changeBrokerClient(ctx, t, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func changeBrokerClient(ctx context.Context, t *tx, c broker.ClientChange) error {
	next := c.Next
	if err := t.swap(ctx, broker.ErrConflict, `
		UPDATE broker_clients SET chosen_at = $1, version = $2 WHERE id = $3 AND version = $4`,
		instant(next.ChosenAt), next.Version, next.ID, c.From); err != nil {
		return err
	}
	if c.Event.Kind == "" { // its secrets are as they were
		return nil
	}
	// A secret that stays keeps the note of when it worked, and moves. Those that are
	// left behind the last position go.
	if _, err := t.ExecContext(ctx, `UPDATE broker_client_secrets SET position = -1 WHERE client_id = $1`, next.ID); err != nil {
		return err
	}
	for i, one := range next.Secrets {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO broker_client_secrets (client_id, number, position, sealed, key_id, added_at, worked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (client_id, number) DO UPDATE SET position = excluded.position`,
			next.ID, one.Number, i, one.Sealed.Bytes, one.Sealed.Key, instant(one.Added), instant(one.Worked)); err != nil {
			return err
		}
	}
	if _, err := t.ExecContext(ctx, `DELETE FROM broker_client_secrets WHERE client_id = $1 AND position < 0`, next.ID); err != nil {
		return err
	}
	if _, err := t.ExecContext(ctx, `DELETE FROM broker_circuits WHERE client_id = $1`, next.ID); err != nil {
		return err
	}
	return addBrokerEvent(ctx, t, c.Event)
}

func (s brokerStore) SecretsWorked(ctx context.Context, at map[broker.SecretID]time.Time) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		for id, worked := range at {
			if _, err := t.ExecContext(ctx, `
				UPDATE broker_client_secrets SET worked_at = $1
				WHERE client_id = $2 AND number = $3 AND worked_at < $1`, instant(worked), id.Client, id.Number); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s brokerStore) RemoveClient(ctx context.Context, id broker.ClientID, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_clients
			WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM broker_connections WHERE client_id = $1)`, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) RemoveClientAndConnections(ctx context.Context, id broker.ClientID, e broker.Event) ([]broker.ConnectionID, error) {
	var gone []broker.ConnectionID
	err := s.changeThose(ctx, func(ctx context.Context, t *tx) error {
		rows, err := t.QueryContext(ctx, `DELETE FROM broker_connections WHERE client_id = $1 RETURNING id, account`, id)
		removed, err := collect(rows, err, func(row scanner) (r broker.Event, err error) {
			return r, row.Scan(&r.Connection, &r.Account)
		})
		if err != nil {
			return err
		}
		gone = nil
		for _, r := range removed {
			gone = append(gone, r.Connection)
			if err := addBrokerEvent(ctx, t, broker.Event{
				At: e.At, Kind: broker.Removed, By: e.By, Account: r.Account, Connection: r.Connection, Client: id, Detail: e.Detail,
			}); err != nil {
				return err
			}
		}
		if err := t.swap(ctx, broker.ErrNotFound, `DELETE FROM broker_clients WHERE id = $1`, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, func() []broker.ConnectionID { return gone })
	return gone, err
}

const brokerSecretColumns = `number, sealed, key_id, added_at, worked_at`

func scanBrokerSecret(row scanner) (s broker.ClientSecret, err error) {
	var added, worked int64
	err = row.Scan(&s.Number, &s.Sealed.Bytes, &s.Sealed.Key, &added, &worked)
	s.Added, s.Worked = since(added), since(worked)
	return s, err
}

// withBrokerSecrets reads a client's row, and its secrets.
func withBrokerSecrets(ctx context.Context, q querier, row *sql.Row) (broker.Client, error) {
	c, err := scanBrokerClient(row)
	if err != nil {
		return c, err
	}
	rows, err := q.QueryContext(ctx, `
		SELECT `+brokerSecretColumns+` FROM broker_client_secrets WHERE client_id = $1 ORDER BY position`, c.ID)
	c.Secrets, err = collect(rows, err, scanBrokerSecret)
	return c, err
}

func (s brokerStore) Client(ctx context.Context, id broker.ClientID) (broker.Client, error) {
	return withBrokerSecrets(ctx, s.db.reads, s.db.reads.QueryRowContext(ctx, `
		SELECT `+brokerClientColumns+` FROM broker_clients WHERE id = $1`, id))
}

func (s brokerStore) ClientNamed(ctx context.Context, account string, p broker.Product, identifier string) (broker.Client, error) {
	return withBrokerSecrets(ctx, s.db.reads, s.db.reads.QueryRowContext(ctx, `
		SELECT `+brokerClientColumns+` FROM broker_clients WHERE account = $1 AND product = $2 AND identifier = $3`,
		account, p, identifier))
}

func (s brokerStore) ClientFor(ctx context.Context, account string, p broker.Product) (broker.Client, error) {
	// The empty account of the global ones sorts after every name.
	return withBrokerSecrets(ctx, s.db.reads, s.db.reads.QueryRowContext(ctx, `
		SELECT `+brokerClientColumns+` FROM broker_clients
		WHERE (account = $1 OR account = '') AND product = $2 AND chosen_at > 0
		ORDER BY account DESC, chosen_at DESC, id DESC LIMIT 1`, account, p))
}

func (s brokerStore) Clients(ctx context.Context, after broker.ClientID, limit int) ([]broker.ClientState, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+brokerClientColumns+` FROM broker_clients WHERE id > $1 AND chosen_at > 0 ORDER BY id LIMIT $2`, after, limit)
	clients, err := collect(rows, err, scanBrokerClient)
	if err != nil || len(clients) == 0 {
		return nil, err
	}
	return s.clientStates(ctx, clients, `client_id > $1 AND client_id <= $2`, after, clients[len(clients)-1].ID)
}

// FindClients goes by the index of (account, product, identifier) from account to
// account.
func (s brokerStore) FindClients(ctx context.Context, f broker.ClientFilter, after broker.ClientPlace, limit int) ([]broker.ClientState, error) {
	condition, args := `chosen_at > 0 AND (account > $1 OR account = $1 AND id > $2)`, []any{after.Account, after.ID}
	if f.Words != "" {
		condition += ` AND words LIKE $3 ESCAPE '!'`
		args = append(args, containing(f.Words))
	}
	if f.Refused {
		condition += ` AND EXISTS (SELECT 1 FROM broker_circuits WHERE client_id = broker_clients.id)`
	}
	condition += fmt.Sprintf(` ORDER BY account, id LIMIT $%d`, len(args)+1)
	args = append(args, limit)
	rows, err := s.db.reads.QueryContext(ctx, `SELECT `+brokerClientColumns+` FROM broker_clients WHERE `+condition, args...)
	clients, err := collect(rows, err, scanBrokerClient)
	if err != nil || len(clients) == 0 {
		return nil, err
	}
	return s.clientStates(ctx, clients, `client_id IN (SELECT id FROM broker_clients WHERE `+condition+`)`, args...)
}

// clientStates adds to the clients what is of them, by one query a table. The condition
// says of which clients rows are wanted.
func (s brokerStore) clientStates(ctx context.Context, clients []broker.Client, condition string, args ...any) ([]broker.ClientState, error) {
	all, at := make([]broker.ClientState, len(clients)), map[broker.ClientID]*broker.ClientState{}
	for i, c := range clients {
		all[i].Client, at[c.ID] = c, &all[i]
	}
	if err := s.clientSecrets(ctx, at, condition, args...); err != nil {
		return nil, err
	}
	circuits, err := s.circuits(ctx, condition, args...)
	if err != nil {
		return nil, err
	}
	for _, c := range circuits {
		if of := at[c.Client]; of != nil {
			of.Circuits = append(of.Circuits, c)
		}
	}
	return all, s.clientUses(ctx, at, condition, args...)
}

func (s brokerStore) NamedClients(ctx context.Context, limit int) ([]broker.Client, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+brokerClientColumns+` FROM broker_clients WHERE chosen_at > 0 ORDER BY id LIMIT $1`, limit)
	return collect(rows, err, scanBrokerClient)
}

func (s brokerStore) clientSecrets(ctx context.Context, at map[broker.ClientID]*broker.ClientState, condition string, args ...any) error {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT client_id, number, added_at, worked_at FROM broker_client_secrets
		WHERE `+condition+` ORDER BY client_id, position`, args...)
	_, err = collect(rows, err, func(row scanner) (one broker.ClientSecret, err error) {
		var of broker.ClientID
		var added, worked int64
		if err := row.Scan(&of, &one.Number, &added, &worked); err != nil {
			return one, err
		}
		one.Added, one.Worked = since(added), since(worked)
		if client := at[of]; client != nil {
			client.Secrets = append(client.Secrets, one)
		}
		return one, nil
	})
	return err
}

func (s brokerStore) clientUses(ctx context.Context, at map[broker.ClientID]*broker.ClientState, condition string, args ...any) error {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT client_id, count(*) FROM broker_connections WHERE `+condition+` GROUP BY client_id`, args...)
	_, err = collect(rows, err, func(row scanner) (n int, err error) {
		var of broker.ClientID
		if err := row.Scan(&of, &n); err != nil {
			return 0, err
		}
		if client := at[of]; client != nil {
			client.Connections = n
		}
		return n, nil
	})
	return err
}
