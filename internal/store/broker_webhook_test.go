package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
)

func webhookEvent(k broker.EventKind) broker.Event { return broker.Event{At: brokerNow, Kind: k} }

func newWebhook(t *testing.T, s broker.Store, types ...broker.NoticeType) broker.Webhook {
	t.Helper()
	w, err := s.AddWebhook(t.Context(), broker.Webhook{URL: "https://example.com/", Created: brokerNow})
	if err != nil {
		t.Fatal(err)
	}
	w.State, w.Types = broker.WebhookOn, types
	w.Secrets = []broker.WebhookSecret{{Number: 1, Sealed: broker.Sealed{Bytes: []byte{1, 0}, Key: 1<<32 - 1}, Added: brokerNow}}
	if err := s.StartWebhook(t.Context(), w, webhookEvent(broker.WebhookAdded)); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestWebhookSteps(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, _ broker.Client) {
		ctx := t.Context()
		never, err := s.AddWebhook(ctx, broker.Webhook{URL: "https://example.com/never", Created: brokerNow})
		if err != nil {
			t.Fatal(err)
		}
		w := newWebhook(t, s, broker.NoticeCreated, broker.NoticeRenewed)
		if err := s.StartWebhook(ctx, w, webhookEvent(broker.WebhookAdded)); !errors.Is(err, broker.ErrConflict) {
			t.Errorf("started twice: %v", err)
		}
		if got, err := s.Webhook(ctx, w.ID); err != nil || !cmp.Equal(w, got) {
			t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(w, got))
		}
		if _, err := s.Webhook(ctx, never.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("one that was not started: %v", err)
		}
		// Of many who roll it one wins, and the old secret ends.
		next := broker.WebhookSecret{Number: 2, Sealed: broker.Sealed{Bytes: []byte{2}, Key: 2}, Added: brokerNow}
		ends := brokerNow.Add(time.Hour)
		if won := race(t, 8, func(int) error { return s.RollWebhook(ctx, w.ID, next, ends, webhookEvent(broker.WebhookRolled)) }); won != 1 {
			t.Errorf("%d of 8 rolled it", won)
		}
		third := next
		third.Number = 3
		if err := s.RollWebhook(ctx, w.ID, third, ends, webhookEvent(broker.WebhookRolled)); err != nil {
			t.Fatal(err)
		}
		next.Ends = ends
		w.Secrets = []broker.WebhookSecret{next, third}
		if got, err := s.Webhook(ctx, w.ID); err != nil || !cmp.Equal(w, got) {
			t.Errorf("rolled twice: %v (-want +got):\n%s", err, cmp.Diff(w, got))
		}
		if n, err := s.PruneDeliveries(ctx, brokerNow.Add(time.Hour), 10); err != nil || n != 1 {
			t.Errorf("%d went, %v; the one that was never started should", n, err)
		}
		if err := s.RemoveWebhook(ctx, w.ID, webhookEvent(broker.WebhookRemoved)); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveWebhook(ctx, w.ID, webhookEvent(broker.WebhookRemoved)); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("removed twice: %v", err)
		}
	})
}

// A notice is written with its change or not at all, and becomes one delivery for each
// webhook that asks for it, whoever fans it out.
func TestNoticesGoWithTheirChange(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, client broker.Client) {
		ctx := t.Context()
		one, two := newWebhook(t, s, broker.NoticeCreated), newWebhook(t, s, broker.NoticeCreated, broker.NoticeRenewed)
		c := newActive(t, s, client, 7) // told to both
		lost := withTokens(c)
		lost.Generation = 99
		if err := s.Renew(ctx, lost, broker.Attempt{}); !errors.Is(err, broker.ErrConflict) {
			t.Fatalf("renewed from nowhere: %v", err)
		}
		for range 4 {
			if _, err := s.FanOut(ctx, 10); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range []broker.Webhook{one, two} {
			all, err := s.Deliveries(ctx, w.ID, 10)
			if err != nil || len(all) != 1 || all[0].Type != broker.NoticeCreated || all[0].State != broker.DeliveryPending {
				t.Fatalf("webhook %d: %+v, %v", w.ID, all, err)
			}
			if due, err := s.DueDeliveries(ctx, w.ID, brokerNow, 10); err != nil || len(due) != 1 {
				t.Errorf("webhook %d: %d due, %v", w.ID, len(due), err)
			}
		}
		if due, err := s.WebhooksDue(ctx, brokerNow); err != nil || len(due) != 2 {
			t.Errorf("due %v, %v", due, err)
		}
		// One that is gone is told nothing more, and what waited for it failed.
		if err := s.EndWebhook(ctx, broker.Webhook{ID: one.ID, State: broker.WebhookOff}, brokerNow, webhookEvent(broker.WebhookGone)); err != nil {
			t.Fatal(err)
		}
		newActive(t, s, client, 8)
		if _, err := s.FanOut(ctx, 10); err != nil {
			t.Fatal(err)
		}
		all, err := s.Deliveries(ctx, one.ID, 10)
		if err != nil || len(all) != 1 || all[0].State != broker.DeliveryFailed || all[0].Reason != broker.Overtaken {
			t.Errorf("gone: %+v, %v", all, err)
		}
		if n, err := s.PruneDeliveries(ctx, brokerNow.Add(time.Second), 10); err != nil || n != 1 {
			t.Errorf("%d went, %v", n, err)
		}
		// What is for nobody is dropped.
		if err := s.DropDeliveries(ctx, two.ID); err != nil {
			t.Fatal(err)
		}
		if due, err := s.WebhooksDue(ctx, brokerNow); err != nil || len(due) != 0 {
			t.Errorf("due %v, %v", due, err)
		}
	})
}

func TestDeliveryIsMovedBySwaps(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, _ broker.Client) {
		ctx := t.Context()
		w := newWebhook(t, s, broker.NoticeCreated)
		d, err := s.AddDelivery(ctx, broker.Delivery{
			Webhook: w.ID, State: broker.DeliveryPending, Notice: broker.Notice{At: brokerNow, Type: broker.NoticeTest, Body: "{}"},
		})
		if err != nil {
			t.Fatal(err)
		}
		taken := d
		taken.Tries, taken.Next = 1, brokerNow.Add(time.Minute)
		if won := race(t, 8, func(int) error { return s.MoveDelivery(ctx, taken, d) }); won != 1 {
			t.Errorf("%d of 8 took it", won)
		}
		if due, err := s.DueDeliveries(ctx, w.ID, brokerNow, 10); err != nil || len(due) != 0 {
			t.Errorf("%d due, %v", len(due), err)
		}
		done := taken
		done.State, done.Next, done.Last, done.Status = broker.Delivered, time.Time{}, brokerNow, 200
		if err := s.MoveDelivery(ctx, done, taken); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Delivery(ctx, w.ID, d.ID); err != nil || !cmp.Equal(done, got) {
			t.Errorf("%v (-want +got):\n%s", err, cmp.Diff(done, got))
		}
		if _, err := s.Delivery(ctx, w.ID+1, d.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("of another webhook: %v", err)
		}
	})
}
