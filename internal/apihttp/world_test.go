package apihttp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/oauth"
)

// world is the API with routes of these tests, on a real listener and a real
// database.
type world struct {
	t      *testing.T
	issuer *issuer.Issuer
	acme   issuer.Account
	server *httptest.Server
	log    *lockedBuffer
}

const (
	clientSecret = "acme-app-secret-0123456789"
	callback     = "https://app.example/callback"
)

func emptyStore(t *testing.T) issuer.Store {
	t.Helper()
	return storetest.Open(t, storetest.DSN(t, store.SQLite)).Issuer()
}

func newWorld(t *testing.T, routes ...apihttp.Route) *world {
	t.Helper()
	w := &world{t: t, log: &lockedBuffer{}}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	w.issuer = &issuer.Issuer{
		Store: emptyStore(t), Passwords: issuer.CheapPasswords(), Policies: issuerhttp.Policies(),
		Now: func() time.Time { return now }, Rand: rand.Reader, Uses: &issuer.Uses{},
	}
	for _, subdomain := range []string{"acme", "globex"} {
		account, _, err := w.issuer.Plant(t.Context(), planting(subdomain))
		if err != nil {
			t.Fatal(err)
		}
		if subdomain == "acme" {
			w.acme = account
		}
	}
	log := slog.New(slog.NewTextHandler(io.MultiWriter(w.log, testlog.Writer(t, "api")), nil))
	api := &apihttp.API{Issuer: w.issuer, Log: log, Hosts: apihttp.Hosts{Store: w.issuer.Store, BaseDomains: []string{"localhost"}}}
	api.Add(routes...)
	w.server = httptest.NewServer(httpd.Chain(api.Handler(), httpd.RequestID, httpd.Log(log)))
	t.Cleanup(w.server.Close)
	client := w.server.Client()
	client.Transport = contract.Issuer().WatchRefusals(client.Transport, func() testing.TB { return w.t })
	return w
}

func planting(subdomain string) issuer.Planting {
	return issuer.Planting{
		Account: issuer.Account{
			Subdomain: subdomain, Name: subdomain, Era: issuer.Legacy,
			BasicAuth: issuer.BasicAllowed, Chat: issuer.ChatOff, Plan: issuer.PlanNone,
		},
		Users: []issuer.PlantedUser{{User: issuer.User{Email: "ada@example.com", Name: "Ada", Role: issuer.Admin}}},
		Clients: []issuer.PlantedClient{{
			Client: issuer.Client{
				Product: issuer.Support, Identifier: "app", Name: "App", Kind: issuer.Confidential, RedirectURIs: []string{callback},
			},
			Secret: secret.Of(clientSecret),
		}},
	}
}

// token has Ada allow the app a scope, and returns the access token.
func (w *world) token(scope string) string {
	w.t.Helper()
	ctx := w.t.Context()
	session, err := w.issuer.SignInAs(ctx, w.acme, "ada@example.com", secret.Plain{}, issuer.Origin{})
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := w.issuer.SignedIn(ctx, w.acme, session)
	if err != nil {
		w.t.Fatal(err)
	}
	redirect, err := w.issuer.Decide(ctx, issuer.Decision{User: u.ID, Allow: true, AuthorizeRequest: issuer.AuthorizeRequest{
		Account: w.acme, Product: issuer.Support, Session: session,
		AuthorizeRequest: oauth.AuthorizeRequest{ResponseType: oauth.ResponseCode, ClientID: "app", Scope: scope},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	_, code, _ := strings.Cut(redirect, "code=")
	answer, err := w.issuer.Exchange(ctx, issuer.TokenRequest{Account: w.acme, Product: issuer.Support, TokenRequest: oauth.TokenRequest{
		GrantType: oauth.GrantAuthorizationCode, ClientID: "app", ClientSecret: clientSecret, Code: code,
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	testlog.Issued(w.t, code, session.Reveal(), answer.AccessToken, answer.RefreshToken)
	return answer.AccessToken
}

type reply struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   string
}

func (r *reply) want(status int, body string) {
	r.t.Helper()
	if r.Status != status || r.Body != body {
		r.t.Errorf("got %d %s\nwant %d %s", r.Status, r.Body, status, body)
	}
}

// call sends a request to acme, by a bearer unless it is "".
func (w *world) call(method, target, bearer string, pairs ...string) *reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+target, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Host = "acme.localhost:4000"
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	resp, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return &reply{w.t, resp.StatusCode, resp.Header, string(body)}
}

// answering is a route's Serve that answers so, and tells what it was asked.
func answering(response apihttp.Response, err error, asked ...*apihttp.Request) func(context.Context, apihttp.Request) (apihttp.Response, error) {
	return func(_ context.Context, r apihttp.Request) (apihttp.Response, error) {
		for _, a := range asked {
			*a = r
		}
		return response, err
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
