package embedded

import (
	"errors"
	"fmt"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// publicError is an error of the broker's in the root package's types.
func (b *Broker) publicError(err error) error {
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	var invalid *broker.Invalid
	switch {
	case errors.Is(err, broker.ErrNotFound):
		return deskauth.ErrNotFound
	case errors.As(err, &unusable):
		return b.unusable(unusable)
	case errors.As(err, &unavailable):
		return &deskauth.Unavailable{
			Connection: int64(unavailable.ID), RetryAfter: unavailable.RetryAfter,
			Reason: string(unavailable.Reason), Err: unavailable.Err,
		}
	case errors.As(err, &invalid):
		return &deskauth.Invalid{Field: invalid.Field, Why: invalid.Why}
	case err != nil && b.broker.Store.Away(err):
		return fmt.Errorf("%w: %w", deskauth.ErrAway, err)
	}
	return err
}

func (b *Broker) unusable(e *broker.Unusable) error {
	why := deskauth.Unusable{Connection: int64(e.ID), State: deskauth.State(e.State), Reason: string(e.Reason)}
	if to := brokerhttp.AuthorizeURL(b.public, b.connect, e); to != "" {
		return &deskauth.ReauthorizeError{Unusable: why, URL: to}
	}
	return &why
}
