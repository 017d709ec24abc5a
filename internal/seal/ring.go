package seal

import (
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrSealed says that a sealed value does not open: it was sealed with a key
// that the ring lacks, belongs to another place, or was altered. Which of them
// is not told, as authenticated encryption cannot know.
var ErrSealed = errors.New("sealed value does not open with these keys at this place")

// Ring seals with its primary key and opens with any of its keys. It does not
// change, so it serves any number of goroutines.
type Ring struct {
	keys    *keyset.Handle
	cipher  tink.AEAD
	primary uint32
}

func newRing(keys *keyset.Handle) (*Ring, error) {
	primary, err := keys.Primary()
	if err != nil {
		return nil, err
	}
	cipher, err := aead.New(keys)
	if err != nil {
		return nil, err
	}
	return &Ring{keys: keys, cipher: cipher, primary: primary.KeyID()}, nil
}

// KeyID returns the id of the primary key, which Seal uses.
func (r *Ring) KeyID() uint32 { return r.primary }

// Seal encrypts plain for the place that boundTo names: table, row and column,
// as in "broker_connections/17/refresh". Open wants the same words. An empty
// boundTo is refused, because what is bound to nothing opens anywhere.
func (r *Ring) Seal(plain []byte, boundTo string) ([]byte, error) {
	if boundTo == "" {
		return nil, errors.New("seal: a value must be bound to a place")
	}
	sealed, err := r.cipher.Encrypt(plain, []byte(boundTo))
	if err != nil {
		return nil, fmt.Errorf("seal: %s: %w", boundTo, err)
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same boundTo; else its error wraps
// ErrSealed and names the place.
func (r *Ring) Open(sealed []byte, boundTo string) ([]byte, error) {
	plain, err := r.cipher.Decrypt(sealed, []byte(boundTo))
	if err != nil || boundTo == "" {
		return nil, fmt.Errorf("seal: %q: %w", boundTo, ErrSealed)
	}
	return plain, nil
}

const (
	canaryText  = "deskauth canary"
	canaryPlace = "canary"
)

// Canary returns a sealed value for the store to keep at its first start.
func (r *Ring) Canary() ([]byte, error) { return r.Seal([]byte(canaryText), canaryPlace) }

// CheckCanary tells at every later start whether this ring belongs to the
// database that kept the canary, before a connection is found not to open.
func (r *Ring) CheckCanary(sealed []byte) error {
	plain, err := r.Open(sealed, canaryPlace)
	if err != nil || string(plain) != canaryText {
		return fmt.Errorf("these sealing keys do not open this database: start with the key file it was first started with, "+
			"or restore that file from a backup: %w", ErrSealed)
	}
	return nil
}
