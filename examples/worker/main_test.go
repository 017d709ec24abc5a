package main

import (
	"bytes"
	"log"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/zendesk"
)

// A week of it, in which tokens are over all the time, Zendesk is away for a while, and
// its person takes the access back.
func TestWorkerRunsForDays(t *testing.T) {
	z := deskauthtest.New(t)
	b, err := embedded.Open(t.Context(), embedded.Config{
		Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"), PublicURL: "http://localhost:8080",
		ZendeskURL: z.Base(), ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret,
		Scopes: []string{"read", "write"}, Now: z.Clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := b.ConnectClient(t.Context(), deskauthtest.Subdomain)
	if err != nil {
		t.Fatal(err)
	}
	root, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	api := &zendesk.API{Base: root, HTTP: b.HTTPClient(c.ID)}
	var said bytes.Buffer
	w := &worker{broker: b, connection: c.ID, every: time.Hour, say: log.New(&said, "", 0)}
	for day := range 7 {
		if _, err := api.CreateTicket(t.Context(), zendesk.NewTicket{Comment: zendesk.NewComment{Body: "day " + string(rune('1'+day))}}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			wait, err := w.round(t.Context())
			if err != nil || wait < time.Hour {
				t.Fatal(wait, err)
			}
			z.Clock.Advance(8 * time.Hour)
		}
	}
	if text := said.String(); strings.Count(text, "ticket ") != 7 || strings.Count(text, "\n") != 7 {
		t.Errorf("in a week it said\n%s", text)
	}
	said.Reset()
	fault := z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.ServerError, Route: "POST /oauth/tokens"})
	if _, err := w.round(t.Context()); err != nil || !strings.Contains(said.String(), "Zendesk cannot be reached") {
		t.Errorf("%v, %s", err, said.String())
	}
	z.Faults.Remove(fault)
	z.Clock.Advance(time.Hour)
	if err := b.Revoke(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.round(t.Context()); err == nil {
		t.Error("it goes on without a connection")
	}
}
