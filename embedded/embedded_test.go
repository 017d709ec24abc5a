package embedded_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/embedded"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
)

func TestMain(m *testing.M) { os.Exit(journey.Main(m)) }

// program is a program with a broker in it, and a local Zendesk.
type program struct {
	t      *testing.T
	town   journey.Town
	url    string
	config embedded.Config
	broker *embedded.Broker
	server *http.Server
}

func newProgram(t *testing.T, database func(*embedded.Config)) *program {
	t.Helper()
	port, issuerPort := journey.FreePort(t), journey.FreePort(t)
	p := &program{t: t, url: "http://localhost:" + port}
	p.town = journey.NewTown(t, 1, p.url)
	p.town.Issuer(t, "issuer", storetest.DSN(t, store.SQLite), issuerPort)
	p.config = embedded.Config{
		SealingKeys: filepath.Join(t.TempDir(), "keys.json"), PublicURL: p.url,
		ZendeskURL: "http://{subdomain}.localhost:" + issuerPort,
		ClientID:   p.town.BrokerID, ClientSecret: p.town.BrokerSecret,
		OnConnected: func(w http.ResponseWriter, _ *http.Request, c deskauth.Connection, returnTo string) {
			fmt.Fprintf(w, "%s is connection %d and goes to %s", c.User.Name, c.ID, returnTo)
		},
		Log: slog.New(slog.NewTextHandler(testlog.Writer(t, "embedded"), nil)),
	}
	database(&p.config)
	p.open()
	// The handler stays over the broker's restarts.
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	p.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.broker.Handler().ServeHTTP(w, r)
	})}
	ended := make(chan error, 1)
	go func() { ended <- p.server.Serve(listener) }()
	t.Cleanup(func() {
		if err := p.server.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if err := p.broker.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *program) open() {
	p.t.Helper()
	var err error
	if p.broker, err = embedded.Open(p.t.Context(), p.config); err != nil {
		p.t.Fatal(err)
	}
}

// all gathers a list.
func all[T any](list iter.Seq2[T, error]) (got []T, err error) {
	for v, err := range list {
		if err != nil {
			return got, err
		}
		got = append(got, v)
	}
	return got, nil
}

func databases(t *testing.T) map[string]func(*embedded.Config) {
	return map[string]func(*embedded.Config){
		"path": func(c *embedded.Config) { c.Path = filepath.Join(t.TempDir(), "a", "connections.db") },
		"DSN":  func(c *embedded.Config) { c.DSN = storetest.Empty(t, store.Postgres) },
		"pool": func(c *embedded.Config) {
			pool, err := sql.Open("pgx", storetest.Empty(t, store.Postgres))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = pool.Close() })
			c.DB = pool
		},
	}
}

// A program is told that the database cannot be reached, which passes.
func TestDatabaseAway(t *testing.T) {
	line, dsn := storetest.NewLine(t, storetest.Empty(t, store.Postgres))
	p := newProgram(t, func(c *embedded.Config) { c.DSN = dsn })
	line.Cut(time.Hour)
	for name, ask := range map[string]func() error{
		"connections": func() error { _, err := all(p.broker.Connections(t.Context())); return err },
		"token":       func() error { _, err := p.broker.Token(t.Context(), 1); return err },
		"disable":     func() error { return p.broker.Disable(t.Context(), 1) },
	} {
		if err := ask(); !errors.Is(err, deskauth.ErrAway) {
			t.Errorf("%s: %v", name, err)
		}
	}
	line.Cut(0)
	err := deskauth.ErrAway
	for errors.Is(err, deskauth.ErrAway) {
		_, err = all(p.broker.Connections(t.Context()))
	}
	if err != nil {
		t.Error(err)
	}
}

func TestConnectAndCall(t *testing.T) {
	for name, database := range databases(t) {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t, database)
			ada := p.town.People[0]
			page, err := walk(t, p, ada)
			if err != nil || page.Body != "Ada Admin is connection 1 and goes to /app" {
				t.Fatalf("arrived at %+v, %v", page, err)
			}
			if got, want := p.broker.RedirectURL(), p.url+"/zendesk/oauth/callback"; got != want {
				t.Errorf("redirect URL %q, want %q", got, want)
			}

			// A restart keeps everything.
			if err := p.broker.Close(); err != nil {
				t.Fatal(err)
			}
			p.open()
			c, err := p.broker.Connection(t.Context(), 1)
			if err != nil || c.State != deskauth.Active || c.User.Email != ada.Email || c.Scope.String() != "read" || c.ExpiresAt == nil {
				t.Errorf("connection %+v, %v", c, err)
			}
			if all, err := all(p.broker.Connections(t.Context())); err != nil || len(all) != 1 || all[0].ID != 1 {
				t.Errorf("connections %+v, %v", all, err)
			}
			token, err := p.broker.Token(t.Context(), 1)
			if err != nil || token.AccessToken == "" || token.Generation != 1 {
				t.Fatalf("token %v, %v", token, err)
			}
			testlog.Issued(t, token.AccessToken)
			if text := fmt.Sprintf("%v %+v %#v %s", token, token, &token, p.config); strings.Contains(text, token.AccessToken) ||
				strings.Contains(text, p.config.ClientSecret) {
				t.Error("a secret is printed")
			}
			if me, err := p.broker.API(c).Me(t.Context()); err != nil || *me.Email != ada.Email {
				t.Errorf("users/me: %v, %v", me.Email, err)
			}
			calls(t, p, c)
		})
	}
}

