package broker_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/testlog"
)

func TestGivesUp(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	b := broker.Broker{Config: broker.Config{Timing: broker.Timing{Patience: 5 * aDay}}}
	for since, want := range map[time.Time]bool{
		{}: false, now: false, now.Add(-5*aDay + time.Second): false, now.Add(-5 * aDay): true, now.Add(-6 * aDay): true,
	} {
		if got := b.GivesUp(since, now); got != want {
			t.Errorf("nothing taken since %v: %v", since, got)
		}
	}
}

func receives(t testing.TB, answer http.HandlerFunc) string {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

// hooked is a broker without patience, and its one webhook.
func (h *house) hooked(edit func(*broker.Config), url string) (*broker.Broker, broker.Webhook) {
	h.t.Helper()
	b := h.replicaWith(func(c *broker.Config) {
		c.Timing.Redeliver = []time.Duration{}
		edit(c)
	})
	w, plain, err := b.AddWebhook(h.t.Context(), broker.AtCommand, broker.NewWebhook{URL: url})
	if err != nil {
		h.t.Fatal(err)
	}
	testlog.Issued(h.t, plain.Reveal())
	return b, w
}

// A receiver that takes nothing for long is told nothing any more, and that is said; who
// enables its webhook begins anew.
func TestDeadWebhookIsGivenUp(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var status atomic.Int64
		r := receives(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })
		b, w := h.hooked(func(c *broker.Config) { c.Timing.Patience = time.Nanosecond }, r)
		tell := func(answer int) broker.WebhookState {
			t.Helper()
			status.Store(int64(answer))
			if _, err := b.TestWebhook(t.Context(), w.ID); err != nil {
				t.Fatal(err)
			}
			if err := b.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			now, _, err := b.Webhook(t.Context(), w.ID)
			if err != nil {
				t.Fatal(err)
			}
			return now.State
		}
		if got := tell(500); got != broker.WebhookGivenUp {
			t.Errorf("after a failure: %s", got)
		}
		_, err := b.TestWebhook(t.Context(), w.ID)
		if ended := (*broker.WebhookEnded)(nil); !errors.As(err, &ended) || ended.State != broker.WebhookGivenUp {
			t.Errorf("told all the same: %v", err)
		}
		if again, err := b.EnableWebhook(t.Context(), broker.AtCommand, w.ID); err != nil || again.State != broker.WebhookOn {
			t.Errorf("enabled: %+v, %v", again, err)
		}
		if got := tell(204); got != broker.WebhookOn {
			t.Errorf("after it took one: %s", got)
		}
		patient, _ := h.hooked(func(*broker.Config) {}, r)
		b = patient
		if got := tell(500); got != broker.WebhookOn {
			t.Errorf("with patience: %s", got)
		}
		want := []string{"webhook_given_up by broker: webhook 1", "webhook_enabled by command: webhook 1"}
		if diff := cmp.Diff(want, h.toldOf(0, broker.WebhookGaveUp, broker.WebhookStarted)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestWebhookIsDisabled(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var sent atomic.Int64
		r := receives(t, func(http.ResponseWriter, *http.Request) { sent.Add(1) })
		b, w := h.hooked(func(*broker.Config) {}, r)
		d, err := b.TestWebhook(t.Context(), w.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second changes nothing
			if got, err := b.DisableWebhook(t.Context(), broker.AtCommand, w.ID); err != nil || got.State != broker.WebhookDisabled {
				t.Errorf("%+v, %v", got, err)
			}
		}
		h.signIn()
		if err := b.Deliver(t.Context()); err != nil || sent.Load() != 0 {
			t.Errorf("sent %d, %v", sent.Load(), err)
		}
		if _, err := b.Replay(t.Context(), w.ID, d.ID); err == nil {
			t.Error("replayed while it is disabled")
		}
		for range 2 {
			if got, err := b.EnableWebhook(t.Context(), broker.AtCommand, w.ID); err != nil || got.State != broker.WebhookOn {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if _, err := b.Replay(t.Context(), w.ID, d.ID); err != nil {
			t.Error(err)
		}
		if err := b.Deliver(t.Context()); err != nil || sent.Load() != 1 {
			t.Errorf("sent %d, %v", sent.Load(), err)
		}
		want := []string{"webhook_disabled by command: webhook 1", "webhook_enabled by command: webhook 1"}
		if diff := cmp.Diff(want, h.toldOf(0, broker.WebhookStopped, broker.WebhookStarted)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, err := b.EnableWebhook(t.Context(), broker.AtCommand, 99); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("one that is not there: %v", err)
		}
	})
}

// Of what waits the oldest goes, is counted, and is said once.
func TestWaitingIsBounded(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		b, w := h.hooked(func(c *broker.Config) { c.PendingMost = 3 }, "http://127.0.0.1:9/")
		var ids []broker.DeliveryID
		add := func(n int) {
			t.Helper()
			for range n {
				d, err := b.TestWebhook(t.Context(), w.ID)
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, d.ID)
			}
			if err := b.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ more, dropped int }{{3, 0}, {2, 2}, {1, 3}, {0, 3}} {
			add(c.more)
			now, waiting, err := b.Webhook(t.Context(), w.ID)
			if err != nil || now.Dropped != c.dropped || len(waiting) != 3 || waiting[0].ID != ids[len(ids)-1] {
				t.Errorf("after %d: %d dropped, %+v wait, %v", len(ids), now.Dropped, waiting, err)
			}
		}
		if diff := cmp.Diff([]string{"webhook_dropped by broker: webhook 1"}, h.toldOf(0, broker.WebhookDropped)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestCircuitIsClosedByHand(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(29 * time.Minute)
		h.z.spoil(with(401, "invalid_client"))
		h.lent(c.ID)
		if all, err := h.Clients(t.Context(), 0, 1); err != nil || len(all[0].Circuits) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		for _, want := range []error{nil, broker.ErrNotFound} {
			if err := h.CloseCircuit(t.Context(), broker.AtCommand, c.Client, "acme"); !errors.Is(err, want) {
				t.Errorf("closed: %v, want %v", err, want)
			}
		}
		if got := h.lent(c.ID); got != "access-2" {
			t.Errorf("lent %q", got)
		}
		if diff := cmp.Diff([]string{"circuit_closed by command: app"}, h.toldOf(0, broker.CircuitClosed)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
