package broker

import (
	"context"
	"encoding/hex"
	"slices"
	"time"
)

// Moment is one thing that happened to a connection: an event, or an attempt to renew
// it.
type Moment struct {
	At      time.Time
	Event   Event   // its kind is empty where it was an attempt
	Attempt Attempt // the zero Attempt where it was an event
}

// Took is how long Zendesk took over an attempt; 0 while it is open.
func (m Moment) Took() time.Duration {
	if m.Attempt.ClosedAt.IsZero() {
		return 0
	}
	return m.Attempt.ClosedAt.Sub(m.Attempt.SentAt)
}

// History is what happened to a connection, the latest first, at most limit of each
// kind.
func (b *Broker) History(ctx context.Context, id ConnectionID, limit int) ([]Moment, error) {
	events, err := b.Store.LatestEvents(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	attempts, err := b.Store.LatestAttempts(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	var all []Moment
	for _, e := range events {
		all = append(all, Moment{At: e.At, Event: e.Event})
	}
	for _, a := range attempts {
		all = append(all, Moment{At: a.SentAt, Attempt: a})
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return b.At.Compare(a.At) })
	return all, nil
}

// Fingerprint tells tokens apart without showing any of them: the begin of a digest;
// empty where there is no token.
func (b *Broker) Fingerprint(ctx context.Context, c Connection) (string, error) {
	access, err := b.open(ctx, c.Access, c.place("access"))
	if err != nil || access.IsZero() {
		return "", err
	}
	return hex.EncodeToString(access.Digest().Bytes())[:4], nil
}
