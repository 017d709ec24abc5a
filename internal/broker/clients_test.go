package broker_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
)

// client is the one of that number, as people see it.
func (h *house) client(id broker.ClientID) broker.ClientState {
	h.t.Helper()
	c, err := h.ClientState(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// numbers are those of a client's secrets, in their order.
func numbers(c broker.Client) (all []int64) {
	for _, s := range c.Secrets {
		all = append(all, s.Number)
	}
	return all
}

// takes has Zendesk take these secrets, and no others.
func (z *remote) takes(secrets ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.secret, z.more = secrets[0], secrets[1:]
}

// tried are the secrets of the token requests so far.
func (z *remote) tried() (all []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, p := range z.posts {
		all = append(all, p.Get("client_secret"))
	}
	return all
}

func TestRolled(t *testing.T) {
	one := func(n int64) broker.ClientSecret { return broker.ClientSecret{Number: n} }
	before := broker.Client{Version: 3, Secrets: []broker.ClientSecret{one(1), one(3)}}
	for _, c := range []struct {
		name string
		put  int64
		roll broker.Roll
		want []int64
	}{
		{"a new one", 4, broker.Roll{}, []int64{4, 1, 3}},
		{"a new one at the end", 4, broker.Roll{Last: true}, []int64{1, 3, 4}},
		{"a new one alone", 4, broker.Roll{DropOld: true}, []int64{4}},
		{"its own", 3, broker.Roll{}, []int64{3, 1}},
		{"its first", 1, broker.Roll{}, []int64{1, 3}},
		{"its first to the end", 1, broker.Roll{Last: true}, []int64{3, 1}},
		{"its own alone", 3, broker.Roll{DropOld: true, Last: true}, []int64{3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := before.Rolled(one(c.put), c.roll)
			if diff := cmp.Diff(c.want, numbers(next)); diff != "" || next.Version != 4 {
				t.Errorf("version %d (-want +got):\n%s", next.Version, diff)
			}
			if diff := cmp.Diff([]int64{1, 3}, numbers(before)); diff != "" {
				t.Error("the one before changed: " + diff)
			}
		})
	}
	if next, there := before.Without(1); !there || !slices.Equal(numbers(next), []int64{3}) || next.Version != 4 {
		t.Errorf("without its first: %v, %t", numbers(next), there)
	}
	if next, there := before.Without(2); there || next.Version != 3 {
		t.Errorf("without one that it has not: %v, %t", numbers(next), there)
	}
}

func TestAddClient(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.clock.move(time.Second)
		c, err := h.AddClient(t.Context(), broker.AtCommand, broker.NewClient{Account: " https://Acme.zendesk.com/agent ", Identifier: "own", Secret: secret.Of(h.z.secret)})
		if err != nil || c.Account != "acme" || c.Product != broker.Support || !slices.Equal(numbers(c), []int64{1}) {
			t.Fatalf("added %+v, %v", c, err)
		}
		signedIn := h.signIn() // with its secret
		if signedIn.Client != c.ID {
			t.Errorf("acme is served by client %d", signedIn.Client)
		}
		_, err = h.AddClient(t.Context(), broker.AtCommand, broker.NewClient{Account: "acme", Identifier: "own", Secret: secret.Of("another")})
		if there := (*broker.ClientThere)(nil); !errors.As(err, &there) || there.ID != c.ID {
			t.Errorf("added again: %v", err)
		}
		public, err := h.AddClient(t.Context(), broker.AtCommand, broker.NewClient{Identifier: "public"})
		if err != nil || !public.Public() || public.Account != "" {
			t.Errorf("a public one: %+v, %v", public, err)
		}
		if got, err := h.Store.ClientFor(t.Context(), "other", broker.Support); err != nil || got.ID != public.ID {
			t.Errorf("others are served by %d, %v", got.ID, err)
		}
		all, err := h.Clients(t.Context(), 0, 10)
		if err != nil || len(all) != 3 || all[1].ID != c.ID || all[1].Connections != 1 {
			t.Errorf("listed %+v, %v", all, err)
		}
	})
}

func TestAddClientBadInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		good := broker.NewClient{Account: "acme", Identifier: "app2", Secret: secret.Of("s3cret")}
		for name, c := range map[string]struct {
			field string
			edit  func(*broker.NewClient)
		}{
			"no subdomain":          {"account", func(n *broker.NewClient) { n.Account = "acme corp" }},
			"a name of Zendesk's":   {"account", func(n *broker.NewClient) { n.Account = "www" }},
			"no identifier":         {"identifier", func(n *broker.NewClient) { n.Identifier = " " }},
			"two words":             {"identifier", func(n *broker.NewClient) { n.Identifier = "my app" }},
			"a long identifier":     {"identifier", func(n *broker.NewClient) { n.Identifier = strings.Repeat("a", 256) }},
			"another product":       {"product", func(n *broker.NewClient) { n.Product = "sell" }},
			"two lines of a secret": {"secret", func(n *broker.NewClient) { n.Secret = secret.Of("s3\ncret") }},
			"a long secret":         {"secret", func(n *broker.NewClient) { n.Secret = secret.Of(strings.Repeat("a", 1025)) }},
			"a secret in Cyrillic":  {"secret", func(n *broker.NewClient) { n.Secret = secret.Of("с3cret") }},
			"a public one of Chat":  {"secret", func(n *broker.NewClient) { n.Product, n.Secret = broker.Chat, secret.Plain{} }},
		} {
			n := good
			c.edit(&n)
			_, err := h.AddClient(t.Context(), broker.AtCommand, n)
			if invalid := (*broker.Invalid)(nil); !errors.As(err, &invalid) || invalid.Field != c.field {
				t.Errorf("%s: %v", name, err)
			}
		}
		if all, err := h.Clients(t.Context(), 0, 10); err != nil || len(all) != 1 {
			t.Errorf("%d clients, %v", len(all), err)
		}
	})
}

// A secret that is rolled, at Zendesk and here in either order, costs no connection.
func TestRollSecret(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, old := t.Context(), h.z.secret
		c := h.signIn()
		renewed := func(want ...string) {
			t.Helper()
			h.clock.move(time.Hour)
			before := len(h.z.tried())
			if got := h.lent(c.ID); got != h.z.live() {
				t.Fatalf("lent %q", got)
			}
			if diff := cmp.Diff(want, h.z.tried()[before:]); diff != "" {
				t.Error("tried (-want +got):\n" + diff)
			}
		}
		rolled, err := h.RollSecret(ctx, broker.AtCommand, c.Client, secret.Of("new"), broker.Roll{})
		if err != nil || !slices.Equal(numbers(rolled), []int64{2, 1}) {
			t.Fatalf("rolled to %v, %v", numbers(rolled), err)
		}
		renewed("new", old) // not yet there
		h.z.takes("new", old)
		renewed("new")
		h.z.takes("new")
		renewed("new")
		if rolled, err = h.RollSecret(ctx, broker.AtCommand, c.Client, secret.Of("newer"), broker.Roll{Last: true}); err != nil || !slices.Equal(numbers(rolled), []int64{2, 1, 3}) {
			t.Fatalf("rolled to %v, %v", numbers(rolled), err)
		}
		renewed("new")
		h.z.takes("newer")
		renewed("new", old, "newer")
		if rolled, err = h.RollSecret(ctx, broker.AtCommand, c.Client, secret.Of("newer"), broker.Roll{DropOld: true}); err != nil || !slices.Equal(numbers(rolled), []int64{3}) {
			t.Fatalf("rolled to %v, %v", numbers(rolled), err)
		}
		renewed("newer")
		if err := h.Tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if err := h.Close(ctx); err != nil { // it notes when the secret worked
			t.Fatal(err)
		}
		if s := h.client(c.Client).Secrets; len(s) != 1 || !s[0].Worked.Equal(h.clock.now()) || s[0].Added.IsZero() {
			t.Errorf("listed %+v", s)
		}
	})
}

func TestRollClosesTheCircuit(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.z.takes("rolled")
		if got := h.lent(c.ID); !strings.Contains(got, "Unavailable") {
			t.Fatalf("lent %q", got)
		}
		if got := h.client(c.Client).Circuits; len(got) != 1 || got[0].Account != "acme" || got[0].Reason != broker.CredentialsWrong {
			t.Errorf("circuits %+v", got)
		}
		if _, err := h.RollSecret(t.Context(), broker.AtCommand, c.Client, secret.Of("rolled"), broker.Roll{}); err != nil {
			t.Fatal(err)
		}
		if got := h.client(c.Client).Circuits; len(got) != 0 {
			t.Errorf("circuits %+v", got)
		}
		if got := h.lent(c.ID); got != h.z.live() {
			t.Errorf("lent %q", got)
		}
	})
}

