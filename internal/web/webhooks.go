package web

import (
	"slices"
	"strconv"
	"time"
)

// PathWebhooksLive is the list as it changes.
const PathWebhooksLive = PathWebhooks + ".live"

// Names of form fields on the pages of webhooks, beside FieldTypes.
const (
	FieldURL = "url"

	FlawMany = "webhooks" // no field of one is wrong: there are too many
)

// What a form on the page of a webhook orders; OrderRoll too.
const (
	OrderTest   Order = "test"
	OrderReplay Order = "replay"
	OrderStop   Order = "disable"
	OrderStart  Order = "enable"
)

// NoticeTypes are what a webhook can ask for, in the order of the page: see the strings
// operator.webhook.type.*.
var NoticeTypes = []string{
	"connection.created", "connection.renewed", "connection.reauthorize", "connection.in_doubt", "connection.revoked",
	"connection.refresh_expiring", "pass.used",
}

// testNotice is sent when somebody asks for it.
const testNotice = "webhook.test"

// DeliveryReasons are why a delivery failed: see the strings operator.webhook.reason.*.
var DeliveryReasons = []string{
	"not_accepted", "redirected", "gone", "no_answer", "not_connected", "private_address", "interrupted", "webhook_gone",
}

// WebhookRow is a webhook in a list.
type WebhookRow struct {
	ID      int64
	URL     string
	Types   []string
	Gone    bool   // it is told nothing
	Why     string // it is so: gone (its receiver said so), given_up or disabled; see the strings operator.webhook.*
	Dropped int    // deliveries that were too many
	Created time.Time
	Last    DeliveryRow // the zero row: nothing was sent yet
}

// Path is the webhook's page; for templates.
func (r WebhookRow) Path() string { return idPath(PathWebhooks, r.ID) }

// RemovePath is where it is removed; for templates.
func (r WebhookRow) RemovePath() string { return r.Path() + "/remove" }

// DeliveryRow is something that a webhook is told.
type DeliveryRow struct {
	ID         int64
	Type       string
	At         time.Time // when it happened
	State      string    // pending, delivered or failed
	Tries      int
	Status     int // of the last answer; 0: there was none
	Reason     string
	Last, Next time.Time // by the machine's clock
}

// Hooks is what the pages of webhooks share. Deliveries go by the machine's clock, which
// nothing steers.
type Hooks struct {
	Board
	Clock time.Time
}

// Sent is When for the times of deliveries; for templates.
func (h Hooks) Sent(t time.Time) When { return Board{Page: h.Page, Now: h.Clock}.When(t) }

// TypeText is a kind of notice in words, or itself where there are none; for templates.
func (h Hooks) TypeText(kind string) string {
	if kind == testNotice || slices.Contains(NoticeTypes, kind) {
		return h.T("operator.webhook.type." + kind)
	}
	return kind
}

// TypeCount is how many kinds a webhook is told, in words; for templates.
func (h Hooks) TypeCount(r WebhookRow) string {
	if len(r.Types) >= len(NoticeTypes) {
		return h.T("operator.webhook.types.all")
	}
	return Count(h.Lang, "operator.webhook.types", len(r.Types))
}

// why is a word of its own for each reason that there are words for.
func (r WebhookRow) why() string {
	if r.Why == "disabled" || r.Why == "given_up" {
		return r.Why
	}
	return "gone"
}

// MayStart tells whether it can be told again what happens; for templates.
func (r WebhookRow) MayStart() bool { return r.Gone && r.why() != "gone" }

// GoneText is why the webhook is told nothing; for templates.
func (h Hooks) GoneText(r WebhookRow) string { return h.T("operator.webhook." + r.why() + ".text") }

// DroppedText is how much of what it was to be told was dropped; for templates.
func (h Hooks) DroppedText(r WebhookRow) string {
	return Count(h.Lang, "operator.webhook.dropped", r.Dropped)
}

// Standing is whether the webhook is told anything; for templates.
func (h Hooks) Standing(r WebhookRow) Condition {
	if r.Gone {
		return Condition{"revoked", h.T("operator.webhook." + r.why())}
	}
	return Condition{"active", h.T("operator.webhook.on")}
}

// Outcome is what became of a delivery; for templates.
func (h Hooks) Outcome(d DeliveryRow) Condition {
	switch d.State {
	case "delivered":
		return Condition{"active", h.T("operator.delivery.delivered")}
	case "failed":
		return Condition{"reauthorize", h.T("operator.delivery.failed")}
	}
	if d.Tries > 0 {
		return Condition{"renewing", h.T("operator.delivery.again")}
	}
	return Condition{"renewing", h.T("operator.delivery.pending")}
}

