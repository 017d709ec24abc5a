package broker

import (
	"context"
	"errors"
	"time"
)

// What waits for a receiver that takes nothing is bounded, by time and by number:
//
//	a delivery failed for good ──► nothing taken for webhookPatience ──► given up, and said
//	each minute                ──► more than pendingMost wait        ──► the oldest are dropped, and said
const (
	// webhookPatience is how long a webhook may take nothing before it is told nothing
	// any more; Standard Webhooks advises days. Deliveries are kept for longer than that.
	webhookPatience = 5 * 24 * time.Hour

	// pendingMost bounds what waits for one webhook: a hundred thousand connections that
	// are renewed once are more than a receiver that was away can be told in a day.
	pendingMost = 10_000
)

// giveUp ends a webhook that has taken nothing for days.
func (b *Broker) giveUp(ctx context.Context, w Webhook) error {
	since, err := b.Store.FailingSince(ctx, w.ID, w.OnSince)
	now := machineNow()
	if err != nil || !b.GivesUp(since, now) {
		return err
	}
	w.State = WebhookGivenUp
	return b.Store.EndWebhook(ctx, w, now, b.webhookEvent(WebhookGaveUp, Itself, w.ID))
}

// GivesUp decides whether a webhook that takes nothing since an instant is told nothing
// any more.
func (b *Broker) GivesUp(since, now time.Time) bool {
	return !since.IsZero() && now.Sub(since) >= b.Timing.Patience
}

// trimWebhooks drops what is too much.
func (b *Broker) trimWebhooks(ctx context.Context) error {
	all, err := b.Store.Webhooks(ctx, 0, webhooksMost)
	if err != nil {
		return err
	}
	var failed []error
	for _, w := range all {
		_, err := b.Store.TrimDeliveries(ctx, w.ID, b.PendingMost, b.webhookEvent(WebhookDropped, Itself, w.ID))
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
