package broker

import (
	"context"
	"errors"
	"fmt"
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

// DisableWebhook has a webhook told nothing until EnableWebhook; what waits for it is not
// sent, and can be replayed by hand afterwards. The error may be ErrNotFound, or
// *WebhookEnded for one that is told nothing already, for another reason.
func (b *Broker) DisableWebhook(ctx context.Context, by Actor, id WebhookID) (Webhook, error) {
	for range moveTries {
		w, err := b.Store.Webhook(ctx, id)
		switch {
		case err != nil || w.State == WebhookDisabled:
			return w, err
		case w.State != WebhookOn:
			return w, &WebhookEnded{id, w.State}
		}
		w.State = WebhookDisabled
		err = b.Store.EndWebhook(ctx, w, machineNow(), b.webhookEvent(WebhookStopped, by, id))
		if !errors.Is(err, ErrConflict) {
			return w, err
		}
	}
	return Webhook{}, fmt.Errorf("webhook %d: %w", id, ErrConflict)
}

// EnableWebhook ends what DisableWebhook began, or that it was given up. The error may
// be ErrNotFound, or *WebhookEnded for one whose receiver said that it is gone.
func (b *Broker) EnableWebhook(ctx context.Context, by Actor, id WebhookID) (Webhook, error) {
	for range moveTries {
		w, err := b.Store.Webhook(ctx, id)
		switch {
		case err != nil || w.State == WebhookOn:
			return w, err
		case w.State == WebhookOff:
			return w, &WebhookEnded{id, w.State}
		}
		now := machineNow()
		err = b.Store.ResumeWebhook(ctx, id, w.State, now, b.webhookEvent(WebhookStarted, by, id))
		if !errors.Is(err, ErrConflict) {
			w.State, w.OnSince, w.Dropped = WebhookOn, now, 0
			return w, err
		}
	}
	return Webhook{}, fmt.Errorf("webhook %d: %w", id, ErrConflict)
}

// CloseCircuit has a client tried again at an account that refused it, at once and not
// only when its time has come. The error may be ErrNotFound: there is no such client,
// or that account does not refuse it.
func (b *Broker) CloseCircuit(ctx context.Context, by Actor, id ClientID, account string) error {
	c, err := b.ClientState(ctx, id)
	if err != nil {
		return err
	}
	e := b.clientEvent(CircuitClosed, by, c.Client)
	e.Account = account
	return b.Store.EndCircuit(ctx, id, account, e)
}
