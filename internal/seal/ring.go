package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/deskauth/deskauth/internal/secret"
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
	ids     []uint32 // oldest first
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
	ring := &Ring{keys: keys, cipher: cipher, primary: primary.KeyID()}
	for i := range keys.Len() {
		entry, err := keys.Entry(i)
		if err != nil {
			return nil, err
		}
		ring.ids = append(ring.ids, entry.KeyID())
	}
	return ring, nil
}

// New makes a ring of one new key.
func New() (*Ring, error) { return withNewPrimary(keyset.NewManager()) }

// KeyID returns the id of the primary key, which Seal uses.
func (r *Ring) KeyID() uint32 { return r.primary }

// KeyIDs are the ids of all keys, the oldest first.
func (r *Ring) KeyIDs() []uint32 { return slices.Clone(r.ids) }

// Has tells whether the ring has the key of an id.
func (r *Ring) Has(id uint32) bool { return slices.Contains(r.ids, id) }

// Newest is the key that was added last.
func (r *Ring) Newest() uint32 { return r.ids[len(r.ids)-1] }

// WithNew returns the ring and one key more, with which it does not seal yet.
func (r *Ring) WithNew() (*Ring, error) {
	m := keyset.NewManagerFromHandle(r.keys)
	if _, err := m.Add(aead.XChaCha20Poly1305KeyTemplate()); err != nil {
		return nil, fmt.Errorf("seal: new key: %w", err)
	}
	return ringOf(m)
}

// With returns the ring with another of its keys as the primary one.
func (r *Ring) With(primary uint32) (*Ring, error) {
	m := keyset.NewManagerFromHandle(r.keys)
	if err := m.SetPrimary(primary); err != nil {
		return nil, fmt.Errorf("seal: key %d: %w", primary, err)
	}
	return ringOf(m)
}

// Only returns a ring of one of the keys.
func (r *Ring) Only(id uint32) (*Ring, error) {
	m := keyset.NewManagerFromHandle(r.keys)
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("seal: key %d: %w", id, err)
	}
	for _, other := range r.ids {
		if other == id {
			continue
		}
		if err := m.Delete(other); err != nil {
			return nil, fmt.Errorf("seal: key %d: %w", other, err)
		}
	}
	return ringOf(m)
}

// Reveal returns the keys in the clear, as a key file has them.
func (r *Ring) Reveal() (secret.Plain, error) {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(r.keys, keyset.NewJSONWriter(&text)); err != nil {
		return secret.Plain{}, fmt.Errorf("seal: write the keys: %w", err)
	}
	return secret.Of(text.String()), nil
}

func ringOf(m *keyset.Manager) (*Ring, error) {
	keys, err := m.Handle()
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return newRing(keys)
}

// KeyOf tells which key sealed a value; 0: it is none that a ring has sealed. That is
// Tink's prefix: a byte 1, and the key's id.
func KeyOf(sealed []byte) uint32 {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:5])
}

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
		return fmt.Errorf("these sealing keys do not open this database: start with its own, "+
			"or restore them from a backup: %w", ErrSealed)
	}
	return nil
}
