package deskauth_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a local Zendesk and a broker that serves programs, both in this process and on
// loopback, and in one time.
type world struct {
	zendesk *deskauthtest.Zendesk
	broker  *broker.Broker
	url     string
	asked   atomic.Int64 // requests to the broker's API
	answers atomic.Value // of an http.HandlerFunc: answers instead of the broker
	end     func() error
}

const publicURL = "http://localhost:8080"

func newWorld(logs io.Writer) (*world, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "deskauth-test-")
	if err != nil {
		return nil, err
	}
	w := &world{}
	if w.zendesk, err = deskauthtest.Start(); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "broker.db"))
	if err != nil {
		return nil, err
	}
	ring, err := seal.OpenFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		return nil, err
	}
	base, err := zendesk.ParseBase(w.zendesk.Base())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.Hold(ctx, "broker"), db.MigrateBroker(ctx)); err != nil {
		return nil, err
	}
	public, _ := url.Parse(publicURL)
	client := broker.NewHTTPClient(broker.HTTPConfig{Base: base})
	calls := broker.NewHTTPClient(broker.HTTPConfig{Base: base, Streams: true})
	if w.broker, err = broker.New(ctx, broker.Config{
		Store: db.Broker(), Ring: ring, Base: base, RedirectURI: brokerhttp.RedirectURI(public, "/callback"),
		Scope: oauth.Scope{"read", "write"}, Now: w.zendesk.Clock.Now, HTTP: client,
	}); err != nil {
		return nil, err
	}
	if err := w.broker.UseClient(ctx, broker.Itself, "", broker.Support, deskauthtest.ClientID, secret.Of(deskauthtest.ClientSecret)); err != nil {
		return nil, err
	}
	handler := brokerhttp.New(brokerhttp.Config{
		Broker: w.broker, PublicURL: public, CallbackPath: "/callback", API: true, Calls: calls.Transport, Log: slog.New(slog.NewTextHandler(logs, nil)),
	})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		if instead, ok := w.answers.Load().(http.HandlerFunc); ok && instead != nil {
			instead(rw, r)
			return
		}
		handler.ServeHTTP(rw, r)
	}))
	w.url = server.URL
	w.end = func() error {
		server.Close()
		client.CloseIdleConnections()
		calls.CloseIdleConnections()
		return errors.Join(w.broker.Close(ctx), db.Close(), w.zendesk.Close(), os.RemoveAll(dir))
	}
	return w, nil
}

// testWorld is a world that ends with the test.
func testWorld(t *testing.T) *world {
	t.Helper()
	w, err := newWorld(testlog.Writer(t, "broker"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.end(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// start is a world for an example, with a client that may do everything there and a
// connection of Ada's.
func start() (w *world, client *deskauth.Client, ada deskauth.Connection, end func()) {
	w, err := newWorld(io.Discard)
	if err != nil {
		log.Fatal(err)
	}
	client = w.client()
	return w, client, w.ada(), func() {
		if err := errors.Join(client.Close(), w.end()); err != nil {
			log.Fatal(err)
		}
	}
}

// client is one whose key has the powers, or all.
func (w *world) client(can ...broker.Power) *deskauth.Client {
	if len(can) == 0 {
		can = []broker.Power{broker.Lend, broker.Link, broker.GiveOut, broker.Admin}
	}
	_, key, err := w.broker.MakeKey(context.Background(), broker.Key{Name: "test", Can: can})
	if err != nil {
		log.Fatal(err)
	}
	return &deskauth.Client{URL: w.url, Key: key.Reveal(), Zendesk: w.zendesk.Transport(nil), Now: w.zendesk.Clock.Now}
}

// tokens signs a person in, as a program does that has no broker.
func tokens(z *deskauthtest.Zendesk, email string) *oauth2.Token {
	app := oauth2.Config{
		ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret, RedirectURL: deskauthtest.RedirectURI, Scopes: []string{"read", "write"},
		Endpoint: oauth2.Endpoint{
			AuthURL: z.URL("acme") + "/oauth/authorizations/new", TokenURL: z.URL("acme") + "/oauth/tokens", AuthStyle: oauth2.AuthStyleInParams,
		},
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, z.Client())
	code := z.Allow(email, app.AuthCodeURL("")).Query().Get("code")
	token, err := app.Exchange(ctx, code, oauth2.SetAuthURLParam("expires_in", "1800"))
	if err != nil {
		log.Fatal(err)
	}
	return token
}

// ada is a connection of the admin's.
func (w *world) ada() deskauth.Connection {
	token := tokens(w.zendesk, deskauthtest.Admin)
	c, err := w.broker.Import(context.Background(), broker.Itself, broker.Import{
		Account: deskauthtest.Subdomain, Access: secret.Of(token.AccessToken), Refresh: secret.Of(token.RefreshToken),
	})
	if err != nil {
		log.Fatal(err)
	}
	return brokerhttp.Published(w.broker.Base, c)
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

// status asks for an address, and returns the status of the answer.
func status(ctx context.Context, c *http.Client, address string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// ticket opens a ticket as a connection.
func (w *world) ticket(c deskauth.Connection) int64 {
	client := w.client()
	defer func() { _ = client.Close() }()
	api := &zendesk.API{Base: rootOf(c), HTTP: client.HTTPClient(c.ID)}
	t, err := api.CreateTicket(context.Background(), zendesk.NewTicket{Comment: zendesk.NewComment{Body: "The smoke is very colorful."}})
	if err != nil {
		log.Fatal(err)
	}
	return t.ID
}
