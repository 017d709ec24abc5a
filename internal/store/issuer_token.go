package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

func (s issuerStore) Consented(ctx context.Context, c issuer.Client, u issuer.UserID, now time.Time) ([]oauth.Scope, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT DISTINCT consented_scope FROM issuer_tokens
		WHERE account_id = $1 AND product = $2 AND client_id = $3 AND user_id = $4 AND ended_at IS NULL
		AND (access_expires_at IS NULL OR access_expires_at > $5 OR refresh_expires_at > $5)`,
		c.Account, c.Product, c.ID, u, micros(now))
	return collect(rows, err, func(row scanner) (oauth.Scope, error) {
		var scope string
		err := row.Scan(&scope)
		return scopeFrom(scope), err
	})
}

func (s issuerStore) AddCode(ctx context.Context, c issuer.Code, events ...issuer.Event) error {
	return s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx, `
			INSERT INTO issuer_codes (account_id, product, digest, client_id, user_id, redirect_uri, redirect_sent,
				scope, challenge, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			c.Account, c.Product, c.Digest.Bytes(), c.Client, c.User, c.RedirectURI, truth(c.RedirectSent),
			c.Scope.String(), c.Challenge, micros(c.Created), micros(c.Expires)); err != nil {
			return err
		}
		return addIssuerEvents(ctx, t, events)
	})
}

func (s issuerStore) Code(ctx context.Context, a issuer.AccountID, p issuer.Product, code secret.Digest) (issuer.Code, error) {
	c := issuer.Code{Account: a, Product: p, Digest: code}
	var scope string
	var sent, created, expires int64
	var redeemed sql.NullInt64
	err := s.db.reads.QueryRowContext(ctx, `
		SELECT client_id, user_id, redirect_uri, redirect_sent, scope, challenge, created_at, expires_at, redeemed_at
		FROM issuer_codes WHERE account_id = $1 AND product = $2 AND digest = $3`, a, p, code.Bytes()).
		Scan(&c.Client, &c.User, &c.RedirectURI, &sent, &scope, &c.Challenge, &created, &expires, &redeemed)
	c.RedirectSent, c.Scope, c.Redeemed = sent != 0, scopeFrom(scope), redeemed.Valid
	c.Created, c.Expires = fromMicros(created), fromMicros(expires)
	return c, found(err, issuer.ErrNotFound)
}

func (s issuerStore) RedeemCode(ctx context.Context, c issuer.Code, next issuer.Token) (id issuer.TokenID, err error) {
	err = s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_codes SET redeemed_at = $1
			WHERE account_id = $2 AND product = $3 AND digest = $4 AND redeemed_at IS NULL`,
			micros(next.Created), c.Account, c.Product, c.Digest.Bytes()); err != nil {
			return err
		}
		id, err = addToken(ctx, t, next)
		return err
	})
	return id, err
}

const tokenColumns = `id, account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
	access_digest, access_hint, access_expires_at, refresh_digest, refresh_hint, refresh_expires_at,
	created_at, ended_at, end_reason`

// scanToken reads tokenColumns, and what more is given.
func scanToken(row scanner, more ...any) (v issuer.Token, err error) {
	var scope, consented string
	var access, refresh []byte
	var accessExpires, refreshExpires, ended sql.NullInt64
	var created int64
	err = row.Scan(append([]any{
		&v.ID, &v.Account, &v.Product, &v.Client, &v.User, &v.Family, &v.Generation, &v.Origin, &scope, &consented,
		&access, &v.AccessHint, &accessExpires, &refresh, &v.RefreshHint, &refreshExpires, &created, &ended, &v.EndReason,
	}, more...)...)
	v.Scope, v.Consented = scopeFrom(scope), scopeFrom(consented)
	v.Access, v.AccessExpires = digestFrom(access), fromNull(accessExpires)
	v.Refresh, v.RefreshExpires, v.HasRefresh = digestFrom(refresh), fromNull(refreshExpires), refresh != nil
	v.Created, v.Ended = fromMicros(created), fromNull(ended)
	return v, err
}

func (s issuerStore) TokenByRefresh(ctx context.Context, a issuer.AccountID, p issuer.Product, refresh secret.Digest) (issuer.Token, error) {
	v, err := scanToken(s.db.reads.QueryRowContext(ctx,
		`SELECT `+tokenColumns+` FROM issuer_tokens WHERE account_id = $1 AND product = $2 AND refresh_digest = $3`,
		a, p, refresh.Bytes()))
	return v, found(err, issuer.ErrNotFound)
}

const tokenByAccess = `SELECT ` + tokenColumns + ` FROM issuer_tokens WHERE account_id = $1 AND product = $2 AND access_digest = $3`

func (k tokenKey) args() []any { return []any{k.account, k.product, k.access.Bytes()} }

func (s issuerStore) TokenByAccess(ctx context.Context, a issuer.AccountID, p issuer.Product, access secret.Digest) (issuer.Token, error) {
	k := tokenKey{a, p, access}
	return s.db.recent.tokens.get(k, func() (issuer.Token, error) {
		v, err := s.db.tokenByAccess(ctx, k)
		return v, found(err, issuer.ErrNotFound)
	})
}

func (d *DB) tokenByAccess(ctx context.Context, k tokenKey) (issuer.Token, error) {
	if d.engine == Postgres {
		return d.presented.get(ctx, d.reads.db, k)
	}
	return scanToken(d.reads.QueryRowContext(ctx, tokenByAccess, k.args()...))
}

// presentedTokens are those that callers of the API bring.
func presentedTokens() *together[tokenKey, issuer.Token] {
	return &together[tokenKey, issuer.Token]{
		query: tokenByAccess, args: tokenKey.args,
		scan: func(row scanner) (issuer.Token, error) { return scanToken(row) },
	}
}

func (s issuerStore) ReplaceToken(ctx context.Context, old, next issuer.Token) (id issuer.TokenID, err error) {
	forget := func() { s.db.recent.tokens.forget(keyOf(old)) }
	err = s.stepOn(ctx, forget, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_tokens SET ended_at = $1, end_reason = $2, over_at = NULL
			WHERE account_id = $3 AND id = $4 AND ended_at IS NULL`,
			micros(next.Created), issuer.Replaced, old.Account, old.ID); err != nil {
			return err
		}
		id, err = addToken(ctx, t, next)
		return err
	})
	return id, err
}

