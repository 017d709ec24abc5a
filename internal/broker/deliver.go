package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// Delivering:
//
//	a change ──► its notice, in the same step ──► FanOut ──► a delivery for each webhook
//	                                                              │ one worker a webhook
//	      MoveDelivery: it is this one's for a minute, one try more
//	                                                              │
//	      POST, signed ──► Delivery.After ──► delivered | again later | failed
//
// Whoever dies between leaves a delivery that is due again: it may be sent twice, and
// has the same id then.

// Bounds of delivering.
const (
	fanOutMost    = 200
	deliverBatch  = 50 // of one webhook, loaded at a time
	deliverAtOnce = 4  // of one webhook, under way

	// deliverHold is how long a delivery that is being sent is nobody else's.
	deliverHold = time.Minute

	// deliverTimeout bounds one request, its answer included, as Standard Webhooks
	// advises.
	deliverTimeout = 15 * time.Second

	// receiptMost bounds how much of an answer is read; nothing of it is kept.
	receiptMost = 64 << 10

	// deliveriesKeep is how long deliveries that are over can be looked at, and replayed.
	deliveriesKeep = 7 * 24 * time.Hour
)

// machineNow is machine time as it is stored.
func machineNow() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// NewWebhookClient returns a client for webhooks: it follows no redirect and, unless
// private, reaches no address of this network but this machine, by its own name.
func NewWebhookClient(private bool) *http.Client {
	plain := &net.Dialer{Timeout: 10 * time.Second}
	guarded := &net.Dialer{Timeout: 10 * time.Second, Control: refusePrivate}
	return &http.Client{
		Timeout: deliverTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(address)
				switch {
				case err != nil:
					return nil, err
				case net.ParseIP(host) == nil && onLoopback(host):
					return dialLoopback(ctx, plain, port)
				case private, onLoopback(host):
					return plain.DialContext(ctx, network, address)
				}
				return guarded.DialContext(ctx, network, address)
			},
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    deliverAtOnce,
			MaxIdleConns:           64,
			IdleConnTimeout:        60 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// delivering are the webhooks that this process is telling something just now.
type delivering struct {
	mu   sync.Mutex
	busy map[WebhookID]bool
}

func (d *delivering) begin(id WebhookID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy[id] {
		return false
	}
	if d.busy == nil {
		d.busy = map[WebhookID]bool{}
	}
	d.busy[id] = true
	return true
}

func (d *delivering) end(id WebhookID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.busy, id)
}

// Deliver tells the webhooks what is due, and returns when it is said, or put off.
// Replicas may do so at the same time.
func (b *Broker) Deliver(ctx context.Context) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed []error
	err := b.dispatch(ctx, &all, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		failed = append(failed, err)
	})
	all.Wait()
	return errors.Join(append(failed, err)...)
}

// dispatch begins to tell each webhook what is due. Each has a worker of its own, so
// that a slow one holds up no other.
func (b *Broker) dispatch(ctx context.Context, workers *sync.WaitGroup, report func(error)) error {
	if err := untilNone(func() (int, error) { return b.Store.FanOut(ctx, fanOutMost) }); err != nil {
		return err
	}
	due, err := b.Store.WebhooksDue(ctx, machineNow())
	if err != nil {
		return err
	}
	for _, id := range due {
		if !b.delivering.begin(id) {
			continue
		}
		workers.Go(func() {
			defer b.delivering.end(id)
			if err := b.tell(ctx, id); err != nil && ctx.Err() == nil {
				report(fmt.Errorf("webhook %d: %w", id, err))
			}
		})
	}
	return nil
}

