package broker

import "context"

// WebhookShown is a webhook as operators look at it, with what it was told last.
type WebhookShown struct {
	Webhook
	Last Delivery // the zero Delivery: nothing yet, that is remembered
}

// AllWebhooks lists the webhooks, of which there are few. The error is ErrForbidden for
// whoever is no operator.
func (b *Broker) AllWebhooks(ctx context.Context, v Viewer) ([]WebhookShown, error) {
	if !v.Operates() {
		return nil, ErrForbidden
	}
	all, err := b.Store.Webhooks(ctx, 0, webhooksMost)
	if err != nil {
		return nil, err
	}
	shown := make([]WebhookShown, len(all))
	for i, w := range all {
		shown[i].Webhook = w
		last, err := b.Store.Deliveries(ctx, w.ID, 1)
		if err != nil {
			return nil, err
		}
		if len(last) > 0 {
			shown[i].Last = last[0]
		}
	}
	return shown, nil
}

// WebhookShown is a webhook and its last deliveries. The error may be ErrNotFound, or
// ErrForbidden.
func (b *Broker) WebhookShown(ctx context.Context, v Viewer, id WebhookID) (Webhook, []Delivery, error) {
	if !v.Operates() {
		return Webhook{}, nil, ErrForbidden
	}
	return b.Webhook(ctx, id)
}
