package embedded

import (
	"context"
	"iter"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// MakePass makes a pass by which whoever holds it sends files to one ticket. Handler
// serves its page. Its link cannot be shown again. The connection is asked for the ticket
// first: the error is deskauth.ErrNotFound, *deskauth.Invalid, *deskauth.Unusable, or says
// what Zendesk had against it.
func (b *Broker) MakePass(ctx context.Context, r deskauth.PassRequest) (deskauth.NewPass, error) {
	want, err := brokerhttp.PassWish(r, b.broker.Now())
	if err != nil {
		return deskauth.NewPass{}, b.publicError(err)
	}
	p, plain, err := b.broker.MakePass(ctx, want)
	if err != nil {
		return deskauth.NewPass{}, b.publicError(err)
	}
	return brokerhttp.PublishedNewPass(b.broker, b.public, p, plain), nil
}

// Pass returns a pass, with what was sent by it. The error is deskauth.ErrNotFound when
// there is none of that id.
func (b *Broker) Pass(ctx context.Context, id int64) (deskauth.Pass, error) {
	p, err := b.broker.Pass(ctx, broker.PassID(id))
	if err != nil {
		return deskauth.Pass{}, b.publicError(err)
	}
	sendings, err := b.broker.Sendings(ctx, p.ID)
	if err != nil {
		return deskauth.Pass{}, b.publicError(err)
	}
	return brokerhttp.PublishedPass(b.broker, p, sendings), nil
}

// Passes lists all passes, in the order of their ids.
func (b *Broker) Passes(ctx context.Context) iter.Seq2[deskauth.Pass, error] {
	return listed(b, func(after broker.PassID) ([]broker.Pass, error) { return b.broker.Passes(ctx, after, partMost) },
		func(p broker.Pass) broker.PassID { return p.ID },
		func(p broker.Pass) deskauth.Pass { return brokerhttp.PublishedPass(b.broker, p, nil) })
}

// RevokePass ends a pass. The error is deskauth.ErrNotFound when there is none of that id.
func (b *Broker) RevokePass(ctx context.Context, id int64) error {
	_, err := b.broker.RevokePass(ctx, broker.PassID(id), broker.Itself)
	return b.publicError(err)
}
