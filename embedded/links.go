package embedded

import (
	"context"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// MakeLink makes a link by which one person connects; with r.Connection, by which that
// connection's own user authorizes it again. Handler serves its page. Mail scanners open
// links, so opening it does nothing: the sign-in that comes back spends it, and is then
// told to Config.OnConnected, with r.ReturnTo.
//
// Its address is not stored and cannot be shown again. The error is
// deskauth.ErrNotFound for a connection that there is not, or says which member of r
// cannot be used.
func (b *Broker) MakeLink(ctx context.Context, r deskauth.LinkRequest) (deskauth.NewLink, error) {
	made, err := b.broker.MakeLink(ctx, broker.Itself, brokerhttp.LinkWish(r))
	if err != nil {
		return deskauth.NewLink{}, b.publicError(err)
	}
	return deskauth.NewLink{Link: b.published(made.ConnectLink), URL: made.URL.Reveal()}, nil
}

// Links lists at most limit links in the order of their ids, from the one after the id
// `after`; 0 begins. Those that are over are among them for an hour.
func (b *Broker) Links(ctx context.Context, after int64, limit int) ([]deskauth.Link, error) {
	all, err := b.broker.Links(ctx, 0, broker.LinkID(after), limit)
	if err != nil {
		return nil, b.publicError(err)
	}
	list := make([]deskauth.Link, 0, len(all))
	for _, l := range all {
		list = append(list, b.published(l))
	}
	return list, nil
}

// RevokeLink ends a link that is open. The error is deskauth.ErrNotFound when there is
// none of that id.
func (b *Broker) RevokeLink(ctx context.Context, id int64) error {
	return b.publicError(b.broker.RevokeLink(ctx, broker.Itself, 0, broker.LinkID(id)))
}

func (b *Broker) published(l broker.ConnectLink) deskauth.Link {
	return brokerhttp.PublishedLink(l, b.broker.Now())
}