// WhyText is why the last try failed, empty where it did not; for templates.
func (h Hooks) WhyText(d DeliveryRow) string {
	switch {
	case d.Reason == "":
		return ""
	case d.Reason == "not_accepted" || d.Reason == "redirected":
		return h.T("operator.webhook.reason."+d.Reason, strconv.Itoa(d.Status))
	case slices.Contains(DeliveryReasons, d.Reason):
		return h.T("operator.webhook.reason." + d.Reason)
	}
	return d.Reason
}

// TriesText is how often it was tried; for templates.
func (h Hooks) TriesText(d DeliveryRow) string {
	return Count(h.Lang, "operator.delivery.tries", d.Tries)
}

// Webhooks is the list of the webhooks.
type Webhooks struct {
	Hooks
	Rows   []WebhookRow
	Stream string // what the page follows; empty: it stands still
}

func (p Webhooks) frame() frame {
	f := p.Board.frame("webhooks", p.Title(), AtWebhooks)
	f.Roomy, f.Follows = true, p.Stream != ""
	return f
}

// LiveHTML are the parts of the page that change.
func (p Webhooks) LiveHTML() ([]LivePart, error) { return liveParts("webhooks", p, "rows") }

// Title is the page's title and first heading; for the template.
func (p Webhooks) Title() string { return p.T("operator.webhooks.title") }

// NewWebhook is the page on which a webhook is added.
type NewWebhook struct {
	Board
	Address string // that was typed
	Types   []string
	Wrong   string // the field that is wrong; empty: none
}

func (p NewWebhook) frame() frame { return p.Board.frame("new_webhook", p.Title(), AtWebhooks) }

// Title is the page's title and first heading; for the template.
func (p NewWebhook) Title() string { return p.T("operator.webhooks.add") }

// Field is the one of the address; for the template.
func (p NewWebhook) Field() Field {
	return Field{
		Name: FieldURL, Label: p.T("operator.webhook.url"), Value: p.Address, Help: p.T("operator.webhook.url.help"), Type: "url",
		Wrong: p.flaw("webhook", FieldURL, p.Wrong), Needed: true,
	}
}

// Kinds are what it can be told of; for the template.
func (p NewWebhook) Kinds() Choices {
	c := Choices{Name: FieldTypes, Label: p.T("operator.webhook.types"), Help: p.T("operator.webhook.types.help"), Wrong: p.flaw("webhook", FieldTypes, p.Wrong)}
	for _, kind := range NoticeTypes {
		c.Values = append(c.Values, Choice{Value: kind, Text: p.T("operator.webhook.type." + kind), Help: kind, Chosen: slices.Contains(p.Types, kind)})
	}
	return c
}

// TooMany is that there are as many as there can be; for the template.
func (p NewWebhook) TooMany() []string { return p.flaw("webhook", FlawMany, p.Wrong) }

// SigningSecret is a secret that signs what a webhook is told, but for what it is.
type SigningSecret struct {
	Number int64
	Added  time.Time
	Ends   time.Time // zero: it does not
}

// Webhook is the page of one webhook.
type Webhook struct {
	Hooks
	Row        WebhookRow
	Secrets    []SigningSecret
	Deliveries []DeliveryRow
	Not        bool   // something was asked for that it cannot do any more
	Stream     string // what the page follows; empty: it stands still
}

func (p Webhook) frame() frame {
	f := p.Board.frame("webhook", p.Title(), AtWebhooks)
	f.Roomy, f.Follows = true, p.Stream != ""
	return f
}

// LiveHTML are the parts of the page that change, by their names.
func (p Webhook) LiveHTML() ([]LivePart, error) {
	return liveParts("webhook", p, "standing", "matter", "told")
}

// Title is the page's title and first heading; for the template.
func (p Webhook) Title() string { return p.T("operator.webhook.title", p.Row.ID) }

// RemoveWebhook asks before a webhook goes.
type RemoveWebhook struct {
	Hooks
	Row WebhookRow
}

func (p RemoveWebhook) frame() frame { return p.Board.frame("remove_webhook", p.Title(), AtWebhooks) }

// Title is the page's title and first heading; for the template.
func (p RemoveWebhook) Title() string { return p.T("operator.webhook.remove.title", p.Row.ID) }
