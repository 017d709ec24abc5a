package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/secret"
)

// Whatever prints records as JSON has its fields offered, and each is one that it takes.
func TestFieldsAreOffered(t *testing.T) {
	p := process{Lookup: func(string) (string, bool) { return "", false }}
	root, _ := tree(nil, p)
	none := []string{
		"deskauth migrate api-tokens mark", // it prints nothing
		"deskauth token revoke",            // the plan, or what became of it: other records
	}
	var without []string
	printing := map[string]bool{}
	for _, cmd := range allCommands(root) {
		path := cmd.CommandPath()
		if f := cmd.Flags().Lookup("json"); f == nil || f.Value.Type() != "string" {
			continue
		}
		printing[path] = true
		if records[path] == nil {
			without = append(without, path)
		} else if fields, _ := (known{p}).fields(cmd, nil, ""); len(fields) == 0 {
			t.Errorf("%q has no fields", path)
		}
	}
	for path := range records {
		if !printing[path] {
			t.Errorf("%q prints no records, or is no command", path)
		}
	}
	slices.Sort(without)
	if !slices.Equal(without, none) {
		t.Errorf("no fields are offered to %q, want to none but %q", without, none)
	}
}

// asked is a broker elsewhere, asked by one shell after another: it remembers the
// keys that it is shown.
type asked struct {
	*httptest.Server
	mu   sync.Mutex
	keys []string
}

func newAsked(t *testing.T, answer http.HandlerFunc) *asked {
	d := &asked{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.keys = append(d.keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		d.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *asked) shown() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.keys)
}

// shellOf is what a shell is told of `deskauth connection get`.
func shellOf(t *testing.T, vars map[string]string) []string {
	t.Helper()
	var said bytes.Buffer
	p := process{Lookup: func(name string) (string, bool) { v, is := vars[name]; return v, is }, Out: &said, Err: &said}
	root, _ := tree(nil, p)
	cmd, _, err := root.Find([]string{"connection", "get"})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := known{p}.ofBrokers()[cmd.CommandPath()](cmd, nil, "")
	if said.Len() > 0 {
		t.Errorf("it says %q", &said)
	}
	return all
}

func tellsConnections(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"connections":[
		{"id":1,"account":"acme","user":{"name":"Ada"},"state":"active"},
		{"id":2,"account":"globex","user":{"name":"Hank"},"state":"active"},
		{"id":3,"account":"globex","user":{"name":"Grace\u001b[2J"},"state":"active"},
		{"id":4,"account":"initech; rm","user":{"name":"acme"},"state":"active"},
		{"id":5,"account":"hooli","user":{"name":"Gavin"},"state":"active"},
		{"id":6,"account":"4711","user":{"name":"Jan"},"state":"active"}],"next_cursor":null}`))
}

// What could mean two connections, or another than it says, is not offered, and no word
// of another's makes a shell or a terminal do something.
func TestConnectionsElsewhere(t *testing.T) {
	d := newAsked(t, tellsConnections)
	got := shellOf(t, map[string]string{"DESKAUTH_VIA": d.URL, "DESKAUTH_KEY": "made-up", "XDG_STATE_HOME": t.TempDir()})
	want := []string{
		"1\tacme, Ada, active", "2\tglobex, Hank, active", "3\tglobex, Grace[2J, active",
		"4\tinitech; rm, acme, active", "5\thooli, Gavin, active", "6\t4711, Jan, active", "hooli\tGavin",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if keys := d.shown(); !slices.Equal(keys, []string{"made-up"}) {
		t.Errorf("it was shown %q", keys)
	}
}

// The key of a login is used where it opens unasked. Else nobody is asked, the broker
// neither.
func TestKeysOfAShell(t *testing.T) {
	d := newAsked(t, tellsConnections)
	dir := t.TempDir()
	root := filepath.Join(dir, "deskauth", "logins")
	if err := os.MkdirAll(root, 0o700); err != nil {
		t.Fatal(err)
	}
	ring, err := plainLoginKeys(root).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := (viaLogin{Broker: d.URL, Connection: 1, Account: "acme", key: secret.Of("of-the-login")}).keep(root, ring); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"XDG_STATE_HOME": dir, "DESKAUTH_VIA": d.URL}
	if got := shellOf(t, vars); !slices.Contains(got, "hooli\tGavin") || !slices.Equal(d.shown(), []string{"of-the-login"}) {
		t.Errorf("%q, the broker was shown %q", got, d.shown())
	}
	if got := shellOf(t, map[string]string{"XDG_STATE_HOME": dir}); len(got) != 0 || len(d.shown()) != 1 {
		t.Errorf("without --via: %q, the broker was shown %q", got, d.shown())
	}
	if err := os.Rename(plainKeys(root), filepath.Join(dir, "elsewhere")); err != nil { // as with a keychain
		t.Fatal(err)
	}
	if got := shellOf(t, vars); len(got) != 0 || len(d.shown()) != 1 {
		t.Errorf("without a key: %q, the broker was shown %q", got, d.shown())
	}
	if err := os.WriteFile(lockedKeys(root), []byte("sealed with a passphrase"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shellOf(t, vars); len(got) != 0 || len(d.shown()) != 1 {
		t.Errorf("without a passphrase: %q, the broker was shown %q", got, d.shown())
	}
}

// A broker that hangs, errs, or is none holds no shell up.
func TestShellGoesOn(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"hangs":   func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"later": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newAsked(t, answer)
			got := shellOf(t, map[string]string{"DESKAUTH_VIA": d.URL, "DESKAUTH_KEY": "made-up", "XDG_STATE_HOME": t.TempDir()})
			if len(got) != 0 || len(d.shown()) == 0 {
				t.Errorf("%q, the broker was shown %q", got, d.shown())
			}
		})
	}
}
