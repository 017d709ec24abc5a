package embedded

import (
	"context"
	"iter"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// MakeToken makes a token at Zendesk by a connection, which acts as that connection's user
// with the scopes that r names, and which is revoked when it is due. It cannot be shown
// again. The error is one of Token's, *deskauth.Invalid, or says what Zendesk had against
// it; where nobody heard Zendesk's answer, MadeTokens has it as in doubt.
func (b *Broker) MakeToken(ctx context.Context, connection int64, r deskauth.MadeTokenRequest) (deskauth.NewMadeToken, error) {
	wish, err := brokerhttp.MadeTokenWish(r, b.broker.Now())
	if err != nil {
		return deskauth.NewMadeToken{}, b.publicError(err)
	}
	wish.Connection, wish.Maker = broker.ConnectionID(connection), broker.Itself
	m, plain, err := b.broker.MakeToken(ctx, wish)
	if err != nil {
		return deskauth.NewMadeToken{}, b.publicError(err)
	}
	return brokerhttp.PublishedNewMadeToken(m, plain), nil
}

// MadeTokens lists the tokens that were made by a connection, in the order of their ids;
// those that have ended are among them.
func (b *Broker) MadeTokens(ctx context.Context, connection int64) iter.Seq2[deskauth.MadeToken, error] {
	return listed(b, func(after broker.MadeTokenID) ([]broker.MadeToken, error) {
		id := broker.ConnectionID(connection)
		if _, err := b.broker.Connection(ctx, id); err != nil {
			return nil, err
		}
		return b.broker.MadeTokens(ctx, id, after, partMost)
	},
		func(m broker.MadeToken) broker.MadeTokenID { return m.ID }, brokerhttp.PublishedMadeToken)
}

// RevokeMadeToken revokes a token that was made by a connection now, before it is due. One
// that has ended stays so, and one in doubt is forgotten. The error is
// deskauth.ErrNotFound, or one of MakeToken's.
func (b *Broker) RevokeMadeToken(ctx context.Context, connection, id int64) error {
	_, err := b.broker.EndToken(ctx, broker.Itself, broker.ConnectionID(connection), broker.MadeTokenID(id))
	return b.publicError(err)
}
