package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
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
	created_at, used_at, ended_at, end_reason`

func scanToken(row scanner) (v issuer.Token, err error) {
	var scope, consented string
	var access, refresh []byte
	var accessExpires, refreshExpires, used, ended sql.NullInt64
	var created int64
	err = row.Scan(&v.ID, &v.Account, &v.Product, &v.Client, &v.User, &v.Family, &v.Generation, &v.Origin, &scope, &consented,
		&access, &v.AccessHint, &accessExpires, &refresh, &v.RefreshHint, &refreshExpires,
		&created, &used, &ended, &v.EndReason)
	v.Scope, v.Consented = scopeFrom(scope), scopeFrom(consented)
	v.Access, v.AccessExpires = digestFrom(access), fromNull(accessExpires)
	v.Refresh, v.RefreshExpires, v.HasRefresh = digestFrom(refresh), fromNull(refreshExpires), refresh != nil
	v.Created, v.Used, v.Ended = fromMicros(created), fromNull(used), fromNull(ended)
	return v, err
}

func (s issuerStore) TokenByRefresh(ctx context.Context, a issuer.AccountID, p issuer.Product, refresh secret.Digest) (issuer.Token, error) {
	v, err := scanToken(s.db.reads.QueryRowContext(ctx,
		`SELECT `+tokenColumns+` FROM issuer_tokens WHERE account_id = $1 AND product = $2 AND refresh_digest = $3`,
		a, p, refresh.Bytes()))
	return v, found(err, issuer.ErrNotFound)
}

func (s issuerStore) TokenByAccess(ctx context.Context, a issuer.AccountID, p issuer.Product, access secret.Digest) (issuer.Token, error) {
	return s.db.recent.tokens.get(tokenKey{a, p, access}, func() (issuer.Token, error) {
		v, err := scanToken(s.db.reads.QueryRowContext(ctx,
			`SELECT `+tokenColumns+` FROM issuer_tokens WHERE account_id = $1 AND product = $2 AND access_digest = $3`,
			a, p, access.Bytes()))
		return v, found(err, issuer.ErrNotFound)
	})
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

// MarkUsed goes through the tokens in one order, so that two replicas that tell
// of the same ones do not wait for each other in a circle.
func (s issuerStore) MarkUsed(ctx context.Context, tokens map[issuer.TokenRef]time.Time, apiTokens map[issuer.APITokenRef]time.Time) error {
	inOrder := slices.SortedFunc(maps.Keys(tokens), func(a, b issuer.TokenRef) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	apiInOrder := slices.SortedFunc(maps.Keys(apiTokens), func(a, b issuer.APITokenRef) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	return s.stepOn(ctx, s.db.recent.tokens.forgetAll, func(ctx context.Context, t *tx) error {
		clients := map[usedClient]int64{}
		for _, ref := range inOrder {
			c, at := usedClient{account: ref.Account}, micros(tokens[ref])
			err := t.QueryRowContext(ctx, `
				UPDATE issuer_tokens SET used_at = $1
				WHERE account_id = $2 AND id = $3 AND (used_at IS NULL OR used_at < $1)
				RETURNING client_id`, at, ref.Account, ref.ID).Scan(&c.id)
			if errors.Is(err, sql.ErrNoRows) {
				continue // a later use is known, or the token is gone
			} else if err != nil {
				return err
			}
			clients[c] = max(clients[c], at)
		}
		if err := markClients(ctx, t, clients); err != nil {
			return err
		}
		for _, ref := range apiInOrder {
			if _, err := t.ExecContext(ctx, `
				UPDATE issuer_api_tokens SET last_used_at = $1
				WHERE account_id = $2 AND id = $3 AND (last_used_at IS NULL OR last_used_at < $1)`,
				micros(apiTokens[ref]), ref.Account, ref.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

type usedClient struct {
	account issuer.AccountID
	id      issuer.ClientID
}

// markClients keeps when a client was used beyond the life of its tokens.
func markClients(ctx context.Context, t *tx, uses map[usedClient]int64) error {
	inOrder := slices.SortedFunc(maps.Keys(uses), func(a, b usedClient) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.id, b.id))
	})
	for _, c := range inOrder {
		if _, err := t.ExecContext(ctx, `
			UPDATE issuer_clients SET used_at = $1
			WHERE account_id = $2 AND id = $3 AND (used_at IS NULL OR used_at < $1)`, uses[c], c.account, c.id); err != nil {
			return err
		}
	}
	return nil
}
