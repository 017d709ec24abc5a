package embedded

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
)

// Events lists the lines of the audit trail that a filter chooses, oldest first. The error
// may be *deskauth.Invalid. A loop that gets one gets nothing more.
func (b *Broker) Events(ctx context.Context, f deskauth.EventFilter) iter.Seq2[deskauth.Event, error] {
	return b.events(ctx, f, 0)
}

// FollowEvents is Events, and then those that come, looked for at every pause. After an
// error a loop that goes on gets what it would have got: no event is left out, and none
// comes twice. It ends with the context, whose error comes last.
func (b *Broker) FollowEvents(ctx context.Context, f deskauth.EventFilter, pause time.Duration) iter.Seq2[deskauth.Event, error] {
	return b.events(ctx, f, max(pause, time.Millisecond))
}

// events reads part after part, and the last one again for as long as it is. The store
// shows no event before all of a lower number, so a part that is full is read for good;
// what was told of the last one is remembered.
func (b *Broker) events(ctx context.Context, f deskauth.EventFilter, pause time.Duration) iter.Seq2[deskauth.Event, error] {
	return func(yield func(deskauth.Event, error) bool) {
		after, told := broker.EventID(0), map[broker.EventID]bool{}
		for {
			part, more, err := b.eventsAfter(ctx, f, after)
			if err != nil && (!yield(deskauth.Event{}, b.publicError(err)) || pause == 0 || ctx.Err() != nil) {
				return
			}
			for _, e := range part {
				if !told[e.ID] && !yield(brokerhttp.PublishedEvent(e), nil) {
					return
				}
				told[e.ID] = true
			}
			switch {
			case more:
				after = part[partMost-1].ID
				clear(told)
				continue
			case pause == 0:
				return
			}
			select {
			case <-ctx.Done():
				yield(deskauth.Event{}, fmt.Errorf("embedded: %w", context.Cause(ctx)))
				return
			case <-time.After(pause):
			}
		}
	}
}

func (b *Broker) eventsAfter(ctx context.Context, f deskauth.EventFilter, after broker.EventID) (part []broker.Recorded, more bool, err error) {
	chosen, err := brokerhttp.EventWish(f)
	if err != nil {
		return nil, false, err
	}
	part, err = b.broker.Events(ctx, chosen, after, partMost+1) // one more tells whether there are more
	return part[:min(len(part), partMost)], len(part) > partMost, err
}
