package issuer

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/deskauth/deskauth/internal/secret"
)

// SigningKey signs the access tokens of an account that have the JWT format.
// Nothing rests on the signature here, since every token is looked up; it is
// for whoever checks tokens without asking (RFC 9068).
type SigningKey struct {
	Account AccountID
	ID      string // "kid"
	Private *ecdsa.PrivateKey
	Created time.Time
}

// newSigningKey makes a key for ES256.
func (i *Issuer) newSigningKey(a AccountID) (SigningKey, error) {
	private, err := newES256Key(i.Rand)
	if err != nil {
		return SigningKey{}, fmt.Errorf("make a signing key: %w", err)
	}
	return SigningKey{Account: a, ID: secret.Code(i.Rand).Reveal(), Private: private, Created: i.Now()}, nil
}

// RotateSigningKey gives an account a new key. The old ones stay published, for
// tokens that they signed.
func (i *Issuer) RotateSigningKey(ctx context.Context, a Account) (SigningKey, error) {
	key, err := i.newSigningKey(a.ID)
	if err != nil {
		return SigningKey{}, err
	}
	// Nobody's: the account comes by one with the first token that is to be signed.
	e := By{}.event(a.ID, key.Created, ActionSigningKeyCreated, "account", int64(a.ID), key.ID)
	if err := i.Store.AddSigningKey(ctx, key, e); err != nil {
		return SigningKey{}, err
	}
	i.keys.forget(a.ID)
	return key, nil
}

// SigningKeys returns the keys of an account, the newest first. It makes the
// first one.
func (i *Issuer) SigningKeys(ctx context.Context, a Account) ([]SigningKey, error) {
	if keys := i.keys.get(a.ID); keys != nil {
		return keys, nil
	}
	keys, err := i.Store.SigningKeys(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		key, err := i.RotateSigningKey(ctx, a)
		if err != nil {
			return nil, err
		}
		keys = []SigningKey{key}
	}
	i.keys.put(a.ID, keys)
	return keys, nil
}

// PublicKeys returns what an account publishes for checking its tokens (RFC 7517).
func (i *Issuer) PublicKeys(ctx context.Context, a Account) (jose.JSONWebKeySet, error) {
	keys, err := i.SigningKeys(ctx, a)
	if err != nil {
		return jose.JSONWebKeySet{}, err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Private.Public(), KeyID: k.ID, Algorithm: string(jose.ES256), Use: "sig"})
	}
	return set, nil
}

// accessClaims are those of RFC 9068 section 2.2.
type accessClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  string           `json:"aud"`
	ClientID  string           `json:"client_id"`
	Scope     string           `json:"scope"`
	ID        string           `json:"jti"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ExpiresAt *jwt.NumericDate `json:"exp,omitempty"` // missing: never, which the RFC does not know
}

// sign makes the access token a JWT: typ at+jwt, as newer clients get them at
// Zendesk (facts section 2.2). What made it unguessable becomes its jti.
func (k SigningKey) sign(base string, c Client, t Token, random secret.Plain) (secret.Plain, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: es256{k.Private}},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", k.ID))
	if err != nil {
		return secret.Plain{}, fmt.Errorf("sign a token: %w", err)
	}
	claims := accessClaims{
		Issuer: base, Audience: base, Subject: strconv.FormatInt(int64(t.User), 10), ClientID: c.Identifier,
		Scope: t.Scope.String(), ID: random.Reveal(), IssuedAt: jwt.NewNumericDate(t.Created),
	}
	if !t.AccessExpires.IsZero() {
		claims.ExpiresAt = jwt.NewNumericDate(t.AccessExpires)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return secret.Plain{}, fmt.Errorf("sign a token: %w", err)
	}
	return secret.Of(token), nil
}

// keyCacheLife bounds how long another replica's new key stays unseen.
const keyCacheLife = time.Second

// keyCache keeps signing keys for a moment of machine time.
type keyCache struct {
	mu    sync.Mutex
	known map[AccountID]cachedKeys
}

type cachedKeys struct {
	keys []SigningKey
	read time.Time
}

func (c *keyCache) get(a AccountID) []SigningKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, found := c.known[a]
	if !found || time.Since(cached.read) > keyCacheLife {
		return nil
	}
	return cached.keys
}

func (c *keyCache) put(a AccountID, keys []SigningKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[AccountID]cachedKeys{}
	}
	c.known[a] = cachedKeys{keys, time.Now()}
}

func (c *keyCache) forget(a AccountID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, a)
}

func (c *keyCache) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.known)
}
