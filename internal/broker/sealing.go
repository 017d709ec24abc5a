package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
)

// Which key seals is said by the store, so that all who share it agree; the keys
// themselves are in each process:
//
//	open    a value names its key ──► at hand? ──no──► read the source again, once
//	seal    SealingKey.Current    ──► at hand? ──no──► read the source again, once
//	attend  SealingKey.Next       ──► at hand? ──no──► read the source again; tell what is at hand
//
// A rotation (rotate.go) gives a key out as the next one, and makes it the current one
// when everybody who runs has told that it is at hand.

// SealingKey is what the store knows about the keys.
type SealingKey struct {
	Current uint32 // what is sealed is sealed with it
	Next    uint32 // is being given out; 0: none
	Asked   int64  // how many times a key was given out
}

// Keyholder is a running broker, and the keys that it has told to have.
type Keyholder struct {
	Name  string
	Keys  []uint32
	Asked int64 // SealingKey.Asked when it told
}

// errKeyless says that a broker without sealing keys was asked for what needs them.
var errKeyless = errors.New("the sealing keys are not at hand")

// lookAgain is how soon the source is asked anew for a key that it did not have.
const lookAgain = time.Second

// lookUp bounds how long a value that is to be sealed waits for the store to say with
// which key: the one at hand opens everywhere too.
const lookUp = 2 * time.Second

// ring are the keys at hand. The zero value has none.
type ring struct {
	now atomic.Pointer[seal.Ring]

	mu      sync.Mutex           // held while the source is read
	missing map[uint32]time.Time // keys that it did not have, and when that was
	told    SealingKey           // what attend told last
	holds   bool                 // it has told anything
	left    bool                 // for good: nothing is told any more
}

func (r *ring) use(keys *seal.Ring) { r.now.Store(keys) }

// ringWith returns the keys at hand, read again if the key of an id is not among them
// and the source may have it by now.
func (b *Broker) ringWith(ctx context.Context, id uint32) *seal.Ring {
	keys := b.ring.now.Load()
	if keys.Has(id) || b.Source == nil {
		return keys
	}
	r := &b.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	keys = r.now.Load()
	if at, ok := r.missing[id]; keys.Has(id) || ok && time.Since(at) < lookAgain {
		return keys
	}
	// On a context of its own: others wait for what it brings.
	next, err := b.Source.Load(context.WithoutCancel(ctx))
	if err == nil && next.Has(id) {
		r.use(next)
		return next
	}
	if len(r.missing) > 100 || r.missing == nil { // whatever a damaged database names
		r.missing = map[uint32]time.Time{}
	}
	r.missing[id] = time.Now()
	return keys
}

// seal seals a secret for a place, with the key that the store names; the absent
// secret stays absent.
func (b *Broker) seal(ctx context.Context, p secret.Plain, place string) (Sealed, error) {
	if p.IsZero() {
		return Sealed{}, nil
	}
	if b.Keyless {
		return Sealed{}, errKeyless
	}
	keys := b.sealingRing(ctx)
	sealed, err := keys.Seal([]byte(p.Reveal()), place)
	return Sealed{Bytes: sealed, Key: keys.KeyID()}, err
}

// sealingRing are the keys at hand, the current one of the store as the primary. The
// store is asked each time: a rotation that is over counts on it that whoever began
// to renew after it seals with the new key.
func (b *Broker) sealingRing(ctx context.Context) *seal.Ring {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookUp)
	defer cancel()
	keys := b.ring.now.Load()
	k, err := b.Store.SealingKey(ctx)
	if err != nil || keys.KeyID() == k.Current {
		return keys
	}
	keys = b.ringWith(ctx, k.Current)
	next, err := keys.With(k.Current)
	if err != nil { // it is not there: what is sealed with another opens too
		return keys
	}
	b.ring.now.CompareAndSwap(keys, next)
	return next
}

func (b *Broker) open(ctx context.Context, s Sealed, place string) (secret.Plain, error) {
	if s.IsZero() {
		return secret.Plain{}, nil
	}
	if b.Keyless {
		return secret.Plain{}, errKeyless
	}
	plain, err := b.ringWith(ctx, s.Key).Open(s.Bytes, place)
	return secret.Of(string(plain)), err
}

// checkRing holds the sealing keys against the store's.
func (c *Config) checkRing(ctx context.Context) error {
	if c.Keyless {
		return nil
	}
	canary, err := c.Ring.Canary()
	if err != nil {
		return err
	}
	if canary, err = c.Store.KeepCanary(ctx, canary); err != nil {
		return fmt.Errorf("check the sealing keys: %w", err)
	}
	if err := c.Ring.CheckCanary(canary); err != nil {
		return err
	}
	k, err := c.Store.KeepSealingKey(ctx, SealingKey{Current: c.Ring.KeyID()})
	if err != nil {
		return fmt.Errorf("check the sealing keys: %w", err)
	}
	if !c.Ring.Has(k.Current) {
		return fmt.Errorf("these sealing keys lack key %d, with which this database is sealed: start with its own, "+
			"or restore them from a backup: %w", k.Current, seal.ErrSealed)
	}
	return nil
}

// attend looks whether a key is being given out, takes it up, and tells the store
// which keys are at hand.
func (b *Broker) attend(ctx context.Context) error {
	if b.Keyless {
		return nil
	}
	k, err := b.Store.SealingKey(ctx)
	if err != nil {
		return err
	}
	keys := b.ringWith(ctx, k.Current)
	if k.Next != 0 {
		keys = b.ringWith(ctx, k.Next)
	}
	b.ring.mu.Lock()
	defer b.ring.mu.Unlock()
	told := SealingKey{Current: k.Current, Asked: k.Asked}
	if keys.Has(k.Next) {
		told.Next = k.Next
	}
	if b.ring.left || b.ring.holds && told == b.ring.told {
		return nil
	}
	if err := b.Store.HoldKeys(ctx, Keyholder{Name: b.name, Keys: keys.KeyIDs(), Asked: k.Asked}); err != nil {
		return err
	}
	b.ring.told, b.ring.holds = told, true
	return nil
}

// leave tells the store that this broker holds no keys any more, and never will.
func (b *Broker) leave(ctx context.Context) error {
	b.ring.mu.Lock()
	defer b.ring.mu.Unlock()
	b.ring.left = true
	if !b.ring.holds {
		return nil
	}
	b.ring.holds = false
	return b.Store.DropKeyholders(ctx, []string{b.name})
}
