package broker

import (
	"context"
	"fmt"
)

// StoredOperators lists the operators by name, in the order in which they came. The
// admins of the accounts that Operators names are none of these.
func (b *Broker) StoredOperators(ctx context.Context) ([]Operator, error) {
	return b.Store.Operators(ctx)
}

// RemoveOperator takes from a person that they are one by name. Their sessions see no
// more than their role lets them from then on. The error may be ErrNotFound.
func (b *Broker) RemoveOperator(ctx context.Context, account string, user int64, by Actor) error {
	return b.Store.RemoveOperator(ctx, account, user, Event{
		At: b.now(), Kind: OperatorGone, By: by, Account: account, Detail: fmt.Sprint(user),
	})
}
