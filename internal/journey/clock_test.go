package journey_test

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// demoPair is a broker that follows the clock of its issuer, a demo.
func demoPair(t *testing.T) (*pair, *control.Client) {
	t.Helper()
	dir, port, controls := t.TempDir(), journey.FreePort(t), "127.0.0.1:"+journey.FreePort(t)
	p := &pair{
		issuerPort: journey.FreePort(t), url: "http://localhost:" + port,
		dsn: storetest.DSN(t, store.SQLite), keys: filepath.Join(dir, "sealing-keys.json"),
	}
	p.town = journey.NewTown(t, 1, p.url)
	p.issuer = journey.Start(t, "issuer", nil, "issuer", "--demo", "--listen", "127.0.0.1:"+p.issuerPort, "--control", controls,
		"--db", storetest.DSN(t, store.SQLite), "--seed", p.town.Path)
	p.broker = journey.Start(t, "broker", []string{"DESKAUTH_CLIENT_SECRET=" + p.town.BrokerSecret, "DESKAUTH_CLOCK=" + controls},
		"broker", "--listen", "127.0.0.1:"+port, "--db", p.dsn, "--client-id", p.town.BrokerID, "--sealing-keys", p.keys,
		"--zendesk-url", "http://{subdomain}.localhost:"+p.issuerPort)
	client, err := control.Dial(controls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return p, client
}

// advance lets time pass at the issuer.
func advance(t *testing.T, c *control.Client, by time.Duration) {
	t.Helper()
	if err := c.Do(t.Context(), http.MethodPost, "/clock/advance", map[string]any{"by": control.Duration(by)}, nil); err != nil {
		t.Fatal(err)
	}
}

// rotated counts the refreshes that the issuer has seen.
func rotated(ctx context.Context, t *testing.T, c *control.Client) int {
	t.Helper()
	var found struct {
		Count int `json:"count"`
	}
	if err := c.Do(ctx, http.MethodGet, "/journal?event=refresh.rotated", nil, &found); err != nil {
		t.Fatal(err)
	}
	return found.Count
}

// A broker with DESKAUTH_CLOCK lives by the issuer's time: it renews when that has
// passed, and nobody waits.
func TestBrokerFollowsTheClock(t *testing.T) {
	p, controls := demoPair(t)
	ada := p.town.People[0]
	page, err := journey.NewBrowser().Connect(t.Context(), p.url, journey.Account, ada, "allow")
	id := connectedTo(t, page, err, ada, true)
	if id == 0 {
		t.FailNow()
	}

	// Who asks gets the same token as long as it has enough of its half hour, and
	// then another.
	for _, step := range []struct {
		by         time.Duration
		generation int64
	}{{0, 1}, {20 * time.Minute, 1}, {9 * time.Minute, 2}, {2 * time.Minute, 2}, {29 * time.Minute, 3}, {31 * time.Minute, 4}} {
		if step.by > 0 {
			advance(t, controls, step.by)
		}
		clock, err := control.Follow(t.Context(), controls.Address())
		if err != nil {
			t.Fatal(err)
		}
		g, err := openBroker(t, p, clock.Now).Token(t.Context(), id, 0)
		if err != nil {
			t.Fatalf("after %v: %v", step.by, err)
		}
		if g.Connection.Generation != step.generation || rotated(t.Context(), t, controls) != int(step.generation)-1 {
			t.Errorf("after %v more: generation %d, want %d; %d refreshes", step.by, g.Connection.Generation, step.generation, rotated(t.Context(), t, controls))
		}
		if status, email, err := p.app().Me(t.Context(), g.Access.Reveal()); err != nil || status != http.StatusOK || email != ada.Email {
			t.Errorf("after %v: what is lent opens nothing: %d %v", step.by, status, err)
		}
	}

	// Nobody asks: the running broker keeps the connection alive by itself, as soon as
	// the clock has leapt over the third of the refresh token's thirty days.
	before := rotated(t.Context(), t, controls)
	advance(t, controls, 11*24*time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second) // its own rounds are a minute apart
	defer cancel()
	body, err := controls.Open(ctx, http.MethodGet, "/journal?follow=true&event=refresh.rotated", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	lines := 0
	for buf := make([]byte, 1); lines <= before; { // a line is a refresh
		if _, err := body.Read(buf); err != nil {
			t.Fatalf("an idle connection is not renewed: %v\n%s", err, p.broker.Log())
		}
		if buf[0] == '\n' {
			lines++
		}
	}
	p.broker.Terminate()
	p.issuer.Terminate()
}
