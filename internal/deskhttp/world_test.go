package deskhttp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/deskhttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/zendesk"
)

// world is the desk beside the issuer, on a real listener over a real database
// and a real directory, with a clock that tests move.
type world struct {
	t      testing.TB
	issuer *issuer.Issuer
	desk   *desk.Desk
	files  string // the directory
	server *httptest.Server
	client *http.Client
	log    *lockedBuffer

	mu  sync.Mutex
	now time.Time
}

const (
	ada    = "ada@acme.example"   // an admin
	grace  = "grace@acme.example" // an agent
	carl   = "carl@acme.example"  // an end user
	carol  = "carol@acme.example" // another
	hank   = "hank@globex.example"
	apiKey = "an-api-token-of-the-tests"
)

// onEach runs f in a world of each engine.
func onEach(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) { f(t, newWorld(t, engine)) })
	}
}

func newWorld(t testing.TB, engine store.Engine) *world {
	t.Helper()
	db := storetest.Open(t, storetest.DSN(t, engine))
	w := &world{t: t, files: t.TempDir(), log: &lockedBuffer{}, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	w.issuer = &issuer.Issuer{
		Store: db.Issuer(), Passwords: issuer.CheapPasswords(), Policies: issuerhttp.Policies(),
		Now: w.Now, Rand: rand.Reader, Uses: &issuer.Uses{},
	}
	files := desk.NewFiles(w.files)
	w.desk = &desk.Desk{Store: db.Desk(), Files: files, Now: w.Now, Rand: rand.Reader}
	w.plant("acme", issuer.PlanNone, ada, grace, carl, carol)
	w.plant("globex", issuer.PlanTeam, hank)
	hosts := apihttp.Hosts{Store: w.issuer.Store, BaseDomains: []string{"localhost"}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	s := &deskhttp.Server{Desk: w.desk, Issuer: w.issuer, Hosts: hosts}
	surface := &issuerhttp.Server{
		Issuer: w.issuer, Hosts: hosts, Log: log,
		Routes: s.Routes(), DefaultGroup: s.DefaultGroup, Handlers: map[string]http.Handler{deskhttp.ContentPattern: s.Content(log)},
	}
	w.server = httptest.NewServer(httpd.Chain(surface.Handler(),
		httpd.RequestID, httpd.Log(log), httpd.Recover(log, surface.Panicked), httpd.ClientAddress(nil), httpd.SecureHeaders))
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", w.server.Listener.Addr().String())
	}}
	w.client = &http.Client{Transport: contract.Issuer().Watch(transport, func() testing.TB { return w.t }), Timeout: time.Minute}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		w.server.Close()
		_ = w.desk.Close()
		if strings.Contains(w.log.String(), "level=ERROR") {
			t.Errorf("the log has errors:\n%s", w.log)
		}
	})
	return w
}

// plant makes an account whose people have the role that their place tells: an
// admin, an agent, and end users.
func (w *world) plant(subdomain string, plan issuer.Plan, emails ...string) {
	w.t.Helper()
	p := issuer.Planting{
		Account: issuer.Account{
			Subdomain: subdomain, Name: subdomain, Era: issuer.Legacy, BasicAuth: issuer.BasicAllowed,
			Chat: issuer.ChatWithSupport, Plan: plan,
		},
		Clients: []issuer.PlantedClient{{
			Client: issuer.Client{Product: issuer.Support, Identifier: "app", Name: "App", Kind: issuer.Confidential},
			Secret: secret.Of("the-secret-of-the-app"),
		}},
		APITokens: []issuer.PlantedAPIToken{{Description: "tests", Token: secret.Of(apiKey)}},
	}
	for n, email := range emails {
		role := []issuer.Role{issuer.Admin, issuer.Agent, issuer.EndUser, issuer.EndUser}[n]
		name, _, _ := strings.Cut(email, "@")
		p.Users = append(p.Users, issuer.PlantedUser{User: issuer.User{Email: email, Name: name, Role: role}})
	}
	if _, _, err := w.issuer.Plant(w.t.Context(), p); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// id is the number of a user of acme.
func (w *world) id(email string) int64 {
	w.t.Helper()
	return w.idsOf("acme", email)[0]
}

// idsOf are the numbers of an account's users.
func (w *world) idsOf(subdomain string, emails ...string) (ids []int64) {
	w.t.Helper()
	a, err := w.issuer.Store.Account(w.t.Context(), subdomain)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, email := range emails {
		u, err := w.issuer.Store.UserByEmail(w.t.Context(), a.ID, email)
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, int64(u.ID))
	}
	return ids
}

