package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deskauth/deskauth/internal/seal"
)

// A rotation goes on beside brokers that run, and may be cut off anywhere: what is
// stored says where it stands.
//
//	begin     a new key in the source, offered in the store
//	hand out  every broker that runs has told that it has it ──► it is the current one
//	reseal    each value, by a swap: a renewal in flight wins     until none is left
//	verify    each value opens with the new key alone
//	keep      the new key is the source's primary one
//	drop      the old keys leave the source, if that is wanted

// RotateOptions say how a rotation goes. The zero value does what is usual.
type RotateOptions struct {
	Wait    time.Duration    // how long brokers that lack the key are waited for; default 2 minutes
	Silent  time.Duration    // how long one that says nothing is waited for; default 15 seconds
	Pause   time.Duration    // between two batches; default 5 milliseconds
	DropOld bool             // the old keys leave the source
	Say     func(RotateStep) // what is being done, as it goes; nil: nobody listens
}

// RotateStep is what a rotation tells.
type RotateStep struct {
	What     string // in words: "sealing anew"
	Done, Of int    // of values or brokers; 0 of 0: it has no measure
}

// Rotation is what a rotation has done.
type Rotation struct {
	Key      uint32 // the key with which everything is sealed now
	Resealed int
	Verified int
	Kept     bool     // the source has it as the primary one
	Dropped  []uint32 // the keys that left the source
}

const holdersPoll = 200 * time.Millisecond

// ErrNoSource says that the broker was given keys, and not where they are kept.
var ErrNoSource = errors.New("it is not known where the sealing keys are kept")

// Rotate seals everything with a new key, or goes on with what was begun. No value is
// ever sealed with a key that a running broker cannot open.
func (b *Broker) Rotate(ctx context.Context, o RotateOptions) (Rotation, error) {
	r, err := b.rotation(o)
	if err != nil {
		return Rotation{}, err
	}
	err = r.run(ctx)
	return r.done, err
}

func (b *Broker) rotation(o RotateOptions) (*rotation, error) {
	if b.Source == nil {
		return nil, ErrNoSource
	}
	if o.Wait == 0 {
		o.Wait = 2 * time.Minute
	}
	if o.Silent == 0 {
		o.Silent = 15 * time.Second
	}
	if o.Pause == 0 {
		o.Pause = 5 * time.Millisecond
	}
	if o.Say == nil {
		o.Say = func(RotateStep) {}
	}
	return &rotation{Broker: b, RotateOptions: o}, nil
}

// DropOldKeys takes the keys with which nothing is sealed any more out of the source.
func (b *Broker) DropOldKeys(ctx context.Context, o RotateOptions) (Rotation, error) {
	r, err := b.rotation(o)
	if err != nil {
		return Rotation{}, err
	}
	k, err := b.Store.SealingKey(ctx)
	switch {
	case err != nil:
		return r.done, err
	case k.Next != 0:
		return r.done, errors.New("a rotation is not over: run it again first")
	}
	r.done.Key = k.Current
	if err = r.keep(ctx, k.Current); err == nil {
		err = r.drop(ctx, k.Current)
	}
	return r.done, err
}

// rotation is one run of it.
type rotation struct {
	*Broker
	RotateOptions
	done Rotation
}

func (r *rotation) run(ctx context.Context) error {
	k, err := r.begin(ctx)
	if err != nil {
		return err
	}
	if k.Next != 0 {
		if k, err = r.handOut(ctx, k); err != nil {
			return err
		}
	}
	r.done.Key = k.Current
	if err := r.sealAll(ctx, k.Current); err != nil {
		return err
	}
	if err := r.keep(ctx, k.Current); err != nil || !r.DropOld {
		return err
	}
	return r.drop(ctx, k.Current)
}

// begin offers a key, or finds out what a rotation that was cut off has offered.
func (r *rotation) begin(ctx context.Context) (SealingKey, error) {
	keys, err := r.Source.Load(ctx)
	if err != nil {
		return SealingKey{}, err
	}
	k, err := r.Store.SealingKey(ctx)
	if err != nil {
		return k, err
	}
	if k.Next != 0 && keys.Has(k.Next) {
		r.Say(RotateStep{What: fmt.Sprintf("going on with key %d", k.Next)})
		r.ring.use(keys)
		return k, nil
	}
	if k.Next == 0 {
		// Values of other keys, or a source that does not know yet which one seals, are
		// left by one that was cut off. (An offer whose key is gone has sealed nothing.)
		left, err := r.left(ctx, keys, k.Current)
		if err != nil || left > 0 || keys.KeyID() != k.Current && keys.Newest() == k.Current {
			r.Say(RotateStep{What: fmt.Sprintf("going on with key %d", k.Current)})
			return k, err
		}
	}
	if keys, err = r.withNext(ctx, keys, k.Current); err != nil {
		return k, err
	}
	r.ring.use(keys)
	to := SealingKey{Current: k.Current, Next: keys.Newest(), Asked: k.Asked + 1}
	if err := r.Store.OfferKey(ctx, k, to); errors.Is(err, ErrConflict) {
		return k, errors.New("another rotation is under way: let it end, or run this again")
	} else if err != nil {
		return k, err
	}
	r.Say(RotateStep{What: fmt.Sprintf("key %d is new", to.Next)})
	return to, nil
}

