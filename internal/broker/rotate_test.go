package broker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// soon are waits of a rotation that a test can see end.
var soon = broker.RotateOptions{Wait: 5 * time.Second, Silent: 3 * time.Second, Pause: time.Nanosecond}

// adopt makes connections of other people, sealed with a ring.
func (h *house) adopt(n int, keys *seal.Ring) (ids []broker.ConnectionID) {
	h.t.Helper()
	client, err := h.Store.ClientFor(h.t.Context(), "acme", broker.Support)
	if err != nil {
		h.t.Fatal(err)
	}
	for range n {
		c, err := h.Store.AddPending(h.t.Context(), broker.Connection{
			Account: "acme", Product: broker.Support, Client: client.ID, Grant: oauth.GrantAuthorizationCode, State: broker.Pending, Created: h.clock.now(),
		})
		if err != nil {
			h.t.Fatal(err)
		}
		for column, to := range map[string]*broker.Sealed{"access": &c.Access, "refresh": &c.Refresh} {
			sealed, err := keys.Seal(fmt.Appendf(nil, "%s of %d", column, c.ID), fmt.Sprintf("broker_connections/%d/%s", c.ID, column))
			if err != nil {
				h.t.Fatal(err)
			}
			*to = broker.Sealed{Bytes: sealed, Key: keys.KeyID()}
		}
		c.State, c.User, c.Generation = broker.Active, broker.User{ID: 1000 + int64(c.ID)}, 1
		c.AccessIssued, c.AccessExpires, c.RefreshExpires = h.clock.now(), h.clock.now().Add(time.Hour), h.clock.now().Add(30*24*time.Hour)
		if err := h.Store.Adopt(h.t.Context(), c, broker.Event{}); err != nil {
			h.t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	return ids
}

// serving is a replica that runs, with keys of its own from a source.
func (h *house) serving(source seal.Source) *broker.Broker {
	h.t.Helper()
	keys, err := source.Load(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	b := h.replicaWith(func(c *broker.Config) { c.Ring, c.Source = keys, source })
	h.run(b)
	return b
}

// run lets a broker do its housekeeping until the test ends.
func (h *house) run(b *broker.Broker) {
	h.t.Helper()
	ctx, end := context.WithCancel(h.t.Context())
	var run sync.WaitGroup
	before := h.holders()
	run.Go(func() {
		b.Run(ctx, func(err error) { h.t.Error(err) })
	})
	h.t.Cleanup(func() { end(); run.Wait() })
	for h.holders() == before {
		<-time.After(time.Millisecond)
	}
}

func (h *house) holders() int {
	h.t.Helper()
	all, err := h.Store.Keyholders(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

// keysUsed are the keys that anything is sealed with.
func (h *house) keysUsed() (used []uint32) {
	h.t.Helper()
	counts, err := h.Store.SealedBy(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range counts {
		used = append(used, c.Key)
	}
	canary, err := h.Store.Canary(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	used = append(used, seal.KeyOf(canary))
	slices.Sort(used)
	return slices.Compact(used)
}

// Everything is sealed with a new key, and the old one goes, while two brokers lend and
// renew: nobody meets a value that does not open, or a renewal that is undone.
func TestRotateBesideBrokers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		own := h.signIn()
		ids := h.adopt(300, h.ring)
		h.depart() // a sign-in under way
		brokers := []*broker.Broker{h.serving(h.keys), h.serving(h.keys)}

		var load sync.WaitGroup
		var over atomic.Bool
		for i, b := range brokers {
			load.Go(func() {
				for n := i; !over.Load(); n += 7 {
					id := ids[n%len(ids)]
					if got, want := lentBy(t, b, id), fmt.Sprintf("access of %d", id); got != want {
						t.Errorf("connection %d lends %q, want %q", id, got, want)
					}
				}
			})
		}
		load.Go(func() {
			for !over.Load() {
				g, err := brokers[0].Token(t.Context(), own.ID, 0)
				if err == nil {
					_, err = brokers[1].TokenAfter(t.Context(), own.ID, g.Connection.Generation)
				}
				if err != nil && !strings.Contains(err.Error(), "reauthorize") {
					t.Errorf("renewal: %v", err)
				}
			}
		})
		o := soon
		o.DropOld = true
		done, err := h.Rotate(t.Context(), o)
		over.Store(true)
		load.Wait()
		if err != nil {
			t.Fatal(err)
		}
		now, err := h.keys.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]uint32{done.Key}, now.KeyIDs()); d != "" || now.KeyID() == h.ring.KeyID() || !slices.Equal(done.Dropped, h.ring.KeyIDs()) {
			t.Errorf("%+v; the keys that are left:\n%s", done, d)
		}
		if used := h.keysUsed(); !slices.Equal(used, []uint32{done.Key}) || done.Resealed < 2*len(ids) || done.Verified < 2*len(ids)+3 {
			t.Errorf("%+v; sealed with %v", done, used)
		}
		late := h.serving(h.keys)
		for _, b := range append(brokers, late) {
			for _, id := range ids {
				if got, want := lentBy(t, b, id), fmt.Sprintf("access of %d", id); got != want {
					t.Fatalf("afterwards connection %d lends %q, want %q", id, got, want)
				}
			}
		}
	})
}

// Cut off at any step, it goes on where it stood, with the key that it had made.
func TestRotateGoesOn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ids := h.adopt(140, h.ring) // more than a batch
		for step := 1; ; step++ {
			ctx, cut := context.WithCancel(t.Context())
			o, said := soon, 0
			o.Say = func(broker.RotateStep) {
				if said++; said == step {
					cut()
				}
			}
			_, err := h.Rotate(ctx, o)
			cut()
			for _, id := range ids[:3] {
				if got, want := h.lent(id), fmt.Sprintf("access of %d", id); got != want {
					t.Fatalf("cut off at step %d: connection %d lends %q, want %q", step, id, got, want)
				}
			}
			made := len(h.load().KeyIDs())
			if err == nil {
				if made != 2 || step < 5 {
					t.Errorf("it ended after it was cut off %d times, with %d keys", step-1, made)
				}
				return
			}
			if made > 2 || !errors.Is(err, context.Canceled) {
				t.Fatalf("cut off at step %d: %d keys, %v", step, made, err)
			}
		}
	})
}