// A renewal that began with the old secrets does not speak against the new ones.
func TestRollDuringARenewal(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		c := h.signIn()
		h.clock.move(time.Hour)
		h.z.takes("rolled")
		h.z.spoil(func(w http.ResponseWriter, _ *http.Request, _ func() map[string]any) {
			if _, err := h.RollSecret(t.Context(), broker.AtCommand, c.Client, secret.Of("rolled"), broker.Roll{}); err != nil {
				t.Error(err)
			}
			refuse(w, http.StatusUnauthorized, "invalid_client")
		})
		if got := h.lent(c.ID); got != h.z.live() {
			t.Errorf("lent %q", got)
		}
		if got := h.client(c.Client).Circuits; len(got) != 0 {
			t.Errorf("circuits %+v", got)
		}
	})
}

func TestRollBadInput(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.signIn().Client
		var invalid *broker.Invalid
		for _, s := range []secret.Plain{{}, secret.Of("two words")} {
			if _, err := h.RollSecret(ctx, broker.AtCommand, id, s, broker.Roll{}); !errors.As(err, &invalid) {
				t.Errorf("rolled: %v", err)
			}
		}
		if _, err := h.RollSecret(ctx, broker.AtCommand, 99, secret.Of("new"), broker.Roll{}); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("one that there is not: %v", err)
		}
		for i := range 4 {
			if _, err := h.RollSecret(ctx, broker.AtCommand, id, secret.Of(fmt.Sprint("new", i)), broker.Roll{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.RollSecret(ctx, broker.AtCommand, id, secret.Of("one more"), broker.Roll{}); !errors.As(err, &invalid) {
			t.Errorf("a sixth: %v", err)
		}
		if _, err := h.RollSecret(ctx, broker.AtCommand, id, secret.Of("new0"), broker.Roll{}); err != nil {
			t.Errorf("one that it has: %v", err)
		}
	})
}

func TestRemoveSecret(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.signIn().Client
		if _, err := h.RollSecret(ctx, broker.AtCommand, id, secret.Of("new"), broker.Roll{}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time it is gone
			c, err := h.RemoveSecret(ctx, broker.AtCommand, id, 2, false)
			if err != nil && !errors.Is(err, broker.ErrNotFound) || err == nil && !slices.Equal(numbers(c), []int64{1}) {
				t.Errorf("left %v, %v", numbers(c), err)
			}
		}
		_, err := h.RemoveSecret(ctx, broker.AtCommand, id, 1, false)
		if only := (*broker.OnlySecret)(nil); !errors.As(err, &only) || only.ID != id {
			t.Errorf("the only one: %v", err)
		}
		if c, err := h.RemoveSecret(ctx, broker.AtCommand, id, 1, true); err != nil || !c.Public() {
			t.Errorf("forced: %v, %v", numbers(c), err)
		}
		// No number is given twice.
		if c, err := h.RollSecret(ctx, broker.AtCommand, id, secret.Of("newest"), broker.Roll{}); err != nil || c.Secrets[0].Number <= 2 {
			t.Errorf("a new one has number %v, %v", numbers(c), err)
		}
	})
}

func TestRemoveClient(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, c := t.Context(), h.signIn()
		_, err := h.RemoveClient(ctx, broker.AtCommand, c.Client, false)
		if used := (*broker.ClientInUse)(nil); !errors.As(err, &used) || used.Connections != 1 {
			t.Fatalf("one in use: %v", err)
		}
		if got := h.lent(c.ID); got != "access-1" {
			t.Errorf("lent %q", got)
		}
		if n, err := h.RemoveClient(ctx, broker.AtCommand, c.Client, true); err != nil || n != 1 {
			t.Errorf("forced: %d, %v", n, err)
		}
		if _, err := h.Token(ctx, c.ID, 0); !errors.Is(err, broker.ErrNotFound) {
			t.Errorf("its connection: %v", err)
		}
		for _, force := range []bool{false, true} {
			if _, err := h.RemoveClient(ctx, broker.AtCommand, c.Client, force); !errors.Is(err, broker.ErrNotFound) {
				t.Errorf("removed again: %v", err)
			}
		}
	})
}

