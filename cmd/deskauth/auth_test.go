package main

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	system "github.com/zalando/go-keyring"

	"github.com/deskauth/deskauth/internal/broker"
)

func TestChooseLogin(t *testing.T) {
	ada := broker.Connection{ID: 1, Account: "acme"}
	hank := broker.Connection{ID: 2, Account: "globex"}
	grace := broker.Connection{ID: 3, Account: "acme"}
	for _, c := range []struct {
		name    string
		all     []broker.Connection
		account string
		now     broker.ConnectionID
		want    broker.ConnectionID // 0: none
	}{
		{"nobody", nil, "", 0, 0},
		{"the only one", []broker.Connection{ada}, "", 0, 1},
		{"the current one", []broker.Connection{ada, hank, grace}, "", 2, 2},
		{"several and none current", []broker.Connection{ada, hank}, "", 0, 0},
		{"several and one that is gone", []broker.Connection{ada, hank}, "", 9, 0},
		{"of an account", []broker.Connection{ada, hank}, "globex", 1, 2},
		{"of several people at an account, the current one", []broker.Connection{ada, hank, grace}, "acme", 1, 1},
		{"of several people at an account, the last", []broker.Connection{ada, hank, grace}, "acme", 2, 3},
		{"of an account that nobody is signed in at", []broker.Connection{ada, hank}, "initech", 1, 0},
	} {
		got, found := choose(c.all, c.account, c.now)
		if got.ID != c.want || found != (c.want != 0) {
			t.Errorf("%s: connection %d, %v; want %d", c.name, got.ID, found, c.want)
		}
	}
}

func TestCallbackOfWhatWasPasted(t *testing.T) {
	for pasted, want := range map[string]url.Values{
		"http://127.0.0.1:18484/callback?code=abc&state=xyz":        {"code": {"abc"}, "state": {"xyz"}},
		"  http://127.0.0.1:18484/callback?state=xyz&code=abc#  \n": {"code": {"abc"}, "state": {"xyz"}},
		"code=abc&state=xyz":                     {"code": {"abc"}, "state": {"xyz"}},
		"?error=access_denied&state=xyz":         {"error": {"access_denied"}, "state": {"xyz"}},
		"http://127.0.0.1:18484/callback":        nil,
		"http://127.0.0.1:18484/callback?code=a": nil,
		"yes":                                    nil,
		"":                                       nil,
		"?state=%zz":                             nil,
	} {
		got, is := callbackOf(pasted)
		if is != (want != nil) || is && got.Encode() != want.Encode() {
			t.Errorf("%q: %v, %v; want %v", pasted, got, is, want)
		}
	}
}

// A keychain that is there answers, and one that is not says so. One that never
// answers is not waited for.
func TestKeychain(t *testing.T) {
	if v, err := keychain(t.Context(), func() (string, error) { return "kept", nil }); v != "kept" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if _, err := keychain(t.Context(), func() (string, error) { return "", system.ErrNotFound }); !errors.Is(err, system.ErrNotFound) || errors.Is(err, errNoKeychain) {
		t.Errorf("nothing kept: %v", err)
	}
	if _, err := keychain(t.Context(), func() (string, error) { return "", errors.New("no D-Bus") }); !errors.Is(err, errNoKeychain) || !strings.Contains(err.Error(), "no D-Bus") {
		t.Errorf("none there: %v", err)
	}
	never := make(chan struct{})
	defer close(never)
	began := time.Now()
	_, err := keychain(t.Context(), func() (string, error) { <-never; return "", nil })
	if !errors.Is(err, errNoKeychain) || time.Since(began) < keychainTime {
		t.Errorf("one that does not answer: %v", err)
	}
}