func addToken(ctx context.Context, t *tx, v issuer.Token) (id issuer.TokenID, err error) {
	var refresh []byte // NULL: none
	if v.HasRefresh {
		refresh = v.Refresh.Bytes()
	}
	err = t.QueryRowContext(ctx, `
		INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
			access_digest, access_hint, access_expires_at, refresh_digest, refresh_hint, refresh_expires_at, created_at, end_reason, over_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		RETURNING id`,
		v.Account, v.Product, v.Client, v.User, v.Family, v.Generation, v.Origin, v.Scope.String(), v.Consented.String(),
		v.Access.Bytes(), v.AccessHint, orNull(v.AccessExpires), refresh, v.RefreshHint, orNull(v.RefreshExpires), micros(v.Created), v.EndReason, orNull(v.Over())).
		Scan(&id)
	return id, err
}

func (s issuerStore) AddToken(ctx context.Context, v issuer.Token, events ...issuer.Event) (id issuer.TokenID, err error) {
	err = s.stepOn(ctx, changesNothing, func(ctx context.Context, t *tx) (err error) {
		if id, err = addToken(ctx, t, v); err != nil {
			return err
		}
		for _, e := range events {
			if _, number := e.Thing(); number == 0 {
				err = addEventOf(ctx, t, e, int64(id))
			} else {
				err = addIssuerEvent(ctx, t, e)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return id, err
}

func (s issuerStore) EndToken(ctx context.Context, v issuer.Token, at time.Time, why issuer.EndReason, e issuer.Event) error {
	forget := func() { s.db.recent.tokens.forget(keyOf(v)) }
	return s.stepOn(ctx, forget, func(ctx context.Context, t *tx) error {
		if err := t.swap(ctx, issuer.ErrConflict, `
			UPDATE issuer_tokens SET ended_at = $1, end_reason = $2, over_at = $1
			WHERE account_id = $3 AND id = $4 AND ended_at IS NULL`,
			micros(at), why, v.Account, v.ID); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}

// endFamily names, for the sake of the index, what the members of a family have.
const endFamily = `
	UPDATE issuer_tokens SET ended_at = $1, end_reason = $2, over_at = $1
	WHERE account_id = $3 AND family_id = $4 AND (refresh_digest IS NOT NULL OR generation > 1) AND ended_at IS NULL`

func (s issuerStore) EndFamily(ctx context.Context, v issuer.Token, at time.Time, why issuer.EndReason, e issuer.Event) error {
	return s.stepOn(ctx, s.db.recent.tokens.forgetAll, func(ctx context.Context, t *tx) error {
		result, err := t.ExecContext(ctx, endFamily, micros(at), why, v.Account, v.Family)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err // it had ended before
		}
		return addIssuerEvent(ctx, t, e)
	})
}
