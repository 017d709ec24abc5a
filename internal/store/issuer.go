package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// Issuer returns the steps of the issuer on this database.
func (d *DB) Issuer() issuer.Store { return issuerStore{d} }

// issuerStore is the issuer's view of a database.
type issuerStore struct{ db *DB }

var _ issuer.Store = issuerStore{}

const accountColumns = `id, subdomain, name, era, basic_auth, password_access, token_access, password_grant,
	token_format, revoke_replayed, chat, plan, created_at, updated_at`

func scanAccount(row scanner) (a issuer.Account, err error) {
	var passwords, tokens, grant, replayed, created, updated int64
	err = row.Scan(&a.ID, &a.Subdomain, &a.Name, &a.Era, &a.BasicAuth, &passwords, &tokens, &grant,
		&a.TokenFormat, &replayed, &a.Chat, &a.Plan, &created, &updated)
	a.PasswordAccess, a.TokenAccess, a.PasswordGrant = passwords != 0, tokens != 0, grant != 0
	a.RevokeReplayed, a.Created, a.Updated = replayed != 0, fromMicros(created), fromMicros(updated)
	return a, err
}

func (s issuerStore) Accounts(ctx context.Context) ([]issuer.Account, error) {
	return s.db.recent.all.get(struct{}{}, func() ([]issuer.Account, error) {
		rows, err := s.db.reads.QueryContext(ctx, `SELECT `+accountColumns+` FROM issuer_accounts ORDER BY id`)
		all, err := collect(rows, err, scanAccount)
		return slices.Clip(all), err
	})
}

func (s issuerStore) Account(ctx context.Context, subdomain string) (issuer.Account, error) {
	return s.db.recent.accounts.get(subdomain, func() (issuer.Account, error) {
		a, err := scanAccount(s.db.reads.QueryRowContext(ctx,
			`SELECT `+accountColumns+` FROM issuer_accounts WHERE subdomain = $1`, subdomain))
		return a, found(err, issuer.ErrNotFound)
	})
}

const userColumns = `id, account_id, email, name, role, password_hash, suspended, erased_at, created_at, updated_at`

func scanUser(row scanner) (u issuer.User, err error) {
	var suspended, created, updated int64
	var erased sql.NullInt64
	err = row.Scan(&u.ID, &u.Account, &u.Email, &u.Name, &u.Role, &u.PasswordHash, &suspended, &erased, &created, &updated)
	u.Suspended, u.Erased, u.Created, u.Updated = suspended != 0, erased.Valid, fromMicros(created), fromMicros(updated)
	return u, err
}

func (s issuerStore) User(ctx context.Context, a issuer.AccountID, id issuer.UserID) (issuer.User, error) {
	return s.db.recent.users.get(userKey{a, id}, func() (issuer.User, error) {
		u, err := scanUser(s.db.reads.QueryRowContext(ctx,
			`SELECT `+userColumns+` FROM issuer_users WHERE account_id = $1 AND id = $2`, a, id))
		return u, found(err, issuer.ErrNotFound)
	})
}

func (s issuerStore) UserByEmail(ctx context.Context, a issuer.AccountID, email string) (issuer.User, error) {
	u, err := scanUser(s.db.reads.QueryRowContext(ctx,
		`SELECT `+userColumns+` FROM issuer_users WHERE account_id = $1 AND email = $2`, a, email))
	return u, found(err, issuer.ErrNotFound)
}

func (s issuerStore) Users(ctx context.Context, a issuer.AccountID, limit int) ([]issuer.User, error) {
	rows, err := s.db.reads.QueryContext(ctx,
		`SELECT `+userColumns+` FROM issuer_users WHERE account_id = $1 AND erased_at IS NULL ORDER BY id LIMIT $2`, a, limit)
	return collect(rows, err, scanUser)
}

