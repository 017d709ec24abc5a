package main

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
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
	problem := func(status int, name string) error {
		return &brokerProblem{Type: "urn:deskauth:problem:" + name, State: "reauthorize", status: status}
	}
	for _, c := range []struct {
		err   error
		code  int
		words string
	}{
		{problem(http.StatusUnauthorized, "key_refused"), exitSignIn, "run `deskauth auth login --via https://connect.example.com --account acme`"},
		{problem(http.StatusNotFound, "not_found"), exitSignIn, "run `deskauth auth login"},
		{problem(http.StatusConflict, "unusable"), exitSignIn, "acme.zendesk.com cannot be used any more (reauthorize"},
		{problem(http.StatusServiceUnavailable, "unavailable"), exitUnavailable, "try again later"},
		{problem(http.StatusServiceUnavailable, "away"), exitUnavailable, "try again later"},
		{problem(http.StatusForbidden, "forbidden"), exitRefused, "status 403"},
		{errors.New("broken"), exitUnavailable, "connect.example.com cannot be reached now: broken"},
	} {
		err := v.explain(c.err)
		if codeOf(err) != c.code || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: code %d, %v", c.err, codeOf(err), err)
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
