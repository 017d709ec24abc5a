package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/testlog"
)

// told is a request that a receiver got.
type told struct {
	id, kind, body string
	header         http.Header
}

// receiver takes what webhooks are told, and answers as it is told to.
type receiver struct {
	*httptest.Server
	t  testing.TB
	mu sync.Mutex

	all    []told
	answer func(w http.ResponseWriter, nth int) // nil: 204
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{t: t}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		var message struct{ Type string }
		if err := json.Unmarshal(body, &message); err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v: %s", req.Method, err, body)
		}
		r.mu.Lock()
		r.all = append(r.all, told{req.Header.Get("Webhook-Id"), message.Type, string(body), req.Header})
		nth, answer := len(r.all), r.answer
		r.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, nth)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

func (r *receiver) kinds() (all []string) {
	for _, one := range r.got() {
		all = append(all, one.kind)
	}
	slices.Sort(all)
	return all
}

func (h *house) hook(url string, types ...string) (broker.Webhook, secret.Plain) {
	h.t.Helper()
	w, plain, err := h.AddWebhook(h.t.Context(), broker.AtCommand, broker.NewWebhook{URL: url, Types: types})
	if err != nil {
		h.t.Fatal(err)
	}
	testlog.Issued(h.t, plain.Reveal())
	return w, plain
}