// What a program is started with does not undo what was rolled since.
func TestStartKeepsWhatWasRolled(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.signIn().Client
		if _, err := h.RollSecret(ctx, broker.AtCommand, id, secret.Of("new"), broker.Roll{}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name    string
			secrets []secret.Plain
			want    []int64
		}{
			{"as before", []secret.Plain{secret.Of(h.z.secret)}, []int64{2, 1}},
			{"without one", nil, []int64{2, 1}},
			{"with the new one", []secret.Plain{secret.Of("new")}, []int64{2, 1}},
		} {
			if err := h.UseClient(ctx, broker.AtCommand, "", broker.Support, "app", c.secrets...); err != nil {
				t.Fatal(err)
			}
			if got := numbers(h.client(id).Client); !slices.Equal(got, c.want) {
				t.Errorf("%s: %v", c.name, got)
			}
		}
		for i := range 6 {
			if err := h.UseClient(ctx, broker.AtCommand, "", broker.Support, "app", secret.Of(fmt.Sprint("start", i))); err != nil {
				t.Fatal(err)
			}
		}
		got := numbers(h.client(id).Client)
		if len(got) != 5 || !slices.IsSortedFunc(got, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("after others: %v", got)
		}
	})
}

func TestImportClients(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		rows := []broker.NewClient{
			{Account: "acme", Product: broker.Support, Identifier: "one", Secret: secret.Of("s1")},
			{Account: "acme", Product: broker.Chat, Identifier: "one", Secret: secret.Of("s2")},
			{Account: "globex", Product: broker.Support, Identifier: "two"},
			{Product: broker.Support, Identifier: "app", Secret: secret.Of(h.z.secret)},
		}
		run := func(dry bool, want ...broker.Fate) {
			t.Helper()
			got, err := h.ImportClients(ctx, broker.AtCommand, rows, dry)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("dry %t (-want +got):\n%s", dry, diff)
			}
		}
		count := func(want int) {
			t.Helper()
			if all, err := h.Clients(ctx, 0, 100); err != nil || len(all) != want {
				t.Errorf("%d clients, %v; want %d", len(all), err, want)
			}
		}
		run(true, broker.Added, broker.Added, broker.Added, broker.Unchanged)
		count(1)
		run(false, broker.Added, broker.Added, broker.Added, broker.Unchanged)
		count(4)
		run(false, broker.Unchanged, broker.Unchanged, broker.Unchanged, broker.Unchanged)
		rows[0].Secret = secret.Of("rolled")
		run(true, broker.Replaced, broker.Unchanged, broker.Unchanged, broker.Unchanged)
		run(false, broker.Replaced, broker.Unchanged, broker.Unchanged, broker.Unchanged)
		run(false, broker.Unchanged, broker.Unchanged, broker.Unchanged, broker.Unchanged)
		rows[2].Account = "two words"
		if _, err := h.ImportClients(ctx, broker.AtCommand, rows, false); err == nil {
			t.Error("imported what is at fault")
		}
		count(4)
	})
}

func TestImportFiveHundred(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var file strings.Builder
		file.WriteString("account,product,identifier,secret\n")
		for i := range 500 {
			fmt.Fprintf(&file, "customer-%d,support,app_of_%d,s3cret-%d\n", i, i, i)
		}
		rows, err := h.ReadClients(strings.NewReader(file.String()))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []broker.Fate{broker.Added, broker.Unchanged} {
			got, err := h.ImportClients(t.Context(), broker.AtCommand, rows, false)
			if err != nil || len(got) != 500 || slices.ContainsFunc(got, func(f broker.Fate) bool { return f != want }) {
				t.Fatalf("%d imported, %v", len(got), err)
			}
		}
		if c, err := h.Store.ClientFor(t.Context(), "customer-321", broker.Support); err != nil || c.Identifier != "app_of_321" {
			t.Errorf("served by %q, %v", c.Identifier, err)
		}
	})
}
