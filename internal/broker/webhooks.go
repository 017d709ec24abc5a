package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// webhooksMost bounds how many webhooks there are: each is told of every change.
const webhooksMost = 50

// NewWebhook is a webhook that is to be added; without types it is told of all.
type NewWebhook struct {
	URL   string
	Types []string
}

// AddWebhook adds a webhook and returns it with the secret that its receiver verifies
// by, which nothing can show again. The error may be *Invalid.
func (b *Broker) AddWebhook(ctx context.Context, by Actor, n NewWebhook) (Webhook, secret.Plain, error) {
	types, err := b.checkWebhook(ctx, n)
	if err != nil {
		return Webhook{}, secret.Plain{}, err
	}
	w, err := b.Store.AddWebhook(ctx, Webhook{URL: n.URL, State: WebhookNew, Created: b.now()})
	if err != nil {
		return w, secret.Plain{}, err
	}
	// It is sealed for its row, which must be there first.
	plain := secret.Signing(b.Rand)
	s, err := b.sealSigning(ctx, w.ID, 1, plain)
	if err != nil {
		return w, secret.Plain{}, err
	}
	w.State, w.Types, w.Secrets = WebhookOn, types, []WebhookSecret{s}
	return w, plain, b.Store.StartWebhook(ctx, w, b.webhookEvent(WebhookAdded, by, w.ID))
}

// checkWebhook decides whether a webhook can be added, and returns its types. The error
// may be *Invalid.
func (b *Broker) checkWebhook(ctx context.Context, n NewWebhook) ([]NoticeType, error) {
	types, err := parseTypes(n.Types)
	if err == nil {
		err = checkWebhookURL(n.URL, b.PrivateWebhooks)
	}
	if err != nil {
		return nil, err
	}
	all, err := b.Store.Webhooks(ctx, 0, webhooksMost)
	if err == nil && len(all) >= webhooksMost {
		err = &Invalid{"webhooks", fmt.Sprintf("there are %d already: remove one", webhooksMost)}
	}
	return types, err
}

func (b *Broker) sealSigning(ctx context.Context, id WebhookID, number int64, plain secret.Plain) (WebhookSecret, error) {
	sealed, err := b.seal(ctx, plain, webhookSecretPlace(id, number))
	return WebhookSecret{Number: number, Sealed: sealed, Added: b.now()}, err
}

// webhookEvent leaves the address out: its path may hold a secret of the receiver's.
func (b *Broker) webhookEvent(k EventKind, by Actor, id WebhookID) Event {
	return Event{At: b.now(), Kind: k, By: by, Detail: fmt.Sprintf("webhook %d", id)}
}

// Webhooks lists the webhooks, from the one after `after`, without their secrets.
func (b *Broker) Webhooks(ctx context.Context, after WebhookID, limit int) ([]Webhook, error) {
	return b.Store.Webhooks(ctx, after, limit)
}

// deliveriesShown is how many of its last deliveries a webhook is shown with.
const deliveriesShown = 50

// Webhook returns a webhook and its last deliveries. The error may be ErrNotFound.
func (b *Broker) Webhook(ctx context.Context, id WebhookID) (Webhook, []Delivery, error) {
	w, err := b.Store.Webhook(ctx, id)
	if err != nil {
		return w, nil, err
	}
	last, err := b.Store.Deliveries(ctx, id, deliveriesShown)
	return w, last, err
}

// RemoveWebhook removes a webhook, and what it was still to be told. The error may be
// ErrNotFound.
func (b *Broker) RemoveWebhook(ctx context.Context, by Actor, id WebhookID) error {
	return b.Store.RemoveWebhook(ctx, id, b.webhookEvent(WebhookRemoved, by, id))
}

