package oauth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
)

// MethodS256 is the only code_challenge_method spoken here: RFC 9700 §2.1.1
// advises against plain, which shows the verifier to whoever sees the request.
const MethodS256 = "S256"

// Challenge is an S256 code challenge as it is kept with a code; "" when the
// authorization request carried none.
type Challenge string

// Matches tells whether a token request's verifier, "" when it has none, fits.
// A verifier without a challenge does not: somebody took the challenge out of
// the authorization request (the downgrade of RFC 9700 §4.8.2).
func (c Challenge) Matches(verifier string) bool {
	if c == "" || verifier == "" {
		return c == "" && verifier == ""
	}
	return VerifyS256(verifier, string(c))
}

// NewVerifier makes a code verifier from 32 random bytes (RFC 7636 §4.1). A nil
// reader means crypto/rand. It panics when there is no randomness.
func NewVerifier(random io.Reader) string {
	if random == nil {
		random = rand.Reader
	}
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic(fmt.Errorf("oauth: no randomness for a code verifier: %w", err))
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// S256 is the challenge of a verifier (RFC 7636 §4.2).
func S256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ValidVerifier checks the form of RFC 7636 §4.1: 43 to 128 unreserved characters.
func ValidVerifier(s string) bool {
	if len(s) < 43 || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !alphanumeric(c) && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}

// ValidChallenge checks the form of an S256 challenge: the 43 characters that a
// SHA-256 sum makes in base64url without padding.
func ValidChallenge(s string) bool {
	sum, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(s) == 43 && len(sum) == sha256.Size
}

// VerifyS256 compares in constant time (RFC 7636 §4.6). A verifier or challenge
// of the wrong form never matches.
func VerifyS256(verifier, challenge string) bool {
	return ValidVerifier(verifier) && ValidChallenge(challenge) &&
		subtle.ConstantTimeCompare([]byte(S256(verifier)), []byte(challenge)) == 1
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
