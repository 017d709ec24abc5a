package broker

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// DeliveryID is the number of a delivery.
type DeliveryID int64

// DeliveryState says what became of a delivery.
type DeliveryState string

// The states.
const (
	DeliveryPending DeliveryState = "pending"
	Delivered       DeliveryState = "delivered"
	DeliveryFailed  DeliveryState = "failed" // it is not sent again by itself
)

// Delivery is a notice for one webhook. Next and Last are machine time.
type Delivery struct {
	ID      DeliveryID
	Webhook WebhookID
	Message string // its id for the receiver, the same whenever it is sent
	Notice
	State  DeliveryState
	Tries  int
	Next   time.Time // of a pending one; zero = at once
	Last   time.Time
	Status int    // of the last answer; 0: there was none
	Reason string // why the last try failed: a word of receipts
}

// MessageID is the id of a notice: its number is not enough, for a database that was
// restored from a backup counts anew.
func MessageID(number int64, at time.Time) string {
	return fmt.Sprintf("msg_%s_%d", strconv.FormatInt(at.UnixMicro(), 36), number)
}

// Receipt is what a try brought.
type Receipt struct {
	Status     int // 0: no answer
	RetryAfter time.Duration
	Reason     string // of a try without an answer
}

// Reasons of tries that failed.
const (
	NotAccepted   = "not_accepted"    // an answer that is not 2xx
	Redirected    = "redirected"      // 3xx: nothing is followed
	GoneForGood   = "gone"            // 410
	NoAnswer      = "no_answer"       // none in time, or the connection broke
	NotConnected  = "not_connected"   // no connection came about
	PrivateTarget = "private_address" // the name leads into this network
	Interrupted   = "interrupted"     // this process was ended
	Overtaken     = "webhook_gone"    // the webhook ended first
)

// Receipts are the reasons, for those who count.
func Receipts() []string {
	return []string{NotAccepted, Redirected, GoneForGood, NoAnswer, NotConnected, PrivateTarget, Interrupted, Overtaken}
}

// redeliver is when a delivery is sent again after each try: a little over a day in
// all, as Standard Webhooks suggests.
var redeliver = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour,
}

// retryAfterMost bounds what a receiver may ask for.
const retryAfterMost = 24 * time.Hour

// After is the delivery after a try, which was counted when it began. Luck, from 0 to
// 1, spreads the next one by up to a fifth.
func (d Delivery) After(r Receipt, now time.Time, schedule []time.Duration, luck float64) Delivery {
	d.Last, d.Status, d.Reason, d.Next = now, r.Status, r.Reason, time.Time{}
	switch {
	case r.Status >= 200 && r.Status < 300:
		d.State, d.Reason = Delivered, ""
		return d
	case r.Status == http.StatusGone:
		d.State, d.Reason = DeliveryFailed, GoneForGood
		return d
	case r.Status >= 300 && r.Status < 400:
		d.Reason = Redirected
	case r.Status > 0:
		d.Reason = NotAccepted
	}
	if r.Reason == Interrupted {
		d.Next = now
		return d
	}
	if d.Tries < 1 || d.Tries > len(schedule) {
		d.State = DeliveryFailed
		return d
	}
	wait := schedule[d.Tries-1]
	wait += time.Duration(float64(wait) * luck / 5)
	d.Next = now.Add(max(wait, min(r.RetryAfter, retryAfterMost))).Truncate(time.Microsecond)
	return d
}

// Again is the delivery, to be sent anew by hand.
func (d Delivery) Again() Delivery {
	d.State, d.Tries, d.Next = DeliveryPending, 0, time.Time{}
	return d
}
