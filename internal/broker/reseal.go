package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/seal"
)

const (
	resealMost   = 128         // values in one step
	resealPasses = 60          // of which those after the first find what was sealed meanwhile
	resealAgain  = time.Second // between two passes
	unopenedMost = 5           // values that do not open, named in an error
)

// sealAll seals all values with a key, and looks at each afterwards.
func (r *rotation) sealAll(ctx context.Context, key uint32) error {
	keys, err := r.ringWith(ctx, key).With(key)
	if err != nil {
		return fmt.Errorf("the sealing keys in %s lack key %d, with which this database is being sealed: put it back", r.Source, key)
	}
	r.ring.use(keys)
	if err := r.sealCanary(ctx, keys); err != nil {
		return err
	}
	only, err := keys.Only(key)
	if err != nil {
		return err
	}
	for range resealPasses {
		if err := r.pass(ctx, keys); err != nil {
			return err
		}
		// What a broker has sealed in the meantime, before it knew of the key, is next.
		if others, err := r.verify(ctx, only); err != nil || others == 0 {
			return err
		}
		if err := pause(ctx, resealAgain); err != nil {
			return err
		}
	}
	return errors.New("a broker that runs goes on sealing with another key: does it have these sealing keys? Start it again, then run this again")
}

// sealCanary comes before all values: from then on nobody starts without the key.
func (r *rotation) sealCanary(ctx context.Context, keys *seal.Ring) error {
	for range moveTries {
		old, err := r.Store.Canary(ctx)
		if err != nil || seal.KeyOf(old) == keys.KeyID() {
			return err
		}
		next, err := keys.Canary()
		if err != nil {
			return err
		}
		if err := r.Store.ResealCanary(ctx, old, next); !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// pass goes through all values once, and seals anew those of other keys.
func (r *rotation) pass(ctx context.Context, keys *seal.Ring) error {
	left, err := r.left(ctx, keys, keys.KeyID())
	if err != nil {
		return err
	}
	var bad unopened
	before := r.done.Resealed
	err = r.each(ctx, func(values []SealedValue) error {
		var batch []Resealed
		for _, v := range values {
			if v.Sealed.Key == keys.KeyID() {
				continue
			}
			next, err := resealed(keys, v)
			if err != nil {
				bad.add(v)
				continue
			}
			batch = append(batch, next)
		}
		if len(batch) == 0 {
			return nil
		}
		n, err := r.Store.Reseal(ctx, batch)
		if err != nil {
			return err
		}
		r.done.Resealed += n
		r.Say(RotateStep{"sealing anew", min(r.done.Resealed-before, left), left})
		return pause(ctx, r.Pause)
	})
	return errors.Join(err, bad.err())
}

func resealed(keys *seal.Ring, v SealedValue) (Resealed, error) {
	plain, err := keys.Open(v.Sealed.Bytes, v.place())
	if err != nil {
		return Resealed{}, err
	}
	sealed, err := keys.Seal(plain, v.place())
	return Resealed{v, Sealed{Bytes: sealed, Key: keys.KeyID()}}, err
}

// verify opens each value with the new key alone. It returns how many are of another.
func (r *rotation) verify(ctx context.Context, only *seal.Ring) (others int, err error) {
	var bad unopened
	r.done.Verified = 0
	counts, err := r.Store.SealedBy(ctx)
	if err != nil {
		return 0, err
	}
	of := 0
	for _, c := range counts {
		of += c.Count
	}
	err = r.each(ctx, func(values []SealedValue) error {
		for _, v := range values {
			if v.Sealed.Key != only.KeyID() {
				others++
			} else if _, err := only.Open(v.Sealed.Bytes, v.place()); err != nil {
				bad.add(v)
			} else {
				r.done.Verified++
			}
		}
		r.Say(RotateStep{"verifying", min(r.done.Verified, of), of})
		return ctx.Err()
	})
	return others, errors.Join(err, bad.err())
}

// each hands all values over, in batches.
func (r *rotation) each(ctx context.Context, take func([]SealedValue) error) error {
	for _, kind := range SealedKinds {
		for after := (SealedRow{}); ; {
			values, err := r.Store.SealedValues(ctx, kind, after, resealMost)
			if err != nil {
				return err
			}
			if len(values) == 0 {
				break
			}
			after = values[len(values)-1].SealedRow
			if err := take(values); err != nil {
				return err
			}
		}
	}
	return nil
}

// unopened are values that no key at hand opens.
type unopened struct {
	names []string
	count int
}

func (u *unopened) add(v SealedValue) {
	if u.count++; u.count <= unopenedMost {
		u.names = append(u.names, fmt.Sprintf("%s (key %d)", v.name(), v.Sealed.Key))
	}
}

func (u *unopened) err() error {
	if u.count == 0 {
		return nil
	}
	more := ""
	if u.count > unopenedMost {
		more = fmt.Sprintf(" and %d more", u.count-unopenedMost)
	}
	return fmt.Errorf("these do not open, and stay as they are: %s%s: %w", strings.Join(u.names, ", "), more, seal.ErrSealed)
}
