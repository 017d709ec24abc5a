package secret

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/big"
	"strings"
)

// entropy is what each secret reads from its source: 256 bits (RFC 6749 §10.10
// asks for a guess to succeed with a probability of at most 2^-128).
const entropy = 32

// codeLength and codeBase give the form of Zendesk's authorization codes: 20 lower-case
// letters and digits, 36^20 possibilities, 103 bits. With a life of 120 s and a
// single use that leaves nothing to guess.
const (
	codeLength = 20
	codeBase   = 36
)

// New returns a token or client secret: 64 lower-case hex digits, the form of
// Zendesk's. It panics when rand fails, because no caller can go on without.
func New(rand io.Reader) Plain { return Of(hex.EncodeToString(read(rand))) }

// Code returns an authorization code: 20 lower-case letters and digits.
func Code(rand io.Reader) Plain {
	// 256 bits modulo 36^20 favour no code by more than 2^-152.
	n := new(big.Int).SetBytes(read(rand))
	n.Mod(n, new(big.Int).Exp(big.NewInt(codeBase), big.NewInt(codeLength), nil))
	digits := n.Text(codeBase)
	return Of(strings.Repeat("0", codeLength-len(digits)) + digits)
}

// State returns a value for OAuth's state, a PKCE verifier or a session
// cookie: 43 characters of base64url, the least RFC 7636 §4.1 allows a verifier.
func State(rand io.Reader) Plain {
	return Of(base64.RawURLEncoding.EncodeToString(read(rand)))
}

func read(rand io.Reader) []byte {
	b := make([]byte, entropy)
	if _, err := io.ReadFull(rand, b); err != nil {
		panic("secret: no randomness: " + err.Error())
	}
	return b
}

// signingPrefix tells the key of a webhook's signatures from other secrets, as
// Standard Webhooks has it.
const signingPrefix = "whsec_"

// Signing returns a key for the signatures of a webhook: "whsec_" and 32 bytes in
// base64.
func Signing(rand io.Reader) Plain {
	return Of(signingPrefix + base64.StdEncoding.EncodeToString(read(rand)))
}
