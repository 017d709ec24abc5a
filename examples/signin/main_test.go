package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

func TestMain(m *testing.M) { os.Exit(journey.Main(m)) }

// seed is an account with one person and the app as the tutorial registers it.
const seed = `accounts:
  - subdomain: acme
    name: Acme Inc.
    users: [{email: %s, name: %s, role: %s, password: %q}]
    clients:
      - {identifier: oauth_tutorial_app, name: OAuth Tutorial App, kind: confidential, secret: %q, redirect_uri: ["http://localhost:%s/handle_user_decision"]}
`

// TestSignIn walks through the app as a person does, with the local Zendesk.
func TestSignIn(t *testing.T) {
	ada := journey.Person{Email: "ada@acme.example", Name: "Ada Admin", Role: "admin", Password: "ada's rather long password"}
	const secret = "the-secret-of-the-tutorial-app-0123456789"
	testlog.Issued(t, ada.Password, secret)
	t.Setenv("ZENDESK_CLIENT_SECRET", secret)
	dir, port, zendeskPort := t.TempDir(), journey.FreePort(t), journey.FreePort(t)
	file := filepath.Join(dir, "seed.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, seed, ada.Email, ada.Name, ada.Role, ada.Password, secret, port), 0o600); err != nil {
		t.Fatal(err)
	}
	zendesk := journey.Start(t, "issuer", nil, "issuer", "--listen", "127.0.0.1:"+zendeskPort,
		"--db", "sqlite:"+filepath.Join(dir, "issuer.db"), "--seed", file)
	app := start(t, "-listen", "localhost:"+port, "-zendesk", "http://{subdomain}.localhost:"+zendeskPort, "-account", "acme", "-data", dir)

	browser := journey.NewBrowser()
	open := func(path string) *journey.Page {
		t.Helper()
		page, err := browser.Get(t.Context(), app+path)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	if home := open("/profile"); home.Title() != "Welcome" || !strings.Contains(home.Body, `<a href="/connect">Sign in to Zendesk</a>`) {
		t.Fatalf("whoever is not signed in sees %q", home.Body)
	}
	elsewhere, err := browser.Submit(t.Context(), open("/connect"), "subdomain=mallory")
	if err != nil || elsewhere.Status != http.StatusUnprocessableEntity || !strings.Contains(elsewhere.Text(), "This site is for acme.localhost") {
		t.Errorf("another account: %+v, %v", elsewhere, err)
	}
	signIn := func(decision string) *journey.Page {
		t.Helper()
		page := open("/connect")
		if !strings.Contains(page.Body, `value="acme"`) {
			t.Error("the subdomain is not filled in")
		}
		page, err := browser.Submit(t.Context(), page, "subdomain=acme")
		if err == nil {
			page, err = browser.SignIn(t.Context(), page, ada, decision)
		}
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	if page := signIn("deny"); page.Status != http.StatusForbidden || page.Title() != "Access was denied" {
		t.Errorf("after Deny: %d %q", page.Status, page.Title())
	}
	const greeting = "Hi, Ada Admin! Your Zendesk Support user role is admin."
	if page := signIn("allow"); page.URL.Path != "/profile" || !strings.Contains(page.Text(), greeting) {
		t.Errorf("after Allow: %s says %q", page.URL.Path, page.Text())
	}
	if page := open("/profile"); !strings.Contains(page.Text(), greeting) {
		t.Errorf("later: %q", page.Text())
	}
	zendesk.Stop(syscall.SIGTERM)
	if page := open("/profile"); page.Status != http.StatusBadGateway || page.Title() != "That did not work" {
		t.Errorf("without Zendesk: %d %q", page.Status, page.Title())
	}
}

// An app that takes anybody's word for who they are does not start.
func TestAnAccountIsNeeded(t *testing.T) {
	err := run(t.Context(), "-listen", "localhost:1", "-data", t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "the subdomain is empty") {
		t.Errorf("ran until %v", err)
	}
}

// start runs the app until the test ends, and returns its address once it answers.
func start(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	var said strings.Builder // read when it has ended
	log.SetOutput(&said)
	go func() { ended <- run(ctx, args...) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		log.SetOutput(os.Stderr)
		if want := "signin: open http://" + args[1] + "\n"; !strings.HasSuffix(said.String(), want) {
			t.Errorf("it says %q, want %q", said.String(), want)
		}
	})
	address := "http://" + args[1]
	for {
		if _, err := journey.NewBrowser().Get(t.Context(), address+"/"); err == nil {
			return address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
