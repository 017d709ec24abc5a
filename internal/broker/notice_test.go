package broker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

func TestNoticeOfEvent(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		event broker.Event
		want  broker.NoticeType // "": none
		holds string
	}{
		{broker.Event{Kind: broker.ConnectionMade, Connection: 3, Account: "acme", Detail: "support"}, broker.NoticeCreated, `"data":{"connection":3,"account":"acme","reason":"connected"}`},
		{broker.Event{Kind: broker.Imported, Connection: 3}, broker.NoticeCreated, `"reason":"imported"`},
		{broker.Event{Kind: broker.Reconnected, Connection: 3}, broker.NoticeRenewed, `"reason":"reconnected"`},
		{broker.Event{Kind: broker.StateChanged, Detail: "reauthorize: refresh_refused"}, broker.NoticeReauthorize, `"reason":"refresh_refused"`},
		{broker.Event{Kind: broker.StateChanged, Detail: "in_doubt: answer_lost"}, broker.NoticeInDoubt, `"reason":"answer_lost"`},
		{broker.Event{Kind: broker.StateChanged, Detail: "disabled: switched_off"}, "", ""},
		{broker.Event{Kind: broker.StateChanged, Detail: "active"}, "", ""},
		{broker.Event{Kind: broker.Removed, Connection: 3}, broker.NoticeRevoked, `"timestamp":"2026-11-22T12:00:00Z"`},
		{broker.Event{Kind: broker.RefreshExpiring, Connection: 3}, broker.NoticeExpiring, ""},
		{broker.Event{Kind: broker.PassUsed, Pass: 5, Detail: `pass 5, ticket 7, from 1.2.3.4: "a@b.log" (1 bytes)`}, broker.NoticePassUsed, `"data":{"pass":5}`},
		{broker.Event{Kind: broker.KeyMade}, "", ""},
		{broker.Event{Kind: broker.SignInFailed}, "", ""},
	} {
		c.event.At = at
		n, told := c.event.Notice()
		if n.Type != c.want || told != (c.want != "") || !strings.Contains(n.Body, c.holds) {
			t.Errorf("%s %q: %s %s, %t", c.event.Kind, c.event.Detail, n.Type, n.Body, told)
		}
	}
}