const clientColumns = `id, account_id, product, identifier, name, description, company, kind, user_id,
	redirect_uris, allowed_scopes, era, any_loopback_port, global_client_id, logo, created_at, updated_at`

func scanClient(row scanner) (c issuer.Client, err error) {
	var redirects, scopes string
	var anyPort, created, updated int64
	var global sql.NullInt64
	err = row.Scan(&c.ID, &c.Account, &c.Product, &c.Identifier, &c.Name, &c.Description, &c.Company, &c.Kind, &c.User,
		&redirects, &scopes, &c.Era, &anyPort, &global, &c.Logo.Name, &created, &updated)
	c.RedirectURIs, c.AllowedScopes, c.AnyLoopbackPort = linesFrom(redirects), scopeFrom(scopes), anyPort != 0
	c.Global, c.Created, c.Updated = issuer.GlobalClientID(global.Int64), fromMicros(created), fromMicros(updated)
	return c, err
}

func (s issuerStore) Client(ctx context.Context, a issuer.AccountID, p issuer.Product, identifier string) (issuer.Client, error) {
	return s.db.recent.clients.get(clientKey{a, p, identifier}, func() (issuer.Client, error) {
		c, err := scanClient(s.db.reads.QueryRowContext(ctx,
			`SELECT `+clientColumns+` FROM issuer_clients WHERE account_id = $1 AND product = $2 AND identifier = $3`, a, p, identifier))
		return s.withSecrets(ctx, c, err)
	})
}

func (s issuerStore) ClientByID(ctx context.Context, a issuer.AccountID, p issuer.Product, id issuer.ClientID) (issuer.Client, error) {
	return s.db.recent.clientIDs.get(clientIDKey{a, p, id}, func() (issuer.Client, error) {
		c, err := scanClient(s.db.reads.QueryRowContext(ctx,
			`SELECT `+clientColumns+` FROM issuer_clients WHERE account_id = $1 AND product = $2 AND id = $3`, a, p, id))
		return s.withSecrets(ctx, c, err)
	})
}