// calls uses the connection's own client.
func calls(t *testing.T, p *program, c deskauth.Connection) {
	t.Helper()
	get := func(id int64, address string) (status int, body string, err error) {
		resp, err := p.broker.HTTPClient(id).Get(address)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if resp.Request.Header.Get("Authorization") != "" {
			t.Error("the answer shows the token")
		}
		return resp.StatusCode, string(text), err
	}
	const me = "/api/v2/users/me.json"
	if status, body, err := get(c.ID, c.URL+me); err != nil || status != http.StatusOK || !strings.Contains(body, `"Ada Admin"`) {
		t.Errorf("answered %d %s, %v", status, body, err)
	}
	if _, _, err := get(99, c.URL+me); !errors.Is(err, deskauth.ErrNotFound) {
		t.Errorf("a connection that is not there: %v", err)
	}
	if status, _, err := get(c.ID, strings.Replace(c.URL, "acme", "other", 1)+me); err == nil {
		t.Errorf("another account answered %d", status)
	}
}

// walk signs a person in through the program's pages.
func walk(t *testing.T, p *program, who journey.Person) (*journey.Page, error) {
	browser := journey.NewBrowser()
	page, err := browser.Get(t.Context(), p.url+"/connect?account=acme&return_to=/app")
	if err != nil {
		return nil, err
	}
	if page, err = browser.Submit(t.Context(), page, "subdomain=acme"); err != nil {
		return nil, err
	}
	page, err = browser.SignIn(t.Context(), page, who, "allow")
	testlog.Issued(t, browser.Cookies(p.url)...)
	return page, err
}

func TestOpenRefuses(t *testing.T) {
	good := func() embedded.Config {
		return embedded.Config{
			Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"),
			PublicURL: "https://app.example", ClientID: "app", ClientSecret: "secret",
		}
	}
	b, err := embedded.Open(t.Context(), good())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		edit func(*embedded.Config)
		says string
	}{
		{"no database", func(c *embedded.Config) { c.Path = "" }, "name one database"},
		{"two databases", func(c *embedded.Config) { c.DSN = "postgres://x" }, "name one database"},
		{"no database that is", func(c *embedded.Config) { c.Path, c.DSN = "", "mysql://x" }, "unknown database"},
		{"a pool of SQLite", func(c *embedded.Config) { c.Path, c.DB = "", sqlitePool(t) }, "a SQLite file is opened by its Path"},
		{"no keys", func(c *embedded.Config) { c.SealingKeys = "" }, "SealingKeys is missing"},
		{"no public URL", func(c *embedded.Config) { c.PublicURL = "" }, "PublicURL"},
		{"public URL with a path", func(c *embedded.Config) { c.PublicURL = "https://app.example/x" }, "PublicURL"},
		{"plain http elsewhere", func(c *embedded.Config) { c.PublicURL = "http://app.example" }, "redirect URL"},
		{"no Zendesk", func(c *embedded.Config) { c.ZendeskURL = "https://acme.zendesk.com" }, "{subdomain}"},
		{"accounts that are none", func(c *embedded.Config) { c.Accounts = []string{"acme.zendesk.com"} }, `"acme.zendesk.com"`},
		{"an account that is none", func(c *embedded.Config) { c.Account = "a b" }, `"a b"`},
		{"an account that is not served", func(c *embedded.Config) { c.Account, c.Accounts = "acme", []string{"globex"} }, `"acme" is not among Accounts`},
		{"no client", func(c *embedded.Config) { c.ClientID = "" }, "client id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good()
			c.edit(&config)
			b, err := embedded.Open(t.Context(), config)
			if err == nil {
				_ = b.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("opened with %v, want one line with %q", err, c.says)
			}
		})
	}
	config := good()
	b, err = embedded.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	config.SealingKeys = filepath.Join(t.TempDir(), "others.json")
	if _, err := embedded.Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "do not open this database") {
		t.Errorf("with other keys: %v", err)
	}
}

// sqlitePool is a pool that a program opened on a file of its own.
func sqlitePool(t *testing.T) *sql.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "own.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// Whoever runs another account gives its users what addresses they like: nobody of
// it arrives.
func TestAccountsAreServed(t *testing.T) {
	for _, c := range []struct {
		name     string
		account  string
		accounts []string
		want     map[string]bool
	}{
		{"the account", "acme", nil, map[string]bool{"acme": true, "globex": false, "support": false}},
		{"the list", "", []string{"globex", "support"}, map[string]bool{"acme": false, "globex": true, "support": true}},
		{"the list, with one filled in", "acme", []string{"acme", "globex"}, map[string]bool{"acme": true, "globex": true, "mallory": false}},
		{"neither", "", nil, map[string]bool{"acme": true, "mallory": true, "support": false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			zendesk := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			defer zendesk.Close()
			b, err := embedded.Open(t.Context(), embedded.Config{
				Path: filepath.Join(t.TempDir(), "c.db"), SealingKeys: filepath.Join(t.TempDir(), "k.json"),
				PublicURL: "http://localhost:8080", ClientID: "app", Account: c.account, Accounts: c.accounts,
				ZendeskURL: "http://{subdomain}.localhost" + zendesk.URL[strings.LastIndexByte(zendesk.URL, ':'):],
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = b.Close() }()
			for account, served := range c.want {
				want := http.StatusUnprocessableEntity
				if served {
					want = http.StatusSeeOther
				}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost:8080/connect", strings.NewReader("subdomain="+account))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				w := httptest.NewRecorder()
				if b.Handler().ServeHTTP(w, r); w.Code != want {
					t.Errorf("%s: answered %d, want %d", account, w.Code, want)
				}
			}
		})
	}
}
