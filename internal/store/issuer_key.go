package store

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"database/sql"
	"fmt"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

func (s issuerStore) APIToken(ctx context.Context, a issuer.AccountID, token secret.Digest) (issuer.APIToken, error) {
	v, err := scanAPIToken(s.db.reads.QueryRowContext(ctx,
		`SELECT `+apiTokenColumns+` FROM issuer_api_tokens WHERE account_id = $1 AND digest = $2`, a, token.Bytes()))
	return v, found(err, issuer.ErrNotFound)
}

const apiTokenColumns = `id, account_id, digest, hint, description, active, created_at, updated_at, last_used_at`

func scanAPIToken(row scanner) (v issuer.APIToken, err error) {
	var digest []byte
	var active, created, updated int64
	var used sql.NullInt64
	err = row.Scan(&v.ID, &v.Account, &digest, &v.Hint, &v.Description, &active, &created, &updated, &used)
	v.Digest, v.Active = digestFrom(digest), active != 0
	v.Created, v.Updated, v.Used = fromMicros(created), fromMicros(updated), fromNull(used)
	return v, err
}

func (s issuerStore) SigningKeys(ctx context.Context, a issuer.AccountID) ([]issuer.SigningKey, error) {
	rows, err := s.db.reads.QueryContext(ctx, `
		SELECT account_id, kid, private_key, created_at FROM issuer_signing_keys
		WHERE account_id = $1 ORDER BY created_at DESC, kid`, a)
	return collect(rows, err, func(row scanner) (k issuer.SigningKey, err error) {
		var der []byte
		var created int64
		if err := row.Scan(&k.Account, &k.ID, &der, &created); err != nil {
			return k, err
		}
		private, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return k, fmt.Errorf("read signing key %s: %w", k.ID, err)
		}
		var ok bool
		if k.Private, ok = private.(*ecdsa.PrivateKey); !ok {
			return k, fmt.Errorf("signing key %s is of another kind", k.ID)
		}
		k.Created = fromMicros(created)
		return k, nil
	})
}

func (s issuerStore) AddSigningKey(ctx context.Context, k issuer.SigningKey, e issuer.Event) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return fmt.Errorf("keep signing key %s: %w", k.ID, err)
	}
	return s.step(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.ExecContext(ctx,
			`INSERT INTO issuer_signing_keys (account_id, kid, private_key, created_at) VALUES ($1, $2, $3, $4)`,
			k.Account, k.ID, der, micros(k.Created)); err != nil {
			return err
		}
		return addIssuerEvent(ctx, t, e)
	})
}
