package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s brokerStore) AddPass(ctx context.Context, p broker.Pass, e broker.Event) (broker.Pass, error) {
	var can []string
	for _, a := range p.Can {
		can = append(can, string(a))
	}
	err := s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.QueryRowContext(ctx, `
			INSERT INTO broker_passes (digest, name, connection_id, account, ticket, can, public, types,
				file_most, bytes_most, uses_most, bytes, uses, version, maker, words, created_at, expires_at, revoked_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, $12, $13, $14, $15, 0) RETURNING id`,
			p.Digest.Bytes(), p.Name, p.Connection, p.Account, p.Ticket, strings.Join(can, " "), truth(p.Public),
			strings.Join(p.Types, " "), p.FileMost, p.BytesMost, p.UsesMost, p.Maker.String(), p.Words(),
			instant(p.Created), instant(p.Expires)).Scan(&p.ID); err != nil {
			return err
		}
		e.Detail, e.Pass = p.Made(), p.ID
		return addBrokerEvent(ctx, t, e)
	})
	return p, err
}

const passColumns = `id, digest, name, connection_id, account, ticket, can, public, types,
	file_most, bytes_most, uses_most, bytes, uses, version, maker, created_at, expires_at, revoked_at, used_at`

func scanPass(row scanner) (p broker.Pass, err error) {
	var digest []byte
	var can, types, maker string
	var public, created, expires, revoked, used int64
	err = row.Scan(&p.ID, &digest, &p.Name, &p.Connection, &p.Account, &p.Ticket, &can, &public, &types,
		&p.FileMost, &p.BytesMost, &p.UsesMost, &p.Bytes, &p.Uses, &p.Version, &maker, &created, &expires, &revoked, &used)
	if err := found(err, broker.ErrNotFound); err != nil {
		return broker.Pass{}, err
	}
	p.Digest, p.Public, p.Types = digestFrom(digest), public != 0, strings.Fields(types)
	for _, a := range strings.Fields(can) {
		p.Can = append(p.Can, broker.PassAction(a))
	}
	p.Maker, _ = broker.ParseActor(maker)
	p.Created, p.Expires, p.Revoked, p.Used = since(created), since(expires), since(revoked), since(used)
	return p, nil
}

func (s brokerStore) Pass(ctx context.Context, id broker.PassID) (broker.Pass, error) {
	return scanPass(s.db.reads.QueryRowContext(ctx, `SELECT `+passColumns+` FROM broker_passes WHERE id = $1`, id))
}

func (s brokerStore) PassOf(ctx context.Context, d secret.Digest) (broker.Pass, error) {
	return scanPass(s.db.reads.QueryRowContext(ctx, `SELECT `+passColumns+` FROM broker_passes WHERE digest = $1`, d.Bytes()))
}

func (s brokerStore) Passes(ctx context.Context, after broker.PassID, limit int) ([]broker.Pass, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT `+passColumns+` FROM broker_passes WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	return collect(rows, err, scanPass)
}

func (s brokerStore) PassesOf(ctx context.Context, of []broker.ConnectionID, after broker.PassID, limit int) ([]broker.Pass, error) {
	// The last is named again until they are a power of two: each number of them is a
	// statement that is kept.
	var marks []string
	args := []any{after}
	for n := 0; n < len(of) || n&(n-1) != 0; n++ {
		args = append(args, of[min(n, len(of)-1)])
		marks = append(marks, fmt.Sprintf(`$%d`, len(args)))
	}
	query := `SELECT ` + passColumns + ` FROM broker_passes WHERE id > $1 AND connection_id IN (` + strings.Join(marks, `, `) +
		fmt.Sprintf(`) ORDER BY id LIMIT $%d`, len(args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, append(args, limit)...)
	return collect(rows, err, scanPass)
}

func (s brokerStore) FindPasses(ctx context.Context, f broker.PassFilter, now time.Time, before broker.PassID, limit int) ([]broker.Pass, error) {
	n := narrowing{args: []any{before}}
	switch f.State {
	case broker.RevokedPass:
		n.condition += ` AND revoked_at <> 0`
	case broker.ExpiredPass:
		n.add(` AND revoked_at = 0 AND expires_at <= $%d`, instant(now))
	case broker.UsedUpPass:
		n.add(` AND revoked_at = 0 AND uses >= uses_most AND expires_at > $%d`, instant(now))
	case broker.GoodPass:
		n.add(` AND revoked_at = 0 AND uses < uses_most AND expires_at > $%d`, instant(now))
	}
	if f.Connection != 0 {
		n.add(` AND connection_id = $%d`, f.Connection)
	}
	if f.Words != "" {
		n.add(` AND words LIKE $%d ESCAPE '!'`, containing(f.Words))
	}
	query := `SELECT ` + passColumns + ` FROM broker_passes WHERE id < $1` + n.condition +
		fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(n.args)+1)
	rows, err := s.db.reads.QueryContext(ctx, query, append(n.args, limit)...)
	return collect(rows, err, scanPass)
}

func (s brokerStore) RevokePass(ctx context.Context, id broker.PassID, at time.Time, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, broker.ErrConflict, `
			UPDATE broker_passes SET revoked_at = $1, version = version + 1 WHERE id = $2 AND revoked_at = 0`,
			instant(at), id); err != nil {
			return err
		}
		return addBrokerEvent(ctx, t, e)
	})
}

// usePass stores what a pass has given, if nothing else came between.
func usePass(ctx context.Context, t *tx, next broker.Pass) error {
	return t.swap(ctx, broker.ErrConflict, `
		UPDATE broker_passes SET uses = $1, bytes = $2, version = $3, used_at = $4
		WHERE id = $5 AND version = $6 AND revoked_at = 0`,
		next.Uses, next.Bytes, next.Version, instant(next.Used), next.ID, next.Version-1)
}

func (s brokerStore) PrunePasses(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, []string{`DELETE FROM broker_passes WHERE id IN (
		SELECT id FROM broker_passes WHERE expires_at < $1 ORDER BY id LIMIT $2)`}, before, limit)
}

func (s brokerStore) AddEvent(ctx context.Context, e broker.Event) error {
	return s.db.step(ctx, func(ctx context.Context, t *tx) error { return addBrokerEvent(ctx, t, e) })
}
