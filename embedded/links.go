package embedded

import (
	"context"
	"iter"

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
// deskauth.ErrNotFound for a connection that there is not, or *deskauth.Invalid.
func (b *Broker) MakeLink(ctx context.Context, r deskauth.LinkRequest) (deskauth.NewLink, error) {
	made, err := b.broker.MakeLink(ctx, broker.Itself, brokerhttp.LinkWish(r))
	if err != nil {
		return deskauth.NewLink{}, b.publicError(err)
	}
	return deskauth.NewLink{Link: b.published(made.ConnectLink), URL: made.URL.Reveal()}, nil
}

// Links lists all links, in the order of their ids. Those that are over are among them for
// an hour.
func (b *Broker) Links(ctx context.Context) iter.Seq2[deskauth.Link, error] {
	return listed(b, func(after broker.LinkID) ([]broker.ConnectLink, error) {
		return b.broker.Links(ctx, 0, after, partMost)
	},
		func(l broker.ConnectLink) broker.LinkID { return l.ID }, b.published)
}

// RevokeLink ends a link that is open. The error is deskauth.ErrNotFound when there is
// none of that id.
func (b *Broker) RevokeLink(ctx context.Context, id int64) error {
	return b.publicError(b.broker.RevokeLink(ctx, broker.Itself, 0, broker.LinkID(id)))
}

func (b *Broker) published(l broker.ConnectLink) deskauth.Link {
	return brokerhttp.PublishedLink(l, b.broker.Now())
}