func (h *house) deliver() {
	h.t.Helper()
	if err := h.Deliver(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// deliveries are what a webhook was told, oldest first.
func (h *house) deliveries(id broker.WebhookID) []broker.Delivery {
	h.t.Helper()
	_, all, err := h.Webhook(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// What becomes of a connection is told, and a verifier that others wrote takes it.
func TestWebhooksAreTold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		r := newReceiver(t)
		w, plain := h.hook(r.URL)
		c := h.signIn()
		h.clock.move(time.Hour)
		h.lent(c.ID) // renewed
		h.z.spoil(with(400, "invalid_grant"))
		h.clock.move(time.Hour)
		h.lent(c.ID) // refused
		h.deliver()
		want := []string{"connection.created", "connection.reauthorize", "connection.renewed"}
		if got := r.kinds(); !slices.Equal(got, want) {
			t.Fatalf("told %v", got)
		}
		foreign, err := standardwebhooks.NewWebhook(plain.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, one := range r.got() {
			ids[one.id] = true
			if err := foreign.Verify([]byte(one.body), one.header); err != nil {
				t.Errorf("%s: %v", one.kind, err)
			}
			if foreign.Verify([]byte(one.body+" "), one.header) == nil {
				t.Errorf("%s: another body is taken", one.kind)
			}
			for _, never := range []string{"@", "acc3ss", "r3fresh", "Ada", plain.Reveal()} {
				if strings.Contains(one.body, never) {
					t.Errorf("%s holds %q: %s", one.kind, never, one.body)
				}
			}
			if !strings.Contains(one.body, fmt.Sprintf(`"connection":%d`, c.ID)) || !strings.Contains(one.body, `"account":"acme"`) {
				t.Errorf("it does not name its connection: %s", one.body)
			}
		}
		if len(ids) != 3 {
			t.Errorf("ids %v", ids)
		}
		h.deliver()
		if got := r.got(); len(got) != 3 {
			t.Errorf("told again: %d", len(got))
		}
		for _, d := range h.deliveries(w.ID) {
			if d.State != broker.Delivered || d.Tries != 1 || d.Status != 204 {
				t.Errorf("%+v", d)
			}
		}
	})
}

// A webhook is told of the types that it asks for, and after a roll both secrets sign.
func TestWebhookTypesAndRoll(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		r := newReceiver(t)
		w, old := h.hook(r.URL, "connection.created")
		if _, next, err := h.RollWebhook(t.Context(), broker.AtCommand, w.ID); err != nil {
			t.Fatal(err)
		} else {
			testlog.Issued(t, next.Reveal())
			c := h.signIn()
			h.clock.move(time.Hour)
			h.lent(c.ID)
			h.deliver()
			got := r.got()
			if len(got) != 1 {
				t.Fatalf("told %v", r.kinds())
			}
			for _, key := range []secret.Plain{old, next} {
				foreign, err := standardwebhooks.NewWebhook(key.Reveal())
				if err == nil {
					err = foreign.Verify([]byte(got[0].body), got[0].header)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
		if _, err := h.Store.Webhook(t.Context(), w.ID+9); err == nil {
			t.Error("another is there")
		}
	})
}

// A receiver that fails is told again, by the same id; one that is gone is not.
func TestWebhooksAreToldAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		soon := h.replicaWith(func(c *broker.Config) { c.Timing.Redeliver = []time.Duration{0, 0} })
		r := newReceiver(t)
		r.answer = func(w http.ResponseWriter, nth int) {
			if nth == 1 {
				w.Header().Set("Location", r.URL+"/elsewhere")
				w.WriteHeader(http.StatusTemporaryRedirect)
				return
			}
			w.WriteHeader(map[int]int{2: 503, 3: 200, 4: 500, 5: 500, 6: 500, 7: 410}[nth])
		}
		w, _ := h.hook(r.URL)
		test := func() broker.Delivery {
			t.Helper()
			d, err := h.TestWebhook(t.Context(), w.ID)
			if err == nil {
				err = soon.Deliver(t.Context())
			}
			if err == nil {
				d, err = h.Store.Delivery(t.Context(), w.ID, d.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		d := test()
		got := r.got()
		if d.State != broker.Delivered || d.Tries != 3 || len(got) != 3 || got[0].id != d.Message || got[1].id != d.Message || got[2].id != d.Message {
			t.Errorf("%+v after %d", d, len(got))
		}
		if d = test(); d.State != broker.DeliveryFailed || d.Status != 500 || d.Reason != broker.NotAccepted || len(r.got()) != 6 {
			t.Errorf("%+v after %d", d, len(r.got()))
		}
		// By hand it is sent anew, and ends the webhook.
		if _, err := h.Replay(t.Context(), w.ID, d.ID); err != nil {
			t.Fatal(err)
		}
		h.deliver()
		if got := r.got(); len(got) != 7 || got[6].id != d.Message {
			t.Errorf("replayed: %d", len(got))
		}
		if w, _, err := h.Webhook(t.Context(), w.ID); err != nil || w.State != broker.WebhookOff {
			t.Errorf("after 410: %s, %v", w.State, err)
		}
		h.signIn()
		h.deliver()
		if len(r.got()) != 7 {
			t.Error("one that is gone is told")
		}
		if _, err := h.TestWebhook(t.Context(), w.ID); err == nil {
			t.Error("one that is gone is tested")
		}
	})
}

// Of several replicas one sends a delivery; and what a replica that died was to send,
// another sends.
func TestWebhooksOfReplicas(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		r := newReceiver(t)
		w, _ := h.hook(r.URL)
		const all = 40
		for range all {
			if _, err := h.TestWebhook(t.Context(), w.ID); err != nil {
				t.Fatal(err)
			}
		}
		var replicas sync.WaitGroup
		for _, b := range []*broker.Broker{h.Broker, h.replica(), h.replica()} {
			replicas.Go(func() {
				if err := b.Deliver(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		replicas.Wait()
		if n := len(r.got()); n != all {
			t.Errorf("%d were sent for %d", n, all)
		}
		// It took one up, and died before it sent it: as soon as its hold is over.
		d, err := h.TestWebhook(t.Context(), w.ID)
		if err != nil {
			t.Fatal(err)
		}
		taken := d
		taken.Tries, taken.Next = 1, time.Now().Add(-time.Second).Truncate(time.Microsecond)
		if err := h.Store.MoveDelivery(t.Context(), taken, d); err != nil {
			t.Fatal(err)
		}
		h.deliver()
		if n := len(r.got()); n != all+1 {
			t.Errorf("after a death %d were sent", n)
		}
	})
}

// A receiver that does not answer holds up no other.
func TestSlowWebhookHoldsUpNoOther(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		slow, quick := newReceiver(t), newReceiver(t)
		arrived, release := make(chan struct{}, 10), make(chan struct{})
		slow.answer = func(http.ResponseWriter, int) { arrived <- struct{}{}; <-release }
		done := make(chan struct{}, 10)
		quick.answer = func(http.ResponseWriter, int) { done <- struct{}{} }
		h.hook(slow.URL)
		h.hook(quick.URL)
		h.signIn()
		ended := make(chan error, 1)
		go func() { ended <- h.Deliver(context.Background()) }()
		<-arrived
		<-done
		h.clock.move(time.Hour)
		for _, c := range must(h.Connections(t.Context(), 0, 1)) {
			h.lent(c.ID)
		}
		h.deliver() // while the slow one is still at the first
		<-done
		close(release)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// No webhook leads into this network, by whatever name.
func TestWebhooksStayOutside(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, url := range []string{"https://10.0.0.1/", "https://169.254.169.254/latest", "https://[fd00::1]:8443/", "https://0.0.0.0/"} {
			w, _ := h.hook(url)
			if _, err := h.TestWebhook(t.Context(), w.ID); err != nil {
				t.Fatal(err)
			}
			h.deliver()
			if all := h.deliveries(w.ID); len(all) != 1 || all[0].Reason != broker.PrivateTarget || all[0].State != broker.DeliveryPending {
				t.Errorf("%s: %+v", url, all)
			}
		}
	})
}

// That a refresh token dies soon is told once for each generation.
func TestRefreshTokenThatDiesIsToldOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		r := newReceiver(t)
		h.hook(r.URL, "connection.refresh_expiring")
		c := h.signIn()
		if _, err := h.Disable(t.Context(), broker.AtCommand, c.ID); err != nil { // nobody renews it
			t.Fatal(err)
		}
		for _, step := range []struct {
			back time.Duration // before its end
			want int
		}{{8 * 24 * time.Hour, 0}, {6 * 24 * time.Hour, 1}, {time.Hour, 1}} {
			h.clock.move(c.RefreshExpires.Add(-step.back).Sub(h.clock.now()))
			if err := h.Warn(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.deliver()
			if n := len(r.got()); n != step.want {
				t.Errorf("%v before its end it was told %d times, want %d", step.back, n, step.want)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
