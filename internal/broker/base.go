package broker

import (
	"context"
	"fmt"
)

// OtherZendesk says that a database's connections are at another Zendesk than the
// one that was asked for: their tokens, and the client's secret, are not for it.
type OtherZendesk struct{ Kept, Asked string } // templates, as zendesk.Base has them

func (e *OtherZendesk) Error() string {
	return fmt.Sprintf("this database is a broker's whose Zendesk is %s, not %s", e.Kept, e.Asked)
}

// KeepBase notes in the store where Zendesk is, for those who work beside the
// broker. As long as there are no connections it may change; then the error is
// *OtherZendesk.
func (b *Broker) KeepBase(ctx context.Context) error {
	asked := b.Base.String()
	kept, err := b.Store.KeepZendesk(ctx, asked)
	if err != nil {
		return fmt.Errorf("note where Zendesk is: %w", err)
	}
	if kept != asked {
		return &OtherZendesk{Kept: kept, Asked: asked}
	}
	return nil
}

// MoveBase notes it though there may be connections: for a Zendesk of one's own that
// is the same wherever it listens.
func (b *Broker) MoveBase(ctx context.Context) error {
	return b.Store.MoveZendesk(ctx, b.Base.String())
}
