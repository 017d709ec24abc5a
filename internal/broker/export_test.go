package broker

import "context"

// CheckWebhookURL is checkWebhookURL, for tests.
func CheckWebhookURL(text string, private bool) error { return checkWebhookURL(text, private) }

// Warn is the chore of that name.
func (b *Broker) Warn(ctx context.Context) error { return b.warn(ctx) }
