package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// single is a Zendesk with one live pair for each of its people, told apart by the
// beginning of their tokens.
type single struct {
	mu   sync.Mutex
	live map[string]int // the number of the pair that is taken
}

func (z *single) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z.mu.Lock()
	defer z.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer := func(status int, body any) { w.WriteHeader(status); _ = json.NewEncoder(w).Encode(body) }
	_ = r.ParseForm()
	who, number, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "-")
	switch r.URL.Path {
	case zendesk.TokenPath:
		who, number, _ = strings.Cut(r.PostForm.Get("refresh_token"), "-")
		if number != fmt.Sprint(z.live[who]) {
			answer(http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
			return
		}
		z.live[who]++
		token := fmt.Sprintf("%s-%d", who, z.live[who])
		answer(http.StatusOK, oauth.TokenResponse{
			AccessToken: token, RefreshToken: token, TokenType: "bearer", Scope: "read", ExpiresIn: new(int64(1800)),
		})
	case zendesk.UsersMePath:
		id := int64(len(who))
		if number != fmt.Sprint(z.live[who]) {
			answer(http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
			return
		}
		answer(http.StatusOK, zendesk.UserEnvelope{User: zendesk.User{ID: &id, Name: "Somebody"}})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// A SQLite file that may not grow refuses what does not fit, and loses no connection:
// what was not written down is not sent, and what was sent is stored.
func TestBrokerOnAFullDatabase(t *testing.T) {
	const people, rounds = 5, 60
	z := &single{live: map[string]int{}}
	server := httptest.NewServer(z)
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	base, err := zendesk.ParseBase("http://{subdomain}.localhost:" + at.Port())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.OpenFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, storetest.DSN(t, store.SQLite))
	var passed atomic.Int64
	b, err := broker.New(t.Context(), broker.Config{
		Store: db.Broker(), Ring: ring, Base: base, RedirectURI: "http://localhost:4002/cb",
		Now:    func() time.Time { return brokerNow.Add(time.Duration(passed.Load())) },
		Timing: broker.Timing{Lease: 100 * time.Millisecond, Poll: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	if err := b.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "app", secret.Of("of-the-client")); err != nil {
		t.Fatal(err)
	}
	var ids []broker.ConnectionID
	for n := range people {
		token := secret.Of(strings.Repeat("a", n+1) + "-0")
		c, err := b.Import(t.Context(), broker.AtCommand, broker.Import{Account: "acme", Access: token, Refresh: token})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, c.ID)
	}
	client, err := db.Broker().ClientFor(t.Context(), "acme", broker.Support)
	if err != nil {
		t.Fatal(err)
	}
	refused, lent := 0, 0
	for round := range rounds {
		limit(t, db, 0)
		passed.Add(int64(26 * time.Minute))
		refused += fill(t, db, client, round)
		limit(t, db, 0) // what did not fit may have cost the writer its connection, and that the limit
		for _, id := range ids {
			if _, err := b.Token(t.Context(), id, 0); err == nil {
				lent++
			}
		}
	}
	limit(t, db, 1<<30)
	passed.Add(int64(26 * time.Minute))
	for i, id := range ids {
		g, err := b.Token(t.Context(), id, 0)
		who := strings.Repeat("a", i+1)
		if err != nil || g.Access.Reveal() != fmt.Sprintf("%s-%d", who, z.live[who]) {
			t.Errorf("connection %d: generation %d, %v; at Zendesk lives pair %d", id, g.Connection.Generation, err, z.live[who])
		}
	}
	if refused == 0 {
		t.Error("the database was never full")
	}
	t.Logf("%d steps refused, %d tokens lent meanwhile, %d connections well", refused, lent, len(ids))
}

// limit lets the file grow by no more than some pages.
func limit(t *testing.T, db *store.DB, pages int) {
	t.Helper()
	err := db.Step(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		var count, most int
		if err := tx.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&count); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, count+pages)).Scan(&most)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fill adds sign-ins until one does not fit, and returns how many did not.
func fill(t *testing.T, db *store.DB, c broker.Client, round int) int {
	t.Helper()
	for n := range 1000 {
		f := newFlow(c, fmt.Sprintf("%d in round %d", n, round))
		f.ReturnTo = "/" + strings.Repeat("x", 2000)
		if err := db.Broker().AddFlow(t.Context(), f); err != nil {
			if !strings.Contains(err.Error(), "full") {
				t.Errorf("refused with %v", err)
			}
			if _, err := db.Broker().Flow(t.Context(), f.State); err == nil {
				t.Error("what was refused is there")
			}
			return 1
		}
	}
	return 0
}
