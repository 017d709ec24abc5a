package broker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/testlog"
)

// ada is an operator's session as a page has it.
func (h *house) ada() broker.Viewer {
	s := broker.Session{Account: "acme", User: broker.User{ID: 7, Name: "Ada", Role: "admin"}, Checked: h.clock.now()}
	return s.View(h.clock.now(), broker.Operators{"acme"})
}

// details are those of the events of a kind, oldest first.
func (h *house) details(kind broker.EventKind) (all []string) {
	h.t.Helper()
	events, err := h.Events(h.t.Context(), broker.EventFilter{Kind: kind}, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range events {
		all = append(all, e.Detail)
	}
	return all
}

// What is nobody's own is an operator's alone, and of one who was checked.
func TestOnlyOperatorsSteer(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, operator := t.Context(), h.ada()
		person, stale := operator, operator
		person.Operator, stale.Stale = false, true
		for name, v := range map[string]broker.Viewer{"nobody": {}, "a person": person, "one to be checked": stale} {
			for asked, err := range map[string]error{
				"to steer": last(h.Steer(v)), "clients": last(h.FoundClients(ctx, v, broker.ClientFilter{}, broker.ClientPlace{}, 1)),
				"a client": last(h.ClientShown(ctx, v, 1)), "keys": last(h.FoundKeys(ctx, v, false, 0, 1)), "a key": last(h.KeyShown(ctx, v, 1)),
				"webhooks": last(h.AllWebhooks(ctx, v)), "a webhook": last2(h.WebhookShown(ctx, v, 1)),
			} {
				if !errors.Is(err, broker.ErrForbidden) {
					t.Errorf("%s asks %s: %v", name, asked, err)
				}
			}
		}
		if _, err := h.Steer(operator); err != nil {
			t.Errorf("an operator: %v", err)
		}
	})
}

func last[V any](_ V, err error) error        { return err }
func last2[V, W any](_ V, _ W, e error) error { return e }

// The trail says who asked for what, of what was done and of nothing else.
func TestSteeringIsWrittenDown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		s, err := h.Steer(h.ada())
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		c, err := s.AddClient(ctx, broker.NewClient{Account: "https://globex.zendesk.com/agent", Identifier: "own", Secret: secret.Of("first-s3cret")})
		must(err)
		c, err = s.RollSecret(ctx, c.ID, secret.Of("second-s3cret"), broker.Roll{Last: true})
		must(err)
		c, err = s.MoveSecret(ctx, c.ID, c.Secrets[1].Number, broker.Roll{})
		must(err)
		if got := numbers(c); !slices.Equal(got, []int64{2, 1}) {
			t.Errorf("secrets in the order %v", got)
		}
		c, err = s.RemoveSecret(ctx, c.ID, 1)
		must(err)
		for name, err := range map[string]error{
			"a client that there is":      last(s.AddClient(ctx, broker.NewClient{Account: "globex", Identifier: "own"})),
			"a client of no name":         last(s.AddClient(ctx, broker.NewClient{Account: "globex"})),
			"the only secret":             last(s.RemoveSecret(ctx, c.ID, 2)),
			"no secret":                   last(s.RollSecret(ctx, c.ID, secret.Of("two words"), broker.Roll{})),
			"a secret of no client":       last(s.RollSecret(ctx, 99, secret.Of("a-s3cret"), broker.Roll{})),
			"no client":                   last(s.RemoveClient(ctx, 99)),
			"no key":                      s.EndKey(ctx, 99),
			"no webhook":                  last(s.TestWebhook(ctx, 99)),
			"an address of this network":  last2(s.AddWebhook(ctx, broker.NewWebhook{URL: "http://10.0.0.1/"})),
			"a delivery that there isn't": last(s.Replay(ctx, 99, 1)),
		} {
			if err == nil {
				t.Errorf("%s was taken", name)
			}
		}
		_, err = s.RemoveClient(ctx, c.ID)
		must(err)
		w, plain, err := s.AddWebhook(ctx, broker.NewWebhook{URL: "http://127.0.0.1:9/hooks"})
		must(err)
		testlog.Issued(t, plain.Reveal())
		_, plain, err = s.RollWebhook(ctx, w.ID)
		must(err)
		testlog.Issued(t, plain.Reveal())
		d, err := s.TestWebhook(ctx, w.ID)
		must(err)
		must(last(s.Replay(ctx, w.ID, d.ID)))
		must(s.RemoveWebhook(ctx, w.ID))
		k, plain, err := s.MakeKey(ctx, broker.Key{Name: "ci", Can: []broker.Power{broker.Lend}})
		must(err)
		testlog.Issued(t, plain.Reveal())
		must(s.EndKey(ctx, k.ID))
		want := []string{
			"add client own", "roll the secret of client own", "move secret 2 of client own", "remove secret 1 of client own", "remove client own",
			"add a webhook", "roll the secret of webhook 1", "test webhook 1", "send delivery 1 again to webhook 1", "remove webhook 1", "revoke key 1",
		}
		if diff := cmp.Diff(want, h.details(broker.Ordered)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if all, err := h.Events(ctx, broker.EventFilter{By: h.ada().Actor()}, 0, 100); err != nil || len(all) != len(want)+10 { // what became of it is by her too, but for a test and a replay
			t.Errorf("she did %d things, %v; %v", len(all), all, err)
		}
		if all := fmt.Sprint(h.details("")); strings.Contains(all, "s3cret") || strings.Contains(all, "127.0.0.1") {
			t.Errorf("the trail has %s", all)
		}
	})
}

// The list of keys says who made each, as far as the trail tells.
func TestFoundKeys(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		var ids []broker.KeyID
		// Of one instant, and one name the begin of another.
		for _, k := range []broker.Key{{Name: "ci", Maker: broker.Person("acme", 7)}, {Name: "ci/cd"}, {Name: "ci 2", Maker: broker.Actor{Kind: broker.ByKey, ID: 1}}, {Name: "over", Expires: h.clock.now().Add(time.Hour)}} {
			k.Can = []broker.Power{broker.Lend}
			made, _, err := h.MakeKey(ctx, k)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, made.ID)
		}
		h.clock.move(2 * time.Hour)
		if err := h.EndKey(ctx, broker.AtCommand, ids[2]); err != nil {
			t.Fatal(err)
		}
		read := func(over bool, before broker.KeyID, limit int) string {
			l, err := h.FoundKeys(ctx, h.ada(), over, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, k := range l.Keys {
				all = append(all, fmt.Sprintf("%s (%s)", k.Name, k.Maker.String()))
			}
			return fmt.Sprintf("%s %t", strings.Join(all, ", "), l.More)
		}
		for want, got := range map[string]string{
			"ci/cd (), ci (user acme/7) false": read(false, 0, 5),
			"ci/cd () true":                    read(false, 0, 1),
			"ci (user acme/7) false":           read(false, ids[1], 1),
			"over (), ci 2 (key 1) false":      read(true, 0, 5),
		} {
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if k, err := h.KeyShown(ctx, h.ada(), ids[0]); err != nil || k.Maker != broker.Person("acme", 7) {
			t.Errorf("one: %+v, %v", k, err)
		}
		if _, err := h.KeyShown(context.Background(), h.ada(), 99); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("none: %v", err)
		}
	})
}