// tell sends a webhook what is due, until nothing is.
func (b *Broker) tell(ctx context.Context, id WebhookID) error {
	for ctx.Err() == nil {
		w, err := b.Store.Webhook(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return b.Store.DropDeliveries(ctx, id)
		} else if err != nil {
			return err
		}
		due, err := b.Store.DueDeliveries(ctx, id, machineNow(), deliverBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		if err := b.tellAll(ctx, w, due); err != nil {
			return err
		}
	}
	return nil
}

func (b *Broker) tellAll(ctx context.Context, w Webhook, due []Delivery) error {
	queue := make(chan Delivery, len(due))
	for _, d := range due {
		queue <- d
	}
	close(queue)
	var workers sync.WaitGroup
	failed := make([]error, min(deliverAtOnce, len(due)))
	for i := range failed {
		workers.Go(func() {
			for d := range queue {
				if ctx.Err() != nil || failed[i] != nil {
					return
				}
				failed[i] = b.tellOne(ctx, w, d)
			}
		})
	}
	workers.Wait()
	return errors.Join(failed...)
}

// tellOne sends one delivery, if nobody else does.
func (b *Broker) tellOne(ctx context.Context, w Webhook, from Delivery) error {
	d := from
	d.Tries++
	d.Next = machineNow().Add(deliverHold)
	if err := b.Store.MoveDelivery(ctx, d, from); errors.Is(err, ErrConflict) {
		return nil
	} else if err != nil {
		return err
	}
	during, ended := b.began(ctx, Work{Kind: Delivering, Webhook: w.ID, Number: d.Tries})
	r, err := b.postTo(during, w, d)
	if err != nil {
		ended(Ended{Result: DeliveryAgain, Err: err})
		return err
	}
	next := d.After(r, machineNow(), b.Timing.Redeliver, rand.Float64()) //nolint:gosec // it spreads, and hides nothing
	ended(next.ended())
	// What came of it is written down though this process is being ended.
	err = insist(ctx, func(ctx context.Context) error { return b.Store.MoveDelivery(ctx, next, d) })
	switch {
	case err != nil:
	case r.Status == http.StatusGone:
		w.State = WebhookOff
		err = b.Store.EndWebhook(context.WithoutCancel(ctx), w, machineNow(), b.webhookEvent(WebhookGone, Itself, w.ID))
	case next.State == DeliveryFailed:
		err = b.giveUp(context.WithoutCancel(ctx), w)
	}
	if errors.Is(err, ErrConflict) { // replayed by hand meanwhile, or removed
		return nil
	}
	return err
}

// postTo sends a delivery once. The error is one of this side alone.
func (b *Broker) postTo(ctx context.Context, w Webhook, d Delivery) (Receipt, error) {
	now := time.Now()
	var signatures []string
	for _, s := range w.Signing(now) {
		key, err := b.open(ctx, s.Sealed, webhookSecretPlace(w.ID, s.Number))
		if err != nil {
			return Receipt{}, err
		}
		one, err := Sign(key, d.Message, now, d.Body)
		if err != nil {
			return Receipt{}, err
		}
		signatures = append(signatures, one)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, strings.NewReader(d.Body))
	if err != nil {
		return Receipt{Reason: NotConnected}, nil //nolint:nilerr // an address that is none is the webhook's fault
	}
	req.GetBody = nil // sent once: the transport must not repeat it by itself
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "deskauth")
	req.Header.Set("Webhook-Id", d.Message)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	resp, err := b.WebhookHTTP.Do(req)
	if err != nil {
		return Receipt{Reason: whyNot(ctx, err)}, nil
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, receiptMost)) // so that the connection serves again
	return Receipt{Status: resp.StatusCode, RetryAfter: oauth.RetryAfter(resp.Header)}, nil
}

// whyNot is why there was no answer, in a word. What the error says may hold the
// address.
func whyNot(ctx context.Context, err error) string {
	var dial *net.OpError
	switch {
	case ctx.Err() != nil:
		return Interrupted
	case errors.Is(err, errPrivate):
		return PrivateTarget
	case errors.As(err, &dial) && dial.Op == "dial":
		return NotConnected
	}
	return NoAnswer
}
