package deskauth

import (
	"context"
	"time"
)

// TokenWish is what a caller wants of a token. TokenOptions fill it in.
type TokenWish struct {
	MinTTL time.Duration // how long it is to live at least
}

// TokenOption says what a token is to be like.
type TokenOption func(*TokenWish)

// MinTTL asks for a token that lives at least so long: it is renewed first if it would
// not. One in the first fifth of its life is lent as it is, since another would hardly
// live longer; and so is one that cannot be renewed just now, as long as it lives.
func MinTTL(d time.Duration) TokenOption { return func(w *TokenWish) { w.MinTTL = d } }

// WishOf is what options ask for.
func WishOf(options ...TokenOption) (w TokenWish) {
	for _, o := range options {
		o(&w)
	}
	return w
}

// Lender lends tokens: a *Client, or an *embedded.Broker.
type Lender interface {
	Token(ctx context.Context, connection int64, options ...TokenOption) (Token, error)
}

// TokenSource lends a connection's token to a library that has a type of its own for
// tokens. With T *oauth2.Token it is a TokenSource of golang.org/x/oauth2, which this
// package does not need for that. It is safe for concurrent use if the Lender is.
type TokenSource[T any] struct {
	ctx        context.Context //nolint:containedctx // as in golang.org/x/oauth2, whose Token takes none
	from       Lender
	connection int64
	as         func(Token) T
	options    []TokenOption
}

// NewTokenSource returns the source of a connection's tokens, each made into a T by as.
// The context ends what is asked by it. It keeps no token: do not put one that does round
// it, since a renewal ends a token before its time.
func NewTokenSource[T any](ctx context.Context, from Lender, connection int64, as func(Token) T, options ...TokenOption) *TokenSource[T] {
	return &TokenSource[T]{ctx: ctx, from: from, connection: connection, as: as, options: options}
}

// Token lends the token as it is now. Errors are those of the Lender.
func (s *TokenSource[T]) Token() (T, error) {
	t, err := s.from.Token(s.ctx, s.connection, s.options...)
	if err != nil {
		var none T
		return none, err
	}
	return s.as(t), nil
}

// Expiry is ExpiresAt, or the zero time of a token that does not expire, as other
// libraries have it.
func (t Token) Expiry() time.Time {
	if t.ExpiresAt == nil {
		return time.Time{}
	}
	return *t.ExpiresAt
}
