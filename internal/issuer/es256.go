package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/go-jose/go-jose/v4"
)

// ES256 with keys from a given source and signatures that are a function of what
// is signed (RFC 6979): the same randomness makes the same tokens, which a demo
// can be asked for. The standard library's own generator takes no source.

// newES256Key draws a key for P-256 from rand, as FIPS 186-5 appendix A.2.1 does:
// 64 bits more than the order has, modulo the order less one, plus one.
func newES256Key(rand io.Reader) (*ecdsa.PrivateKey, error) {
	const size = 32
	drawn := make([]byte, size+8)
	if _, err := io.ReadFull(rand, drawn); err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	d := new(big.Int).SetBytes(drawn)
	d.Mod(d, new(big.Int).Sub(elliptic.P256().Params().N, one))
	d.Add(d, one)
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), d.FillBytes(make([]byte, size)))
}

// es256 signs for go-jose.
type es256 struct{ key *ecdsa.PrivateKey }

// Public serves jose.OpaqueSigner.
func (s es256) Public() *jose.JSONWebKey { return &jose.JSONWebKey{Key: s.key.Public()} }

// Algs serves jose.OpaqueSigner.
func (s es256) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.ES256} }

// SignPayload returns r and s side by side (RFC 7518 section 3.4).
func (s es256) SignPayload(payload []byte, alg jose.SignatureAlgorithm) ([]byte, error) {
	if alg != jose.ES256 {
		return nil, errors.New("es256 signs by no other algorithm")
	}
	digest := sha256.Sum256(payload)
	encoded, err := s.key.Sign(nil, digest[:], crypto.SHA256) // no randomness: RFC 6979
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(encoded, &pair); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	signature := make([]byte, 64)
	pair.R.FillBytes(signature[:32])
	pair.S.FillBytes(signature[32:])
	return signature, nil
}
