package broker

import (
	"context"
	"time"
)

// WebhookStore keeps webhooks and what they are told. The steps that change a
// connection write the notices of it themselves (Event.Notice,
// Connection.RenewedNotice), if any webhook asks for their type.
type WebhookStore interface {
	// AddWebhook stores a new webhook, which serves nobody yet, and returns it with its
	// number.
	AddWebhook(ctx context.Context, w Webhook) (Webhook, error)
	// StartWebhook gives a new webhook its types and its first secret.
	StartWebhook(ctx context.Context, w Webhook, e Event) error
	// Webhook returns one that was started, with its secrets.
	Webhook(ctx context.Context, id WebhookID) (Webhook, error)
	// Webhooks lists those that were started, without what is sealed, in the order of
	// their numbers, from the one after `after`.
	Webhooks(ctx context.Context, after WebhookID, limit int) ([]Webhook, error)
	// RollWebhook adds a secret whose number is one above the last, lets that end at
	// `ends` and drops those before. ErrConflict when it is not.
	RollWebhook(ctx context.Context, id WebhookID, s WebhookSecret, ends time.Time, e Event) error
	// RemoveWebhook deletes it and what it was told.
	RemoveWebhook(ctx context.Context, id WebhookID, e Event) error
	// EndWebhook turns one that is on to w's state, and what it was still to be told to
	// failed.
	EndWebhook(ctx context.Context, w Webhook, at time.Time, e Event) error
	// ResumeWebhook turns one that is in the state `from` on, and counts anew what is
	// dropped.
	ResumeWebhook(ctx context.Context, id WebhookID, from WebhookState, at time.Time, e Event) error
	// FailingSince is when the first of a webhook's deliveries failed after the instant
	// and after the last one that it took; the zero time: none did.
	FailingSince(ctx context.Context, id WebhookID, after time.Time) (time.Time, error)
	// TrimDeliveries drops the pending ones of a webhook beyond most, the oldest first,
	// and counts them with the webhook. The event is written with the first of them.
	TrimDeliveries(ctx context.Context, id WebhookID, most int, e Event) (int, error)

	// FanOut makes at most limit notices into deliveries, and returns how many.
	FanOut(ctx context.Context, limit int) (int, error)
	// AddDelivery stores a delivery of its own, and returns it with its number and
	// message.
	AddDelivery(ctx context.Context, d Delivery) (Delivery, error)
	// WebhooksDue are those that there is something to tell now.
	WebhooksDue(ctx context.Context, now time.Time) ([]WebhookID, error)
	// DueDeliveries are the pending ones of a webhook, those first that were to be sent
	// first.
	DueDeliveries(ctx context.Context, id WebhookID, now time.Time, limit int) ([]Delivery, error)
	// Deliveries are a webhook's last ones, newest first.
	Deliveries(ctx context.Context, id WebhookID, limit int) ([]Delivery, error)
	Delivery(ctx context.Context, webhook WebhookID, id DeliveryID) (Delivery, error)
	// MoveDelivery stores state, tries, times and answer of a delivery that is still in
	// the state, and at the try, that it was loaded in.
	MoveDelivery(ctx context.Context, d, from Delivery) error
	// DropDeliveries deletes those of a webhook that is not there any more.
	DropDeliveries(ctx context.Context, id WebhookID) error
	// PruneDeliveries removes at most limit of those that were over before the instant,
	// and webhooks that were never started, and returns how many went.
	PruneDeliveries(ctx context.Context, before time.Time, limit int) (int, error)

	// Expiring lists connections whose refresh tokens end by then, of whose generation
	// it was not said yet, in the order of their numbers, from the one after `after`.
	Expiring(ctx context.Context, now, by time.Time, after ConnectionID, limit int) ([]Connection, error)
	// Warned notes that it is said, once for a generation.
	Warned(ctx context.Context, c Connection, e Event) error
}
