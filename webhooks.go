package deskauth

import "time"

// Webhook is an address that a broker tells what happens, as Standard Webhooks
// describes.
type Webhook struct {
	ID        int64           `json:"id"`
	URL       string          `json:"url"`
	Types     []string        `json:"types"`
	State     string          `json:"state"`   // on; or it is told nothing: gone (it answered 410), given_up (it took nothing for days), disabled (by hand)
	Dropped   int             `json:"dropped"` // deliveries that were too many, since it was last enabled
	CreatedAt time.Time       `json:"created_at"`
	Secrets   []WebhookSecret `json:"secrets"`          // that sign, the present one first
	Secret    string          `json:"secret,omitempty"` // the present one, when it was just made: it is not shown again
}

// WebhookSecret tells of a secret that signs, and not what it is.
type WebhookSecret struct {
	Number  int64      `json:"number"`
	AddedAt time.Time  `json:"added_at"`
	EndsAt  *time.Time `json:"ends_at"` // nil: it is the present one
}

// WebhookPage is a part of the list of webhooks.
type WebhookPage struct {
	Webhooks   []Webhook `json:"webhooks"`
	NextCursor *string   `json:"next_cursor"` // nil: this is the last part
}

// WebhookDetail is a webhook and what it was told last, newest first.
type WebhookDetail struct {
	Webhook
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is a notice for one webhook.
type Delivery struct {
	ID        int64      `json:"id"`
	MessageID string     `json:"message_id"` // the webhook-id header, the same whenever it is sent
	Type      string     `json:"type"`
	At        time.Time  `json:"at"`    // of what it tells
	State     string     `json:"state"` // pending, delivered or failed
	Tries     int        `json:"tries"`
	NextAt    *time.Time `json:"next_at"` // of the next try; nil: at once, or none
	LastAt    *time.Time `json:"last_at"` // of the last; nil: there was none
	Status    int        `json:"status"`  // that the receiver answered last; 0: it did not
	Reason    string     `json:"reason"`  // why the last try failed, as a word
}
