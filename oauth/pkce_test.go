package oauth_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/oauth"
)

// RFC 7636 appendix B.
var (
	rfcOctets = []byte{
		116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173,
		187, 186, 22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
	}
	rfcVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func TestPKCEVector(t *testing.T) {
	if got := oauth.NewVerifier(bytes.NewReader(rfcOctets)); got != rfcVerifier {
		t.Errorf("verifier %q", got)
	}
	if got := oauth.S256(rfcVerifier); got != rfcChallenge {
		t.Errorf("challenge %q", got)
	}
	if !oauth.VerifyS256(rfcVerifier, rfcChallenge) {
		t.Error("the vector does not verify")
	}
}

func TestNewVerifier(t *testing.T) {
	a, b := oauth.NewVerifier(nil), oauth.NewVerifier(nil)
	if a == b || !oauth.ValidVerifier(a) || !oauth.ValidChallenge(oauth.S256(a)) {
		t.Errorf("%q, %q", a, b)
	}
	defer func() {
		if recover() == nil {
			t.Error("a verifier was made of nothing")
		}
	}()
	oauth.NewVerifier(strings.NewReader("short"))
}

func TestValidVerifier(t *testing.T) {
	x := strings.Repeat("x", 42)
	for s, want := range map[string]bool{
		x: false, x + "x": true, x + "~": true, x + "+": false, x + " ": false, x + "é": false, "": false,
		strings.Repeat("-", 128): true, strings.Repeat("-", 129): false,
	} {
		if got := oauth.ValidVerifier(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestValidChallenge(t *testing.T) {
	for s, want := range map[string]bool{
		rfcChallenge: true, rfcChallenge + "=": false, rfcChallenge[1:]: false, rfcChallenge + "A": false, "": false,
		strings.Repeat("+", 43): false, rfcChallenge[:42] + "\n": false,
		// The last character has two bits too many: not what a sum encodes to.
		strings.Repeat("A", 42) + "B": false,
	} {
		if got := oauth.ValidChallenge(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestChallengeMatches(t *testing.T) {
	other := oauth.NewVerifier(nil)
	for _, c := range []struct {
		name      string
		challenge oauth.Challenge
		verifier  string
		want      bool
	}{
		{"the vector", oauth.Challenge(rfcChallenge), rfcVerifier, true},
		{"another verifier", oauth.Challenge(rfcChallenge), other, false},
		{"no PKCE at all", "", "", true},
		{"a challenge without a verifier", oauth.Challenge(rfcChallenge), "", false},
		{"a verifier without a challenge", "", rfcVerifier, false},
		{"the challenge as a verifier", oauth.Challenge(rfcChallenge), rfcChallenge, false},
		{"a short verifier", oauth.Challenge(oauth.S256("short")), "short", false},
	} {
		if got := c.challenge.Matches(c.verifier); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
