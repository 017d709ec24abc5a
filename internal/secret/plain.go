package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// masked is what every printing path shows, the zero value's too: whether a
// secret is set is already more than a log needs to tell.
const masked = "[secret]"

// Plain is a secret in the clear that cannot be printed by accident.
//
// The zero Plain is the absent secret. Plains do not compare with ==, which
// would leak how much of a guess was right; use Equal.
type Plain struct {
	_ [0]func() // forbids ==

	// A pointer to a string, because fmt reaches unexported fields by
	// reflection, without asking their Format method: it then prints an
	// address. It would follow a pointer to a struct, slice, array or map.
	text *string
}

// Of wraps s. The empty string gives the zero Plain.
func Of(s string) Plain {
	if s == "" {
		return Plain{}
	}
	return Plain{text: &s}
}

// Reveal returns the secret in the clear, for the one place that must send it.
func (p Plain) Reveal() string {
	if p.text == nil {
		return ""
	}
	return *p.text
}

// IsZero reports whether there is no secret.
func (p Plain) IsZero() bool { return p.text == nil }

// Equal compares in a time that depends on neither content nor common prefix.
// Two absent secrets are equal: check IsZero first where that would let one in.
func (p Plain) Equal(q Plain) bool {
	return p.Digest().Equal(q.Digest())
}

// Hint returns the first n characters, to tell secrets apart in lists. All of
// the secret is returned when it is no longer than n.
func (p Plain) Hint(n int) string {
	s := p.Reveal()
	for at := range s {
		if n <= 0 {
			return s[:at]
		}
		n--
	}
	return s
}

// Digest returns the SHA-256 of the secret, by which it is stored and found. A
// fast hash is right for what New, Code and State make, whose entropy leaves
// nothing to guess; it is wrong for passwords that people choose.
func (p Plain) Digest() Digest {
	var room [128]byte // a token needs no memory of its own
	return sha256.Sum256(append(room[:0], p.Reveal()...))
}

// Format implements fmt.Formatter for every verb, %#v and %x included.
func (p Plain) Format(f fmt.State, _ rune) { io.WriteString(f, masked) }

// String serves callers that ask for fmt.Stringer without fmt.
func (p Plain) String() string { return masked }

// LogValue implements slog.LogValuer.
func (p Plain) LogValue() slog.Value { return slog.StringValue(masked) }

// MarshalJSON writes "[secret]". What must carry a secret in JSON says Reveal.
func (p Plain) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// MarshalText writes [secret], for XML, YAML and the like.
func (p Plain) MarshalText() ([]byte, error) { return []byte(masked), nil }

// GobEncode refuses: gob is storage, where a mask would be silent loss.
func (p Plain) GobEncode() ([]byte, error) {
	return nil, errors.New("secret: a plain secret is not stored; seal it or keep its digest")
}

// Digest is the SHA-256 of a secret.
type Digest [sha256.Size]byte

const maskedDigest = "[digest]"

// Bytes returns a copy for a database column.
func (d Digest) Bytes() []byte { return d[:] }

// Equal compares in constant time.
func (d Digest) Equal(e Digest) bool { return subtle.ConstantTimeCompare(d[:], e[:]) == 1 }

// Format implements fmt.Formatter for every verb. A digest would not reveal
// the secret, but it would name the same row across logs and databases.
func (d Digest) Format(f fmt.State, _ rune) { io.WriteString(f, maskedDigest) }

// String serves callers that ask for fmt.Stringer without fmt.
func (d Digest) String() string { return maskedDigest }

// LogValue implements slog.LogValuer.
func (d Digest) LogValue() slog.Value { return slog.StringValue(maskedDigest) }

// MarshalText writes [digest]; JSON uses it too.
func (d Digest) MarshalText() ([]byte, error) { return []byte(maskedDigest), nil }
