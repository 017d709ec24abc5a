package broker

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// NoticeType is what a webhook is told of.
type NoticeType string

// The types, named as Standard Webhooks advises: what, and what became of it.
const (
	NoticeCreated     NoticeType = "connection.created"
	NoticeRenewed     NoticeType = "connection.renewed"
	NoticeReauthorize NoticeType = "connection.reauthorize"
	NoticeInDoubt     NoticeType = "connection.in_doubt"
	NoticeRevoked     NoticeType = "connection.revoked"
	NoticeExpiring    NoticeType = "connection.refresh_expiring"
	NoticePassUsed    NoticeType = "pass.used"

	// NoticeTest is sent when somebody asks for it, and to nobody else.
	NoticeTest NoticeType = "webhook.test"
)

// NoticeTypes are those that a webhook can ask for.
func NoticeTypes() []NoticeType {
	return []NoticeType{
		NoticeCreated, NoticeRenewed, NoticeReauthorize, NoticeInDoubt, NoticeRevoked, NoticeExpiring, NoticePassUsed,
	}
}

// Notice is what webhooks are told: the body of the request, and its type.
type Notice struct {
	At   time.Time
	Type NoticeType
	Body string
}

// noticeBody is the body as Standard Webhooks has it.
type noticeBody struct {
	Type      NoticeType `json:"type"`
	Timestamp time.Time  `json:"timestamp"`
	Data      noticeData `json:"data"`
}

// noticeData says what changed, and no more: numbers, and words from a list. Who the
// person is, a receiver asks the API, with a key of its own.
type noticeData struct {
	Connection       ConnectionID `json:"connection,omitempty"`
	Account          string       `json:"account,omitempty"`
	Product          Product      `json:"product,omitempty"`
	Generation       int64        `json:"generation,omitempty"`
	Reason           string       `json:"reason,omitempty"`
	ExpiresAt        *time.Time   `json:"expires_at,omitempty"`
	RefreshExpiresAt *time.Time   `json:"refresh_expires_at,omitempty"`
	Pass             PassID       `json:"pass,omitempty"`
	Webhook          WebhookID    `json:"webhook,omitempty"`
}

func notice(t NoticeType, at time.Time, d noticeData) Notice {
	body, _ := json.Marshal(noticeBody{t, at.UTC(), d}) // numbers, words and times: it cannot fail
	return Notice{At: at, Type: t, Body: string(body)}
}

// Notice is what webhooks are told of an event; false: nothing.
func (e Event) Notice() (Notice, bool) {
	d := noticeData{Connection: e.Connection, Account: e.Account, Pass: e.Pass}
	var t NoticeType
	switch e.Kind {
	case ConnectionMade, Imported:
		t, d.Reason = NoticeCreated, string(e.Kind)
	case Reconnected: // its tokens were replaced, by a person
		t, d.Reason = NoticeRenewed, string(e.Kind)
	case StateChanged:
		state, reason, _ := strings.Cut(e.Detail, ": ")
		d.Reason = reason
		switch State(state) {
		case Reauthorize:
			t = NoticeReauthorize
		case InDoubt:
			t = NoticeInDoubt
		default:
			return Notice{}, false
		}
	case Removed:
		t = NoticeRevoked
	case RefreshExpiring:
		t = NoticeExpiring
	case PassUsed:
		t = NoticePassUsed
	default:
		return Notice{}, false
	}
	return notice(t, e.At, d), true
}

// RenewedNotice is what webhooks are told of a connection that has just been renewed.
// Renewals are no events: the swap writes it. False: nothing, of a pair that is renewed
// to be ended.
func (c Connection) RenewedNotice() (Notice, bool) {
	if c.State == Pending {
		return Notice{}, false
	}
	return notice(NoticeRenewed, c.RenewedAt, noticeData{
		Connection: c.ID, Account: c.Account, Product: c.Product, Generation: c.Generation,
		ExpiresAt: orNone(c.AccessExpires), RefreshExpiresAt: orNone(c.RefreshExpires),
	}), true
}

func orNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// expiringWithin is how long before its end it is said that a refresh token dies.
const expiringWithin = 7 * 24 * time.Hour

// Expiring decides whether it is to be said that the refresh token dies soon: within a
// week, and not of one whose whole life is short before half of that is over, or it
// would be said of each.
func (c Connection) Expiring(now time.Time) bool {
	if c.RefreshExpires.IsZero() || !now.Before(c.RefreshExpires) {
		return false
	}
	left, life := c.RefreshExpires.Sub(now), c.RefreshExpires.Sub(c.AccessIssued)
	return left <= expiringWithin && left <= life/2
}

// parseTypes checks the types that somebody asks for; none means all.
func parseTypes(asked []string) ([]NoticeType, error) {
	if len(asked) == 0 {
		return NoticeTypes(), nil
	}
	var types []NoticeType
	for _, word := range asked {
		t := NoticeType(strings.TrimSpace(word))
		if !slices.Contains(NoticeTypes(), t) {
			var known []string
			for _, k := range NoticeTypes() {
				known = append(known, string(k))
			}
			return nil, &Invalid{"types", "they are among " + strings.Join(known, ", ")}
		}
		types = append(types, t)
	}
	slices.Sort(types)
	return slices.Compact(types), nil
}