func TestExpiring(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		issued, expires time.Duration // from now
		want            bool
	}{
		"in a month":                {0, 30 * 24 * time.Hour, false},
		"in a week and a moment":    {-23 * 24 * time.Hour, 7*24*time.Hour + 1, false},
		"in a week":                 {-23 * 24 * time.Hour, 7 * 24 * time.Hour, true},
		"a short life, just begun":  {0, 24 * time.Hour, false},
		"a short life, half over":   {-12 * time.Hour, 12 * time.Hour, true},
		"over":                      {-time.Hour, 0, false},
		"a week's, a moment of old": {-time.Second, 7*24*time.Hour - time.Second, false},
	} {
		conn := broker.Connection{AccessIssued: now.Add(c.issued), RefreshExpires: now.Add(c.expires)}
		if got := conn.Expiring(now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if (broker.Connection{}).Expiring(now) {
		t.Error("one that does not end is told of")
	}
}

func TestDeliveryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	schedule := []time.Duration{time.Minute, time.Hour}
	for name, c := range map[string]struct {
		tries   int
		receipt broker.Receipt
		luck    float64
		state   broker.DeliveryState
		wait    time.Duration
		reason  string
	}{
		"200":                    {1, broker.Receipt{Status: 200}, 0, broker.Delivered, 0, ""},
		"299":                    {3, broker.Receipt{Status: 299}, 0, broker.Delivered, 0, ""},
		"redirected":             {1, broker.Receipt{Status: 301}, 0, broker.DeliveryPending, time.Minute, broker.Redirected},
		"500, first":             {1, broker.Receipt{Status: 500}, 0, broker.DeliveryPending, time.Minute, broker.NotAccepted},
		"500, second, late":      {2, broker.Receipt{Status: 500}, 1, broker.DeliveryPending, 72 * time.Minute, broker.NotAccepted},
		"500, last":              {3, broker.Receipt{Status: 500}, 0, broker.DeliveryFailed, 0, broker.NotAccepted},
		"400":                    {1, broker.Receipt{Status: 400}, 0, broker.DeliveryPending, time.Minute, broker.NotAccepted},
		"gone":                   {1, broker.Receipt{Status: 410}, 0, broker.DeliveryFailed, 0, broker.GoneForGood},
		"told to wait":           {1, broker.Receipt{Status: 429, RetryAfter: 2 * time.Hour}, 0, broker.DeliveryPending, 2 * time.Hour, broker.NotAccepted},
		"told to wait less":      {2, broker.Receipt{Status: 503, RetryAfter: time.Second}, 0, broker.DeliveryPending, time.Hour, broker.NotAccepted},
		"told to wait for ever":  {1, broker.Receipt{Status: 503, RetryAfter: 9999 * time.Hour}, 0, broker.DeliveryPending, 24 * time.Hour, broker.NotAccepted},
		"no answer":              {1, broker.Receipt{Reason: broker.NoAnswer}, 0, broker.DeliveryPending, time.Minute, broker.NoAnswer},
		"interrupted, last":      {3, broker.Receipt{Reason: broker.Interrupted}, 0, broker.DeliveryPending, 0, broker.Interrupted},
		"taken up by many, dead": {9, broker.Receipt{Status: 500}, 0, broker.DeliveryFailed, 0, broker.NotAccepted},
	} {
		d := broker.Delivery{State: broker.DeliveryPending, Tries: c.tries}.After(c.receipt, now, schedule, c.luck)
		var wait time.Duration
		if !d.Next.IsZero() {
			wait = d.Next.Sub(now)
		}
		if d.State != c.state || wait != c.wait || d.Reason != c.reason || !d.Last.Equal(now) || d.Status != c.receipt.Status {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestWebhookURLs(t *testing.T) {
	for url, want := range map[string][2]bool{ // usually; with private ones
		"https://example.com/hooks?a=b":  {true, true},
		"https://10.1.2.3/":              {true, true}, // refused when it is dialled
		"http://localhost:8080/":         {true, true},
		"http://127.0.0.1:8080/":         {true, true},
		"http://[::1]:8080/":             {true, true},
		"http://hooks.localhost/":        {true, true},
		"http://example.com/":            {false, true},
		"http://localhost.example.com/":  {false, true},
		"http://10.1.2.3/":               {false, true},
		"":                               {},
		"example.com":                    {},
		"https://":                       {},
		"https://:443/":                  {},
		"https://user@example.com/":      {},
		"https://user:pass@example.com/": {},
		"https://example.com/#part":      {},
		"https://example.com/ space":     {},
		"https://example.com/\r\nX: y":   {},
		"ftp://example.com/":             {},
		"file:///etc/passwd":             {},
		"https://" + strings.Repeat("a", 2048) + ".example": {},
	} {
		for i, private := range []bool{false, true} {
			err := broker.CheckWebhookURL(url, private)
			if (err == nil) != want[i] {
				t.Errorf("%q, private %t: %v", url, private, err)
			}
			var invalid *broker.Invalid
			if err != nil && (!errors.As(err, &invalid) || invalid.Field != "url") {
				t.Errorf("%q: %v", url, err)
			}
		}
	}
}

func FuzzCheckWebhookURL(f *testing.F) {
	f.Add("https://example.com/hooks")
	f.Add("http://[::1%25lo]:80/")
	f.Fuzz(func(t *testing.T, url string) {
		if broker.CheckWebhookURL(url, false) == nil && !strings.HasPrefix(strings.ToLower(url), "http") {
			t.Errorf("%q is taken", url)
		}
	})
}