func (h *house) load() *seal.Ring {
	h.t.Helper()
	keys, err := h.keys.Load(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return keys
}

// A broker that does not have the new key is waited for, and nothing is sealed with it
// before.
func TestRotateWaitsForEveryBroker(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.adopt(3, h.ring)
		old, err := h.ring.Reveal()
		if err != nil {
			t.Fatal(err)
		}
		apart := h.serving(seal.Variable("KEYS", old)) // it cannot read them again
		h.serving(h.keys)
		o := soon
		o.Wait = 2 * time.Second
		_, err = h.Rotate(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "1 of 2 brokers do not have the new key") {
			t.Fatalf("rotated beside a broker without the key: %v", err)
		}
		if used := h.keysUsed(); !slices.Equal(used, h.ring.KeyIDs()) {
			t.Errorf("sealed with %v already", used)
		}
		if err := apart.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if done, err := h.Rotate(t.Context(), soon); err != nil || !slices.Equal(h.keysUsed(), []uint32{done.Key}) || len(h.load().KeyIDs()) != 2 {
			t.Errorf("when it has ended: %+v, %v", done, err)
		}
	})
}

// One that was killed left its name; one that was stopped reads the keys again when it
// meets what it cannot open, and seals with the new one.
func TestRotateWithoutTheSilent(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		own := h.signIn()
		ids := h.adopt(3, h.ring)
		stopped := h.replicaWith(func(c *broker.Config) { c.Ring = h.ring })
		if err := h.Store.HoldKeys(t.Context(), broker.Keyholder{Name: "killed", Keys: h.ring.KeyIDs()}); err != nil {
			t.Fatal(err)
		}
		o := soon
		o.Silent = 300 * time.Millisecond
		done, err := h.Rotate(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if h.holders() != 0 {
			t.Error("who is gone is still a keyholder")
		}
		if got, want := lentBy(t, stopped, ids[1]), fmt.Sprintf("access of %d", ids[1]); got != want {
			t.Errorf("it lends %q, want %q", got, want)
		}
		if _, err := stopped.TokenAfter(t.Context(), own.ID, own.Generation); err != nil {
			t.Fatal(err)
		}
		if c := h.connection(own.ID); c.Access.Key != done.Key || c.Refresh.Key != done.Key {
			t.Errorf("renewed, it is sealed with %d, want %d", c.Access.Key, done.Key)
		}
	})
}