// left counts what is sealed with other keys of the ring than that.
func (r *rotation) left(ctx context.Context, keys *seal.Ring, key uint32) (n int, err error) {
	counts, err := r.Store.SealedBy(ctx)
	for _, c := range counts {
		if c.Key != key && keys.Has(c.Key) {
			n += c.Count
		}
	}
	return n, err
}

// withNext is the source's ring with a key that is newer than the current one: the one
// that somebody has put there already, or one that is made.
func (r *rotation) withNext(ctx context.Context, keys *seal.Ring, current uint32) (*seal.Ring, error) {
	if !keys.Has(current) {
		return nil, fmt.Errorf("the sealing keys in %s lack key %d, with which this database is sealed", r.Source, current)
	}
	if keys.Newest() != current {
		return keys, nil
	}
	next, err := keys.WithNew()
	if err != nil {
		return nil, err
	}
	if err := r.Source.Replace(ctx, keys, next); err != nil {
		return nil, err
	}
	now, err := r.Source.Load(ctx)
	if err == nil && !now.Has(next.Newest()) {
		err = fmt.Errorf("the sealing keys in %s lack the key that was just stored there", r.Source)
	}
	return now, err
}

// handOut waits until every broker that runs has the next key, and makes it the
// current one. Brokers that say nothing are gone, or stopped: one that goes on reads
// the source when it meets a value that it cannot open.
func (r *rotation) handOut(ctx context.Context, k SealingKey) (SealingKey, error) {
	to := SealingKey{Current: k.Next, Asked: k.Asked}
	for watch := startWatch(2 * holdersPoll); ; {
		holders, err := r.Store.Keyholders(ctx)
		if err != nil {
			return k, err
		}
		silent, lacking := k.absent(holders)
		if len(holders) > 0 {
			r.Say(RotateStep{"brokers that have the new key", len(holders) - len(silent) - len(lacking), len(holders)})
		}
		ran := watch.look()
		if len(lacking) == 0 && (len(silent) == 0 || ran >= r.Silent) {
			err := r.Store.TakeKey(ctx, k, to, holders)
			if err == nil {
				return to, r.Store.DropKeyholders(ctx, silent)
			} else if now, e := r.Store.SealingKey(ctx); !errors.Is(err, ErrConflict) || e != nil || now != k {
				return k, errors.Join(err, e)
			}
		}
		if ran >= r.Wait {
			return k, fmt.Errorf("%d of %d brokers do not have the new key %d after %v, and nothing is sealed with it: "+
				"give it to each (one that has its keys from a variable is to be started again), then run this again",
				len(lacking)+len(silent), len(holders), k.Next, r.Wait)
		}
		if err := pause(ctx, holdersPoll); err != nil {
			return k, err
		}
	}
}

// absent are those who have not told yet what they have, and those who lack the next
// key.
func (k SealingKey) absent(holders []Keyholder) (silent, lacking []string) {
	for _, h := range holders {
		switch {
		case h.Asked != k.Asked:
			silent = append(silent, h.Name)
		case !slices.Contains(h.Keys, k.Next):
			lacking = append(lacking, h.Name)
		}
	}
	return silent, lacking
}

// keep makes the key the source's primary one, for those who read it without the
// database. It is not needed: the store decides.
func (r *rotation) keep(ctx context.Context, key uint32) error {
	for range moveTries {
		now, err := r.Source.Load(ctx)
		if err != nil {
			return err
		}
		if now.KeyID() == key {
			r.done.Kept = true
			return nil
		}
		next, err := now.With(key)
		if err != nil {
			return err
		}
		switch err := r.Source.Replace(ctx, now, next); {
		case errors.Is(err, seal.ErrFixed):
			return nil
		case !errors.Is(err, seal.ErrChanged):
			r.done.Kept = err == nil
			return err
		}
	}
	return seal.ErrChanged
}

// drop takes the other keys out of the source. A renewal that began before the key was
// the current one may still come to seal with an old key: it is written down as open,
// and waited for.
func (r *rotation) drop(ctx context.Context, key uint32) error {
	attempt, connection, err := r.Store.LastAttempt(ctx)
	if err != nil {
		return err
	}
	for watch := startWatch(2 * holdersPoll); ; {
		open, err := r.Store.OpenAttempts(ctx, attempt, connection)
		if err != nil {
			return err
		}
		if open == 0 {
			break
		}
		r.Say(RotateStep{What: fmt.Sprintf("waiting for %d renewals and sign-ins that are under way", open)})
		if watch.look() >= r.Wait {
			return fmt.Errorf("%d renewals or sign-ins have not ended, and may come to seal with an old key: the old keys stay; run this again later", open)
		}
		if err := pause(ctx, holdersPoll); err != nil {
			return err
		}
	}
	if err := r.sealAll(ctx, key); err != nil {
		return err
	}
	// Whoever lends from memory remembers values of the old keys.
	if err := r.Store.ForgetLent(ctx); err != nil {
		return err
	}
	now, err := r.Source.Load(ctx)
	if err != nil {
		return err
	}
	next, err := now.Only(key)
	if err != nil {
		return err
	}
	if err := r.Source.Replace(ctx, now, next); err != nil {
		return err
	}
	r.done.Dropped = slices.DeleteFunc(now.KeyIDs(), func(id uint32) bool { return id == key })
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
