package embedded

import (
	"context"
	"iter"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// MakeKey makes a key, which cannot be shown again. A program uses it by deskauth.Client,
// at a broker that serves this database: Handler serves no API. The error may be
// *deskauth.Invalid.
func (b *Broker) MakeKey(ctx context.Context, r deskauth.KeyRequest) (deskauth.NewKey, error) {
	wish, err := brokerhttp.KeyWish(r, b.broker.Now())
	if err != nil {
		return deskauth.NewKey{}, b.publicError(err)
	}
	wish.Maker = broker.Itself
	k, plain, err := b.broker.MakeKey(ctx, wish)
	if err != nil {
		return deskauth.NewKey{}, b.publicError(err)
	}
	return brokerhttp.PublishedNewKey(k, plain), nil
}

// Keys lists all keys, in the order of their ids, those that have ended included.
func (b *Broker) Keys(ctx context.Context) iter.Seq2[deskauth.Key, error] {
	return func(yield func(deskauth.Key, error) bool) {
		all, err := b.broker.Keys(ctx) // they are few
		if err != nil {
			yield(deskauth.Key{}, b.publicError(err))
		}
		for _, k := range all {
			if !yield(brokerhttp.PublishedKey(k), nil) {
				return
			}
		}
	}
}

// EndKey ends a key for good. The error is deskauth.ErrNotFound when there is none of that
// id that has not ended.
func (b *Broker) EndKey(ctx context.Context, id int64) error {
	return b.publicError(b.broker.EndKey(ctx, broker.Itself, broker.KeyID(id)))
}
