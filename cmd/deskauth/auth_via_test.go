package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

func TestChooseVia(t *testing.T) {
	one, two := "https://one.example", "https://two.example"
	all := []viaLogin{{Broker: one, Connection: 1, Account: "acme"}, {Broker: one, Connection: 2, Account: "globex"}, {Broker: two, Connection: 1, Account: "acme"}}
	for _, c := range []struct {
		name            string
		broker, account string
		now             current
		want            int // of all; -1: none
	}{
		{"nobody's", "", "", current{}, -1},
		{"the current one", "", "", current{Via: two, Connection: 1}, 2},
		{"one of our own is current", "", "", current{Zendesk: "x", Connection: 1}, -1},
		{"of a broker, the last", one, "", current{}, 1},
		{"of a broker, the current one", one, "", current{Via: one, Connection: 1}, 0},
		{"of a broker and an account", one, "acme", current{Via: two, Connection: 1}, 0},
		{"of an account, the current one before the last", "", "acme", current{Via: one, Connection: 1}, 0},
		{"of an account, the last", "", "acme", current{}, 2},
		{"of an account that nobody is signed in at", "", "initech", current{Via: one, Connection: 1}, -1},
		{"of another broker", "https://three.example", "", current{Via: one, Connection: 1}, -1},
	} {
		got, found := chooseVia(all, c.broker, c.account, c.now)
		if found != (c.want >= 0) || found && (got.Broker != all[c.want].Broker || got.Connection != all[c.want].Connection) {
			t.Errorf("%s: %+v, %v", c.name, got, found)
		}
	}
}

func TestViaURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://connect.example.com":     "https://connect.example.com",
		"https://connect.example.com/":    "https://connect.example.com",
		"http://localhost:4002":           "http://localhost:4002",
		"http://127.0.0.1:4002":           "http://127.0.0.1:4002",
		"http://connect.example.com":      "",
		"http://localhost.example.com":    "",
		"https://connect.example.com/x":   "",
		"https://u:p@connect.example.com": "",
		"https://connect.example.com?a=b": "",
		"connect.example.com":             "",
		"":                                "",
	} {
		got, err := viaURL(text, false)
		switch {
		case want == "" && (err == nil || codeOf(err) != exitUsage):
			t.Errorf("%q: %v, %v", text, got, err)
		case want != "" && (err != nil || got.String() != want):
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
	if _, err := viaURL("http://connect.example.com", true); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

func TestExplainBroker(t *testing.T) {
	v := viaLogin{Broker: "https://connect.example.com", Account: "acme", Host: "acme.zendesk.com"}
	for _, c := range []struct {
		err   error
		code  int
		words string
	}{
		{deskauth.ErrKeyRefused, exitSignIn, "run `deskauth auth login --via https://connect.example.com --account acme`"},
		{deskauth.ErrNotFound, exitSignIn, "run `deskauth auth login"},
		{&deskauth.Unusable{State: deskauth.Reauthorize}, exitSignIn, "acme.zendesk.com cannot be used any more (reauthorize"},
		{&deskauth.ReauthorizeError{Unusable: deskauth.Unusable{State: deskauth.InDoubt}}, exitSignIn, "(in_doubt"},
		{&deskauth.Unavailable{Reason: "resting"}, exitUnavailable, "(resting): try again later"},
		{deskauth.ErrAway, exitUnavailable, "try again later"},
		{deskauth.ErrForbidden, exitRefused, "the key does not allow that"},
		{&deskauth.RemoteError{Status: http.StatusInternalServerError, Type: "server_error"}, exitUnavailable, "(server_error): try again later"},
		{&deskauth.RemoteError{Status: http.StatusConflict, Type: "under_way", Title: "It goes on"}, exitRefused, "refuses it: It goes on"},
		{&deskauth.RemoteError{Status: http.StatusOK}, exitUnavailable, "does not answer as a broker does"},
		{&brokerProblem{Type: "urn:deskauth:problem:away", status: http.StatusServiceUnavailable}, exitUnavailable, "try again later"},
		{&brokerProblem{Code: oauth.InvalidClient, status: http.StatusUnauthorized}, exitRefused, "refuses it: invalid_client"},
		{fmt.Errorf("%w: %w", deskauth.ErrAway, &url.Error{Op: "Get", URL: "https://connect.example.com", Err: syscall.ECONNREFUSED}), exitUnavailable, "connect.example.com cannot be reached now: nobody listens there"},
		{fmt.Errorf("%w: %w", deskauth.ErrAway, &url.Error{Op: "Get", Err: &oauth.RemoteError{Status: http.StatusFound}}), exitUnavailable, "a web page answers for connect.example.com"},
		{errors.New("broken"), exitUnavailable, "connect.example.com cannot be reached now: broken"},
	} {
		err := v.explain(c.err)
		if codeOf(err) != c.code || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: code %d, %v", c.err, codeOf(err), err)
		}
	}
}

func TestPickConnection(t *testing.T) {
	all := []deskauth.Connection{
		{ID: 1, Account: "acme", User: deskauth.User{Name: "Ada Admin", Email: "ada@acme.example"}},
		{ID: 2, Account: "globex", User: deskauth.User{Name: "Gus", Email: "gus@globex.example"}},
		{ID: 3, Account: "globex", User: deskauth.User{Name: "Eve", Email: "eve@globex.example"}},
		{ID: 4, Account: "initech"},
	}
	for named, want := range map[string]int64{"acme": 1, "ACME": 1, "eve@globex.example": 3, "gus": 2, "initech": 4} {
		if c, err := pickConnection(all, named); err != nil || c.ID != want {
			t.Errorf("%q: %d, %v", named, c.ID, err)
		}
	}
	for named, want := range map[string]struct {
		code  int
		words string
	}{
		"globex": {exitUsage, "could be any of 2 (globex, gus@globex.example), 3 (globex, eve@globex.example)"},
		"acmee":  {exitNotFoundAt, "did you mean acme?"},
		"":       {exitNotFoundAt, `no connection ""`},
	} {
		if _, err := pickConnection(all, named); codeOf(err) != want.code || !strings.Contains(err.Error(), want.words) {
			t.Errorf("%q: %v", named, err)
		}
	}
}

// The key opens for the broker that it is of, and is nowhere in the clear.
func TestViaLoginIsSealed(t *testing.T) {
	root := t.TempDir()
	ring, err := seal.New()
	if err != nil {
		t.Fatal(err)
	}
	v := viaLogin{Broker: "https://connect.example.com", Connection: 17, Account: "acme", key: secret.Of("deskauth_made-up-key")}
	if err := v.keep(root, ring); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(v.file(root))
	if err != nil || strings.Contains(string(text), "made-up-key") {
		t.Fatalf("%s, %v", text, err)
	}
	all, err := viaLogins(root)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if got, err := all[0].opened(ring); err != nil || got.key.Reveal() != "deskauth_made-up-key" {
		t.Errorf("%v, %v", got, err)
	}
	elsewhere := all[0]
	elsewhere.Broker = "https://other.example.com"
	if _, err := elsewhere.opened(ring); err == nil {
		t.Error("a key opens for another broker")
	}
	if key := v.kept(root, ring); key.Reveal() != "deskauth_made-up-key" {
		t.Errorf("kept: %v", key)
	}
	if err := os.WriteFile(v.file(root), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := viaLogins(root); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("damaged: %v", err)
	}
}