// A renewal whose answer is on its way may yet come to be sealed with an old key: no
// key goes before it has ended.
func TestOldKeysStayForRenewalsUnderWay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		own := h.signIn()
		claimed, err := h.Store.Claim(t.Context(), own, "somebody")
		if err != nil {
			t.Fatal(err)
		}
		a, err := h.Store.OpenAttempt(t.Context(), broker.Attempt{
			Connection: own.ID, Generation: own.Generation, Owner: claimed.Claim.Owner, SentAt: h.clock.now(), Outcome: broker.Open,
		})
		if err != nil {
			t.Fatal(err)
		}
		o := soon
		o.DropOld, o.Wait = true, 300*time.Millisecond
		if _, err := h.Rotate(t.Context(), o); err == nil || !strings.Contains(err.Error(), "1 renewals or sign-ins have not ended") {
			t.Fatalf("it did not wait: %v", err)
		}
		if keys := h.load(); !keys.Has(h.ring.KeyID()) {
			t.Error("the old key is gone")
		}
		a.Outcome, a.ClosedAt = broker.Unsent, h.clock.now()
		if err := h.Store.CloseAttempt(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		done, err := h.DropOldKeys(t.Context(), soon)
		if keys := h.load(); err != nil || keys.Has(h.ring.KeyID()) || !slices.Equal(done.Dropped, h.ring.KeyIDs()) {
			t.Errorf("when it has ended: %+v, %v, %v", done, keys.KeyIDs(), err)
		}
	})
}

// Where others write the keys, they put the new one there, and it is taken.
func TestRotateTakesAKeyThatIsThere(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.adopt(3, h.ring)
		next, err := h.ring.WithNew()
		if err != nil {
			t.Fatal(err)
		}
		text, err := h.ring.Reveal()
		if err != nil {
			t.Fatal(err)
		}
		with := func(keys secret.Plain) *broker.Broker {
			source := seal.Variable("KEYS", keys)
			ring, err := source.Load(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return h.replicaWith(func(c *broker.Config) { c.Ring, c.Source = ring, source })
		}
		if _, err := with(text).Rotate(t.Context(), soon); !errors.Is(err, seal.ErrFixed) {
			t.Fatalf("it wrote a variable: %v", err)
		}
		if text, err = next.Reveal(); err != nil {
			t.Fatal(err)
		}
		done, err := with(text).Rotate(t.Context(), soon)
		if err != nil || done.Key != next.Newest() || done.Kept || !slices.Equal(h.keysUsed(), []uint32{next.Newest()}) {
			t.Errorf("%+v, %v", done, err)
		}
		// From now on a broker without that key does not start.
		_, err = broker.New(t.Context(), broker.Config{Store: h.Store, Ring: h.ring, Base: h.z.base, RedirectURI: redirectURI})
		if !errors.Is(err, seal.ErrSealed) {
			t.Errorf("it starts with the old keys: %v", err)
		}
	})
}

// A value that does not open is named, and the rest is done.
func TestRotateNamesWhatDoesNotOpen(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ids := h.adopt(3, h.ring)
		other, err := seal.OpenFile(t.TempDir() + "/other.json")
		if err != nil {
			t.Fatal(err)
		}
		bad := h.adopt(1, other)
		_, err = h.Rotate(t.Context(), soon)
		if want := fmt.Sprintf("the refresh token of connection %d (key %d)", bad[0], other.KeyID()); !errors.Is(err, seal.ErrSealed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
		if c := h.connection(ids[2]); c.Access.Key == h.ring.KeyID() {
			t.Error("the others are not done")
		}
	})
}
