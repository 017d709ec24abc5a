package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// KeyID is the number of a key.
type KeyID int64

// Power is what a key allows.
type Power string

// The powers.
const (
	Lend    Power = "lend"    // read connections, lend their tokens, call through the proxy
	Link    Power = "connect" // make links by which people connect
	GiveOut Power = "pass"    // hand out passes
	Admin   Power = "admin"   // all of it, and change what there is
)

// Powers are all of them.
func Powers() []Power { return []Power{Lend, Link, GiveOut, Admin} }

// Key lets a program use the broker's API. It is stored as a digest and shown once.
type Key struct {
	ID          KeyID
	Name        string
	Digest      secret.Digest
	Can         []Power
	Connections []ConnectionID // none: all, those to come included
	Created     time.Time
	Expires     time.Time // zero = never
	LastUsed    time.Time
	Ended       time.Time // zero = not

	Maker Actor // who made it; the trail has it
}

// Good tells whether the key is accepted at all.
func (k Key) Good(now time.Time) bool {
	return k.Ended.IsZero() && (k.Expires.IsZero() || now.Before(k.Expires))
}

// Allows decides whether the key may use a power, on a connection (0: on none in
// particular).
func (k Key) Allows(p Power, id ConnectionID) bool {
	return (slices.Contains(k.Can, p) || slices.Contains(k.Can, Admin)) &&
		(id == 0 || len(k.Connections) == 0 || slices.Contains(k.Connections, id))
}

// keyPrefix tells a key from other secrets, to people and to programs that look for
// secrets where none belong.
const keyPrefix = "deskauth_"

// keyNameMost bounds what people call a key, in bytes.
const keyNameMost = 100

// MakeKey makes a key of k's name, powers, connections and end, and returns it with
// the secret, which nothing can show again. The error may be *Invalid.
func (b *Broker) MakeKey(ctx context.Context, k Key) (Key, secret.Plain, error) {
	k.Name = strings.TrimSpace(plainText(k.Name))
	k.Created = b.now()
	switch {
	case k.Name == "" || len(k.Name) > keyNameMost:
		return Key{}, secret.Plain{}, &Invalid{"name", fmt.Sprintf("it has 1 to %d characters", keyNameMost)}
	case len(k.Can) == 0:
		return Key{}, secret.Plain{}, &Invalid{"can", "it names at least one of " + listed(Powers())}
	case slices.Contains(k.Can, Admin) && len(k.Connections) > 0:
		// What an admin may change belongs to no connection, so that the bound would hold
		// nothing back.
		return Key{}, secret.Plain{}, &Invalid{"connections", fmt.Sprintf("a key that can %s reaches all of them", Admin)}
	case !k.Expires.IsZero() && !k.Created.Before(k.Expires):
		return Key{}, secret.Plain{}, &Invalid{"expires_in", "it is over already"}
	}
	for _, p := range k.Can {
		if !slices.Contains(Powers(), p) {
			return Key{}, secret.Plain{}, &Invalid{"can", fmt.Sprintf("%q is none of %s", p, listed(Powers()))}
		}
	}
	for _, id := range k.Connections {
		if _, err := b.Store.Connection(ctx, id); errors.Is(err, ErrNotFound) {
			return Key{}, secret.Plain{}, &Invalid{"connections", fmt.Sprintf("there is no connection %d", id)}
		} else if err != nil {
			return Key{}, secret.Plain{}, err
		}
	}
	plain := b.newKeySecret()
	k.Digest = plain.Digest()
	k, err := b.Store.AddKey(ctx, k, Event{At: k.Created, Kind: KeyMade, By: k.Maker, Detail: k.Name})
	return k, plain, err
}

func (b *Broker) newKeySecret() secret.Plain {
	return secret.Of(keyPrefix + secret.State(b.Rand).Reveal())
}

func listed(all []Power) string {
	var words []string
	for _, p := range all {
		words = append(words, string(p))
	}
	return strings.Join(words, ", ")
}

// EndKey ends a key for good. The error is ErrNotFound when there is none that has
// not ended.
func (b *Broker) EndKey(ctx context.Context, by Actor, id KeyID) error {
	err := b.Store.EndKey(ctx, id, b.now(), Event{At: b.now(), Kind: KeyEnded, By: by, Detail: fmt.Sprint(id)})
	b.mu.Lock()
	clear(b.keys)
	b.mu.Unlock()
	return err
}

// knownKey is a key as it was loaded a moment ago.
type knownKey struct {
	key Key
	at  time.Time // machine time
}

// keyKept is for how long a loaded key is believed: so much later at most, one that
// was ended by another process is refused by this one.
const keyKept = time.Second

// keysMost bounds how many are remembered.
const keysMost = 10_000

// KeyOf finds the key of a secret and notes its use. The error is ErrKeyRefused for
// whatever is wrong with it.
func (b *Broker) KeyOf(ctx context.Context, plain secret.Plain) (Key, error) {
	digest := plain.Digest()
	b.mu.Lock()
	known, there := b.keys[digest]
	b.mu.Unlock()
	if !there || time.Since(known.at) > keyKept {
		k, err := b.Store.Key(ctx, digest)
		if errors.Is(err, ErrNotFound) {
			return Key{}, ErrKeyRefused
		} else if err != nil {
			return Key{}, err
		}
		known = knownKey{k, time.Now()}
	}
	now := b.now()
	if !known.key.Good(now) {
		return Key{}, ErrKeyRefused
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.keys == nil || len(b.keys) >= keysMost {
		b.keys = map[secret.Digest]knownKey{}
	}
	b.keys[digest] = known
	b.keysUsed[known.key.ID] = now
	return known.key, nil
}

// Keys lists all keys, those that ended included.
func (b *Broker) Keys(ctx context.Context) ([]Key, error) { return b.Store.Keys(ctx) }