// withSecrets reads the client's own secrets, and those of the global client
// that it stands for.
func (s issuerStore) withSecrets(ctx context.Context, c issuer.Client, err error) (issuer.Client, error) {
	if err != nil {
		return issuer.Client{}, found(err, issuer.ErrNotFound)
	}
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT digest, hint, created_at, expires_at FROM issuer_client_secrets
		WHERE account_id = $1 AND product = $2 AND client_id = $3
		UNION ALL
		SELECT digest, hint, created_at, expires_at FROM issuer_global_client_secrets
		WHERE global_client_id = $4`, c.Account, c.Product, c.ID, c.Global)
	c.Secrets, err = collect(rows, err, scanClientSecret)
	c.Secrets = slices.Clip(c.Secrets) // it may be shared: nobody appends in place
	return c, err
}

func scanClientSecret(row scanner) (s issuer.ClientSecret, err error) {
	var digest []byte
	var created int64
	var expires sql.NullInt64
	err = row.Scan(&digest, &s.Hint, &created, &expires)
	s.Digest, s.Created, s.Expires = digestFrom(digest), fromMicros(created), fromNull(expires)
	return s, err
}

func (s issuerStore) Clients(ctx context.Context, a issuer.AccountID, p issuer.Product, limit int) ([]issuer.Client, error) {
	rows, err := s.db.reads.QueryContext(ctx,
		`SELECT `+clientColumns+` FROM issuer_clients WHERE account_id = $1 AND product = $2 ORDER BY id LIMIT $3`, a, p, limit)
	return collect(rows, err, scanClient)
}

func (s issuerStore) Session(ctx context.Context, a issuer.AccountID, id secret.Digest) (issuer.Session, error) {
	v := issuer.Session{Account: a, Digest: id}
	var created, expires int64
	err := s.db.reads.QueryRowContext(ctx,
		`SELECT user_id, created_at, expires_at FROM issuer_sessions WHERE account_id = $1 AND digest = $2`,
		a, id.Bytes()).Scan(&v.User, &created, &expires)
	v.Created, v.Expires = fromMicros(created), fromMicros(expires)
	return v, found(err, issuer.ErrNotFound)
}

func (s issuerStore) StartSession(ctx context.Context, v issuer.Session, follows secret.Digest, e issuer.Event) error {
	return s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) error {
		if _, err := endSession(ctx, t, v.Account, follows); err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, `
			INSERT INTO issuer_sessions (account_id, digest, user_id, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5)`,
			v.Account, v.Digest.Bytes(), v.User, micros(v.Created), micros(v.Expires)); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}

func (s issuerStore) EndSession(ctx context.Context, a issuer.AccountID, id secret.Digest, e issuer.Event) error {
	return s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) error {
		ended, err := endSession(ctx, t, a, id)
		if err != nil || !ended {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}

func endSession(ctx context.Context, t *tx, a issuer.AccountID, id secret.Digest) (ended bool, err error) {
	result, err := t.ExecContext(ctx, `DELETE FROM issuer_sessions WHERE account_id = $1 AND digest = $2`, a, id.Bytes())
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// addEventOf writes that something new has this number.
func addEventOf(ctx context.Context, t *tx, e issuer.Event, id int64) error {
	e.Object = fmt.Sprintf("%s %d", e.Object, id)
	return addIssuerEvent(ctx, t, e)
}

func addIssuerEvents(ctx context.Context, t *tx, events []issuer.Event) error {
	for _, e := range events {
		if err := addIssuerEvent(ctx, t, e); err != nil {
			return err
		}
	}
	return nil
}

func addIssuerEvent(ctx context.Context, t *tx, e issuer.Event) error {
	actor := sql.NullInt64{Int64: int64(e.Actor), Valid: e.Actor != 0}
	_, err := t.ExecContext(ctx, `
		INSERT INTO issuer_events (account_id, at, actor_id, action, object, address, request_id, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.Account, micros(e.At), actor, e.Action, e.Object, e.Origin.Address, e.Origin.RequestID, e.Detail)
	return err
}

// failureRow is a window of failures, in Unix microseconds; zero: there is none.
type failureRow struct {
	n            int
	starts, ends int64
}

func (s issuerStore) Failures(ctx context.Context, subject string, now time.Time) (int, time.Time, error) {
	row, err := s.db.recent.failures.get(subject, func() (row failureRow, err error) {
		err = s.db.reads.QueryRowContext(ctx,
			`SELECT failures, starts_at, ends_at FROM issuer_failures WHERE subject = $1`, subject).Scan(&row.n, &row.starts, &row.ends)
		return row, found(err, nil)
	})
	if at := micros(now); err != nil || at < row.starts || at >= row.ends {
		return 0, time.Time{}, err
	}
	return row.n, fromMicros(row.ends), nil
}

// CountFailures starts a new window when the old one has ended, or when time was
// set back to before it began. It goes through the subjects in one order, for
// two replicas that count the same ones.
func (s issuerStore) CountFailures(ctx context.Context, subjects []string, now, ends time.Time, events ...issuer.Event) error {
	inOrder := slices.Sorted(slices.Values(subjects))
	forget := func() { s.db.recent.failures.forget(subjects...) }
	return s.stepOn(ctx, forget, func(ctx context.Context, t *tx) error {
		for _, subject := range inOrder {
			if _, err := t.ExecContext(ctx, `
				INSERT INTO issuer_failures (subject, failures, starts_at, ends_at) VALUES ($1, 1, $2, $3)
				ON CONFLICT (subject) DO UPDATE SET
					failures = CASE WHEN issuer_failures.ends_at > $2 AND issuer_failures.starts_at <= $2 THEN issuer_failures.failures + 1 ELSE 1 END,
					starts_at = CASE WHEN issuer_failures.ends_at > $2 AND issuer_failures.starts_at <= $2 THEN issuer_failures.starts_at ELSE $2 END,
					ends_at = CASE WHEN issuer_failures.ends_at > $2 AND issuer_failures.starts_at <= $2 THEN issuer_failures.ends_at ELSE $3 END`,
				subject, micros(now), micros(ends)); err != nil {
				return err
			}
		}
		return addIssuerEvents(ctx, t, events)
	})
}

