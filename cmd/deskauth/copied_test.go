package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// What others chose stays one word of a command that somebody copies into a shell.
func TestCopiedCommands(t *testing.T) {
	for text, want := range map[string]string{
		"acme": "acme", "https://connect.example.com:4002": "https://connect.example.com:4002", "tickets:read,read": "tickets:read,read",
		"": "''", "a b": "'a b'", "acme; rm -rf ~": "'acme; rm -rf ~'", "$(id)": "'$(id)'", "it's": `'it'\''s'`, "a\nb\x1b[2J": "'ab[2J'",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	const bad = "x; rm -rf ~"
	v := viaLogin{Broker: "https://connect.example.com", Account: bad}
	if got := v.signInAgain(); got != "deskauth auth login --via https://connect.example.com --account '"+bad+"'" {
		t.Error(got)
	}
	f := doctorFacts{Host: "acme.zendesk.com", Client: clientFacts{Identifier: bad, Own: true, Registered: &zendesk.Client{Identifier: bad, Kind: zendesk.Public, AllowedScopes: []string{"read", bad}}}}
	f.Login.Connection = broker.Connection{ID: 1, Asked: []string{"write"}, Granted: []string{"read"}}
	for _, one := range slices.Concat(f.checkRedirects(), f.checkScopes()) {
		if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(one.Mend, "'"+bad+"'", ""), "'read,"+bad+",write'", ""), "rm -rf") {
			t.Errorf("%s", one.Mend)
		}
	}
}

// A shell puts what is offered into the command line as it stands.
func TestOfferedWords(t *testing.T) {
	tell := func(context.Context, *cobra.Command) ([]string, error) {
		return []string{"acme\tx; y", "http://{subdomain}.localhost:4000", "$(id)\tx", "`id`", "a;b", "a b", "a|b", "a'b", "~root", "!1", "*"}, nil
	}
	p := process{Lookup: func(string) (string, bool) { return "", false }}
	got, _ := known{p}.now(tell)(&cobra.Command{}, nil, "")
	if want := []string{"acme\tx; y", "http://{subdomain}.localhost:4000"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A database that is asked over a network is not asked for what a shell offers.
func TestCompletionStaysAtHome(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan struct{}, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			asked <- struct{}{}
			_ = c.Close()
		}
	}()
	err = inDatabase(t.Context(), "postgres://ada:x@"+l.Addr().String()+"/x?sslmode=disable", func(broker.Store) error { return nil })
	if err != nil || len(asked) > 0 {
		t.Errorf("%v, asked %d times", err, len(asked))
	}
}

// What may go in plain HTTP goes to this machine, whatever a name server or a proxy says.
func TestAtHome(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":7,"account":"x; rm -rf ~","url":"http://x.localhost"}`))
	}))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	if homeTransport().Proxy != nil {
		t.Error("a proxy is shown the key")
	}
	dir := t.TempDir()
	p := process{Lookup: func(string) (string, bool) { return "", false }, Out: t.Output(), Err: t.Output()}
	for _, host := range []string{"broker.localhost", "localhost", "127.0.0.1"} {
		v := viaLogin{Broker: "http://" + host + ":" + port, Connection: 7, key: secret.Of("made-up")}
		b := v.client(whichLogin{}, p)
		c, err := b.Connection(t.Context(), 7)
		if err != nil || c.ID != 7 {
			t.Errorf("%s: %+v, %v", host, c, err)
		}
		// And an account that no account can be called is none.
		err = v.welcome(t.Context(), p, b, loginPlace{Root: dir}, plainLoginKeys(dir))
		if err == nil || !strings.Contains(err.Error(), "which no account is called") {
			t.Errorf("%v", err)
		}
	}
}