// call is a request by a person of acme, who comes in by an API token; or by a
// bearer, or by nobody.
type call struct {
	As, Bearer   string
	Method, Path string // the path below /api/v2, or one from the root
	Host         string // empty: acme's
	Type         string // of the body; empty: JSON
	Body         any    // a text, a reader, or what is marshalled
	Header       map[string]string
}

// reply is an answer.
type reply struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
}

func (w *world) call(c call) *reply {
	w.t.Helper()
	r := w.request(c)
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode >= 500 {
		w.t.Errorf("%s %s: %d %s\n%s", c.Method, c.Path, resp.StatusCode, body, w.log)
	}
	return &reply{w.t, resp.StatusCode, resp.Header, string(body)}
}

func (w *world) request(c call) *http.Request {
	w.t.Helper()
	if c.Method == "" {
		c.Method = http.MethodGet
	}
	if c.Host == "" {
		c.Host = "acme.localhost"
	}
	if c.Type == "" {
		c.Type = "application/json"
	}
	path := c.Path
	if !strings.HasPrefix(path, "/attachments/token/") && path != zendesk.TokenPath {
		path = "/api/v2" + path
	}
	var body io.Reader
	switch b := c.Body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case io.Reader:
		body = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), c.Method, "http://"+c.Host+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "tests/1")
	if body != nil {
		r.Header.Set("Content-Type", c.Type)
	}
	for name, value := range c.Header {
		r.Header.Set(name, value)
	}
	switch {
	case c.Bearer != "":
		r.Header.Set("Authorization", "Bearer "+c.Bearer)
	case c.As != "":
		r.SetBasicAuth(c.As+"/token", apiKey)
	}
	return r
}

// bearer is a token of the admin's with a scope.
func (w *world) bearer(scope string) string {
	w.t.Helper()
	got := w.call(call{
		Method: http.MethodPost, Path: zendesk.TokenPath,
		Body: map[string]string{"grant_type": "client_credentials", "client_id": "app", "client_secret": "the-secret-of-the-app", "scope": scope},
	})
	var answer struct {
		Token string `json:"access_token"`
	}
	got.decode(&answer)
	if answer.Token == "" {
		w.t.Fatalf("no token: %d %s", got.Status, got.Body)
	}
	return answer.Token
}

func (r *reply) want(status int, words ...string) *reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("status %d, want %d: %s", r.Status, status, r.Body)
	}
	for _, word := range words {
		if !strings.Contains(r.Body, word) {
			r.t.Errorf("the answer has no %q: %s", word, r.Body)
		}
	}
	return r
}

func (r *reply) decode(into any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		r.t.Fatalf("%v: %s", err, r.Body)
	}
}

func (r *reply) ticket() zendesk.TicketEnvelope {
	r.t.Helper()
	var e zendesk.TicketEnvelope
	r.decode(&e)
	return e
}

// open opens a ticket as somebody who works on them, and returns it.
func (w *world) open(as string, ticket map[string]any) zendesk.TicketEnvelope {
	w.t.Helper()
	return w.call(call{As: as, Method: http.MethodPost, Path: "/tickets.json", Body: map[string]any{"ticket": ticket}}).want(http.StatusCreated).ticket()
}

func (w *world) update(as string, id int64, ticket map[string]any) *reply {
	w.t.Helper()
	return w.call(call{As: as, Method: http.MethodPut, Path: fmt.Sprintf("/tickets/%d.json", id), Body: map[string]any{"ticket": ticket}})
}

// upload uploads a text, and returns its upload.
func (w *world) upload(as, name, text, token string) zendesk.Upload {
	w.t.Helper()
	path := "/uploads.json?filename=" + name
	if token != "" {
		path += "&token=" + token
	}
	var e zendesk.UploadEnvelope
	w.call(call{As: as, Method: http.MethodPost, Path: path, Type: "text/plain", Body: text}).want(http.StatusCreated).decode(&e)
	return e.Upload
}

func said(body string) map[string]any { return map[string]any{"body": body} }

// lockedBuffer is a log that many write.
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
