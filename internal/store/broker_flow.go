package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) AddFlow(ctx context.Context, f broker.Flow) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.ExecContext(ctx, `
			INSERT INTO broker_flows (state_digest, binding_digest, client_id, account, product, redirect_uri, scope,
				verifier_sealed, verifier_key_id, return_to, created_at, expires_at, spent_at, outcome, connection_id,
				device_id, link_id, purpose, invitation)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, '', 0, $13, $14, $15, $16)`,
			f.State.Bytes(), f.Binding.Bytes(), f.Client, f.Account, f.Product, f.RedirectURI, f.Scope.String(),
			sealedBytes(f.Verifier), f.Verifier.Key, f.ReturnTo, instant(f.Created), instant(f.Expires), f.Device, f.Link,
			f.Purpose, invitationOf(f))
		return err
	})
}

// invitationOf is NULL for none.
func invitationOf(f broker.Flow) any {
	if f.Invitation == (secret.Digest{}) {
		return nil
	}
	return f.Invitation.Bytes()
}

const flowColumns = `id, state_digest, binding_digest, client_id, account, product, redirect_uri, scope,
	verifier_sealed, verifier_key_id, return_to, created_at, expires_at, spent_at, outcome, connection_id, device_id, link_id,
	purpose, invitation`

func scanFlow(row *sql.Row) (f broker.Flow, err error) {
	var state, binding, invitation []byte
	var scope string
	var created, expires, spent int64
	err = row.Scan(&f.ID, &state, &binding, &f.Client, &f.Account, &f.Product, &f.RedirectURI, &scope,
		&f.Verifier.Bytes, &f.Verifier.Key, &f.ReturnTo, &created, &expires, &spent, &f.Outcome, &f.Connection, &f.Device, &f.Link,
		&f.Purpose, &invitation)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Flow{}, err
	}
	f.State, f.Binding, f.Invitation = digestFrom(state), digestFrom(binding), digestFrom(invitation)
	f.Scope = scopeFrom(scope)
	f.Created, f.Expires, f.Spent = since(created), since(expires), since(spent)
	return f, nil
}

func (s brokerStore) Flow(ctx context.Context, state secret.Digest) (broker.Flow, error) {
	return scanFlow(s.db.reads.QueryRowContext(ctx,
		`SELECT `+flowColumns+` FROM broker_flows WHERE state_digest = $1`, state.Bytes()))
}

func (s brokerStore) FlowByID(ctx context.Context, id broker.FlowID) (broker.Flow, error) {
	return scanFlow(s.db.reads.QueryRowContext(ctx, `SELECT `+flowColumns+` FROM broker_flows WHERE id = $1`, id))
}

func (s brokerStore) SpendFlow(ctx context.Context, id broker.FlowID, at time.Time, why broker.Kind, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_flows SET spent_at = $1, outcome = $2 WHERE id = $3 AND spent_at = 0`,
			instant(at), why, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

func (s brokerStore) RedeemFlow(ctx context.Context, id broker.FlowID, c broker.Connection) (broker.Connection, error) {
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		// The swap comes first: it holds the row until this step is over.
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_flows SET spent_at = $1 WHERE id = $2 AND spent_at = 0`, instant(c.Created), id); err != nil {
			return err
		}
		if err := insertConnection(ctx, t, &c); err != nil {
			return err
		}
		_, err := t.ExecContext(ctx, `UPDATE broker_flows SET connection_id = $1 WHERE id = $2`, c.ID, id)
		return err
	})
	return c, err
}

func (s brokerStore) FailFlow(ctx context.Context, id broker.FlowID, pending broker.ConnectionID, why broker.Kind, e broker.Event) error {
	return s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			DELETE FROM broker_connections WHERE id = $1 AND generation = 0`, pending); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			UPDATE broker_flows SET outcome = $1, connection_id = 0 WHERE id = $2`, why, id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	}, pending)
}
