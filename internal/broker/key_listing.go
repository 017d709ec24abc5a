package broker

import (
	"context"
	"slices"
)

// KeyShown is a key as operators look at it.
type KeyShown struct {
	Key
	From ConnectionID // whose person got it by a code (RFC 8628); 0: it was made otherwise
}

// KeyListing is a part of the list of keys, the newest first.
type KeyListing struct {
	Keys []KeyShown
	More bool // there are older ones
}

// FoundKeys lists at most limit of the keys that are accepted, or of those that are not
// any more, from the one before `before` (0: the newest). The error is ErrForbidden for
// whoever is no operator.
func (b *Broker) FoundKeys(ctx context.Context, v Viewer, over bool, before KeyID, limit int) (l KeyListing, err error) {
	if !v.Operates() {
		return l, ErrForbidden
	}
	all, err := b.Store.Keys(ctx)
	for _, k := range slices.Backward(all) {
		switch {
		case k.Good(b.now()) == over || before != 0 && k.ID >= before:
		case len(l.Keys) == limit:
			l.More = true
			return l, b.makers(ctx, l.Keys)
		default:
			l.Keys = append(l.Keys, KeyShown{Key: k})
		}
	}
	if err == nil {
		err = b.makers(ctx, l.Keys)
	}
	return l, err
}

// KeyShown is one key. The error may be ErrNotFound, or ErrForbidden.
func (b *Broker) KeyShown(ctx context.Context, v Viewer, id KeyID) (KeyShown, error) {
	if !v.Operates() {
		return KeyShown{}, ErrForbidden
	}
	all, err := b.Store.Keys(ctx)
	if err != nil {
		return KeyShown{}, err
	}
	at := slices.IndexFunc(all, func(k Key) bool { return k.ID == id })
	if at < 0 {
		return KeyShown{}, ErrNotFound
	}
	one := []KeyShown{{Key: all[at]}}
	return one[0], b.makers(ctx, one)
}

// makersStep is how many events are read in one go.
const makersStep = 500

// makers fills in who made the keys, newest first, as far as the trail still tells: a
// key and the event of it are of the same instant.
func (b *Broker) makers(ctx context.Context, keys []KeyShown) error {
	if len(keys) == 0 {
		return nil
	}
	newest := keys[0].Created
	f := EventFilter{Kind: KeyMade, Since: keys[len(keys)-1].Created}
	for after := EventID(0); ; {
		all, err := b.Store.Events(ctx, f, after, makersStep)
		if err != nil {
			return err
		}
		for _, e := range all {
			for i, k := range keys {
				if e.Detail == k.Name && e.At.Equal(k.Created) {
					keys[i].Maker, keys[i].From = e.By, e.Connection
				}
			}
		}
		if len(all) < makersStep || all[len(all)-1].At.After(newest) {
			return nil
		}
		after = all[len(all)-1].ID
	}
}
