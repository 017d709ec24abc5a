package broker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

func TestKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		k, plain, err := h.MakeKey(t.Context(), broker.Key{
			Name: " reports ", Can: []broker.Power{broker.Lend}, Connections: []broker.ConnectionID{c.ID}, Expires: h.clock.now().Add(time.Hour),
		})
		if err != nil || k.Name != "reports" || !strings.HasPrefix(plain.Reveal(), "deskauth_") || len(plain.Reveal()) < 50 {
			t.Fatalf("made %+v, %v", k, err)
		}
		got, err := h.KeyOf(t.Context(), plain)
		if err != nil || got.ID != k.ID || !got.Allows(broker.Lend, c.ID) || got.Allows(broker.Lend, c.ID+1) || got.Allows(broker.Link, 0) {
			t.Errorf("found %+v, %v", got, err)
		}
		for name, wrong := range map[string]secret.Plain{"another": secret.Of(plain.Reveal() + "a"), "none": {}, "its name": secret.Of("reports")} {
			if _, err := h.KeyOf(t.Context(), wrong); !errors.Is(err, broker.ErrKeyRefused) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.clock.move(time.Hour)
		if _, err := h.KeyOf(t.Context(), plain); !errors.Is(err, broker.ErrKeyRefused) {
			t.Errorf("when it is over: %v", err)
		}
	})
}

func TestKeyEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		k, plain, err := h.MakeKey(t.Context(), broker.Key{Name: "ops", Can: []broker.Power{broker.Admin}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.KeyOf(t.Context(), plain); err != nil || !got.Allows(broker.Lend, 5) {
			t.Fatal(err)
		}
		if err := h.EndKey(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.KeyOf(t.Context(), plain); !errors.Is(err, broker.ErrKeyRefused) {
			t.Errorf("after its end: %v", err)
		}
		if err := h.EndKey(t.Context(), k.ID); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("ended again: %v", err)
		}
		all, err := h.Keys(t.Context())
		if err != nil || len(all) != 1 || all[0].Ended.IsZero() {
			t.Errorf("listed %+v, %v", all, err)
		}
	})
}

func TestKeyBadInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		lend := []broker.Power{broker.Lend}
		for name, k := range map[string]broker.Key{
			"no name":                  {Can: lend},
			"a long name":              {Name: strings.Repeat("a", 101), Can: lend},
			"no power":                 {Name: "a"},
			"a power that there isn't": {Name: "a", Can: []broker.Power{"everything"}},
			"no such connection":       {Name: "a", Can: lend, Connections: []broker.ConnectionID{99}},
			"over":                     {Name: "a", Can: lend, Expires: h.clock.now()},
		} {
			_, _, err := h.MakeKey(t.Context(), k)
			if invalid := (*broker.Invalid)(nil); !errors.As(err, &invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