// RollWebhook gives a webhook a new secret, and returns it. For a day both sign, so
// that its receiver can change over. The error may be ErrNotFound.
func (b *Broker) RollWebhook(ctx context.Context, by Actor, id WebhookID) (Webhook, secret.Plain, error) {
	for range moveTries {
		w, err := b.Store.Webhook(ctx, id)
		if err != nil {
			return w, secret.Plain{}, err
		}
		plain := secret.Signing(b.Rand)
		s, err := b.sealSigning(ctx, id, w.last()+1, plain)
		if err != nil {
			return w, secret.Plain{}, err
		}
		err = b.Store.RollWebhook(ctx, id, s, machineNow().Add(rollOverlap), b.webhookEvent(WebhookRolled, by, id))
		if errors.Is(err, ErrConflict) {
			continue
		} else if err != nil {
			return w, secret.Plain{}, err
		}
		w, err = b.Store.Webhook(ctx, id)
		return w, plain, err
	}
	return Webhook{}, secret.Plain{}, fmt.Errorf("webhook %d: %w", id, ErrConflict)
}

// WebhookEnded says that a webhook is told nothing any more, or for now.
type WebhookEnded struct {
	ID    WebhookID
	State WebhookState
}

func (e *WebhookEnded) Error() string {
	switch e.State {
	case WebhookDisabled:
		return fmt.Sprintf("webhook %d is disabled: enable it first", e.ID)
	case WebhookGivenUp:
		return fmt.Sprintf("webhook %d is told nothing any more: its receiver took nothing for days; enable it when it does", e.ID)
	}
	return fmt.Sprintf("webhook %d is told nothing any more: its receiver answered 410 Gone; add it anew", e.ID)
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

// TestWebhook has a notice of no change sent. The error may be ErrNotFound or
// *WebhookEnded.
func (b *Broker) TestWebhook(ctx context.Context, id WebhookID) (Delivery, error) {
	w, err := b.Store.Webhook(ctx, id)
	switch {
	case err != nil:
		return Delivery{}, err
	case w.State != WebhookOn:
		return Delivery{}, &WebhookEnded{id, w.State}
	}
	return b.Store.AddDelivery(ctx, Delivery{
		Webhook: id, State: DeliveryPending, Notice: notice(NoticeTest, b.now(), noticeData{Webhook: id}),
	})
}

// Replay has a delivery sent again, with the id that it had. One that waits is sent at
// once. The error may be ErrNotFound or *WebhookEnded.
func (b *Broker) Replay(ctx context.Context, webhook WebhookID, id DeliveryID) (Delivery, error) {
	w, err := b.Store.Webhook(ctx, webhook)
	switch {
	case err != nil:
		return Delivery{}, err
	case w.State != WebhookOn:
		return Delivery{}, &WebhookEnded{webhook, w.State}
	}
	for range moveTries {
		d, err := b.Store.Delivery(ctx, webhook, id)
		if err != nil {
			return d, err
		}
		next := d.Again()
		if err = b.Store.MoveDelivery(ctx, next, d); !errors.Is(err, ErrConflict) {
			return next, err
		}
	}
	return Delivery{}, fmt.Errorf("delivery %d: %w", id, ErrConflict)
}

// warn says of which connections the refresh token dies soon, once for each
// generation. One that is disabled is among them, for nobody renews it.
func (b *Broker) warn(ctx context.Context) error {
	now := b.now()
	for after := ConnectionID(0); ctx.Err() == nil; {
		all, err := b.Store.Expiring(ctx, now, now.Add(expiringWithin), after, tendMost)
		if err != nil || len(all) == 0 {
			return err
		}
		after = all[len(all)-1].ID
		for _, c := range all {
			if !c.Expiring(now) {
				continue
			}
			e := Event{
				At: now, Kind: RefreshExpiring, By: Itself, Account: c.Account, Connection: c.ID, Client: c.Client,
				Detail: c.RefreshExpires.Format(time.RFC3339),
			}
			if err := b.Store.Warned(ctx, c, e); err != nil && !errors.Is(err, ErrConflict) {
				return err
			}
		}
	}
	return nil
}