// prunes are what Prune deletes. The outer condition repeats the inner one, because
// another account may have the same digest, and another process may meanwhile
// have given a row a new end. A token that was replaced is kept for as long as its
// family lives, so that a replay is told from an unknown token: the last of the
// family knows when that is, and goes after all others. What was replaced had a
// refresh token, which is what the index of families has. Both look at the same
// families, those that were over first, so that there is always one to go on with;
// and the members are counted, family by family, because PostgreSQL would make a join
// of NOT EXISTS, and read the whole table for it.
var prunes = []string{
	`DELETE FROM issuer_sessions WHERE expires_at < $1
		AND digest IN (SELECT digest FROM issuer_sessions WHERE expires_at < $1 LIMIT $2)`,
	`DELETE FROM issuer_codes WHERE expires_at < $1
		AND digest IN (SELECT digest FROM issuer_codes WHERE expires_at < $1 LIMIT $2)`,
	pruneReplaced,
	pruneLast,
}

const (
	pruneReplaced = `DELETE FROM issuer_tokens WHERE id IN (
		SELECT t.id FROM (SELECT account_id, family_id FROM issuer_tokens WHERE over_at < $1 ORDER BY over_at LIMIT $2) f
		JOIN issuer_tokens t ON t.account_id = f.account_id AND t.family_id = f.family_id
		WHERE t.end_reason = 'replaced' AND (t.refresh_digest IS NOT NULL OR t.generation > 1) LIMIT $2)`
	pruneLast = `DELETE FROM issuer_tokens WHERE over_at < $1 AND id IN (
		SELECT t.id FROM (SELECT id, account_id, family_id FROM issuer_tokens WHERE over_at < $1 ORDER BY over_at LIMIT $2) t
		WHERE 0 = (
			SELECT count(*) FROM issuer_tokens r
			WHERE r.account_id = t.account_id AND r.family_id = t.family_id AND r.end_reason = 'replaced'
				AND (r.refresh_digest IS NOT NULL OR r.generation > 1)))`
)

// pruneFailures needs no patience: a window that ended says nothing any more, and
// strangers decide how many there are. pruneEvents is for when nobody asks any more.
const (
	pruneFailures = `DELETE FROM issuer_failures WHERE ends_at < $1
		AND subject IN (SELECT subject FROM issuer_failures WHERE ends_at < $1 LIMIT $2)`
	pruneEvents = `DELETE FROM issuer_events WHERE id IN (SELECT id FROM issuer_events WHERE at < $1 ORDER BY at LIMIT $2)`
)

func (s issuerStore) Prune(ctx context.Context, over issuer.Over, limit int) (deleted int, err error) {
	// What is pruned opens nothing, remembered or not.
	err = s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) error {
		deleted = 0
		for _, query := range prunes {
			if err := pruneRows(ctx, t, &deleted, query, over.Ended, limit); err != nil {
				return err
			}
		}
		if err := pruneRows(ctx, t, &deleted, pruneFailures, over.Failures, limit); err != nil {
			return err
		}
		if over.Events.IsZero() {
			return nil
		}
		return pruneRows(ctx, t, &deleted, pruneEvents, over.Events, limit)
	})
	return deleted, err
}

func pruneRows(ctx context.Context, t *tx, deleted *int, query string, before time.Time, limit int) error {
	result, err := t.ExecContext(ctx, query, micros(before), limit)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	*deleted += int(n)
	return err
}
