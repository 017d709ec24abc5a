package issuerhttp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"database/sql"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/deskhttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/issuerhttp"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/oauth"
)

// world is an issuer on a real listener over a real database, behind the
// middleware of the real server, with a clock that tests move.
type world struct {
	*witness
	t      testing.TB
	dsn    string
	raw    *sql.DB // the same database, beside the store
	count  *sql.Stmt
	plain  *http.Client // that keeps no cookies
	issuer *issuer.Issuer
	server *httptest.Server
	clock  *clock
	people map[string]*browser // one signed-in browser a person
}

// options are what differs between worlds.
type options struct {
	NoDemo  bool // nobody can be picked without a password
	TLS     bool
	Trusted []netip.Prefix
	Clock   *clock // of an issuer that was there before
	Desk    bool   // there is a helpdesk, too
}

// onEach runs f in a world of each engine.
func onEach(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	onEachWith(t, options{}, f)
}

func onEachWith(t *testing.T, o options, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			f(t, newWorld(t, storetest.DSN(t, engine), o))
		})
	}
}

// onSQLite is for what no engine can change.
func onSQLite(t testing.TB, o options) *world {
	t.Helper()
	return newWorld(t, storetest.DSN(t, store.SQLite), o)
}

func newWorld(t testing.TB, dsn string, o options) *world {
	t.Helper()
	if o.Clock == nil {
		o.Clock = &clock{now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	}
	db := storetest.Open(t, dsn)
	w := &world{
		witness: newWitness(t), t: t, dsn: dsn, raw: storetest.Raw(t, dsn), clock: o.Clock, people: map[string]*browser{},
		issuer: &issuer.Issuer{
			Store: db.Issuer(), Passwords: issuer.CheapPasswords(), Policies: issuerhttp.Policies(),
			Now: o.Clock.Now, Rand: rand.Reader, Uses: &issuer.Uses{},
		},
	}
	for _, p := range plantings() {
		w.plant(p)
	}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	surface := &issuerhttp.Server{
		Issuer: w.issuer, Log: log, Demo: !o.NoDemo,
		Hosts: apihttp.Hosts{Store: w.issuer.Store, BaseDomains: []string{"localhost"}},
	}
	if o.Desk {
		files := desk.NewFiles(t.TempDir())
		tickets := &desk.Desk{Store: db.Desk(), Files: files, Now: o.Clock.Now, Rand: rand.Reader}
		t.Cleanup(func() { _ = tickets.Close() })
		helpdesk := &deskhttp.Server{Desk: tickets, Issuer: w.issuer, Hosts: surface.Hosts}
		surface.Routes, surface.DefaultGroup = helpdesk.Routes(), helpdesk.DefaultGroup
		surface.AgentPages = helpdesk.AgentPages()
		surface.Handlers = map[string]http.Handler{deskhttp.ContentPattern: helpdesk.Content(log)}
	}
	w.server = httptest.NewUnstartedServer(httpd.Chain(surface.Handler(),
		httpd.RequestID, httpd.Log(log), httpd.Recover(log, surface.Panicked),
		httpd.ClientAddress(o.Trusted), httpd.SecureHeaders))
	w.server.Config.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	if o.TLS {
		w.server.StartTLS()
	} else {
		w.server.Start()
	}
	w.plain = w.client(nil)
	t.Cleanup(func() {
		w.server.Close()
		w.checkLog()
		// And in no log of the whole run.
		_, _ = io.WriteString(testlog.Writer(t, "issuer"), w.log.String())
		testlog.Issued(t, w.secrets.issued()...)
	})
	return w
}

// run is t.Run for one case in a world that is shared with others.
func (w *world) run(name string, f func(t *testing.T)) {
	outer := w.t.(*testing.T)
	outer.Run(name, func(t *testing.T) {
		w.t, w.witness.t = t, t
		defer func() { w.t, w.witness.t = outer, outer }()
		f(t)
	})
}

func (w *world) plant(p issuer.Planting) {
	w.t.Helper()
	if _, _, err := w.issuer.Plant(w.t.Context(), p); err != nil {
		w.t.Fatal(err)
	}
	for _, u := range p.Users {
		w.secrets.learn("", u.Password.Reveal())
	}
	for _, c := range p.Clients {
		w.secrets.learn("", c.Secret.Reveal())
	}
}

// The people and clients of every world. Secrets are written down here, so that
// golden files can show them.
const (
	ada, adaPassword = "ada@acme.example", "correct horse battery staple"
	grace            = "grace@acme.example"
	carl             = "carl@acme.example"
	sam              = "sam@acme.example" // suspended
	hank             = "hank@globex.example"

	appSecret    = "acme-app-secret-0123456789"
	singleSecret = "acme-single-secret-0123456789"
	narrowSecret = "acme-narrow-secret-0123456789"
	spaSecret    = "acme-spa-secret-0123456789"
	globexSecret = "globex-app-secret-0123456789"

	appCallback    = "https://app.example/callback"
	appSecondary   = "http://localhost:8080/handle_user_decision"
	singleCallback = "https://single.example/cb?tenant=7&x=%2F"
	spaCallback    = "http://127.0.0.1:9000/cb"
)

// plantings are acme, whose tokens expire, and globex, of the era when they did
// not, whose client has the same identifier.
func plantings() []issuer.Planting {
	confidential := func(id, key string, redirects ...string) issuer.PlantedClient {
		return issuer.PlantedClient{
			Client: issuer.Client{
				Product: issuer.Support, Identifier: id, Name: "The " + id, Company: "Makers & Co.",
				Description: "It does <things>.", Kind: issuer.Confidential, RedirectURIs: redirects,
			},
			Secret: secret.Of(key),
		}
	}
	spa := confidential("spa", spaSecret, spaCallback)
	spa.Kind = issuer.Public
	narrow := confidential("narrow", narrowSecret, "https://narrow.example/cb")
	narrow.AllowedScopes = oauth.Scope{"read", "tickets:write"}
	settings := issuer.Account{
		BasicAuth: issuer.BasicAllowed, PasswordAccess: true, TokenAccess: true, Chat: issuer.ChatWithSupport, Plan: issuer.PlanNone,
	}
	acme, globex := settings, settings
	acme.Subdomain, acme.Name, acme.Era = "acme", "Acme Inc.", issuer.Enforced
	globex.Subdomain, globex.Name, globex.Era = "globex", "Globex", issuer.Legacy
	person := func(email, name string, role issuer.Role) issuer.PlantedUser {
		return issuer.PlantedUser{User: issuer.User{Email: email, Name: name, Role: role}}
	}
	admin, suspended := person(ada, "Ada Admin", issuer.Admin), person(sam, "Sam Suspended", issuer.Agent)
	admin.Password, suspended.Suspended = secret.Of(adaPassword), true
	return []issuer.Planting{{
		Account: acme,
		Users:   []issuer.PlantedUser{admin, person(grace, "Grace Agent", issuer.Agent), person(carl, "Carl Customer", issuer.EndUser), suspended},
		Clients: []issuer.PlantedClient{
			confidential("app", appSecret, appCallback, appSecondary), confidential("single", singleSecret, singleCallback),
			confidential("bare", "acme-bare-secret-0123456789"), spa, narrow,
		},
	}, {
		Account: globex,
		Users:   []issuer.PlantedUser{person(hank, "Hank Admin", issuer.Admin)},
		Clients: []issuer.PlantedClient{confidential("app", globexSecret, appCallback)},
	}}
}

// clock is protocol time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// client reaches the server under whatever name a request has, follows no
// redirect, and has the witness look at every answer.
func (w *world) client(jar http.CookieJar) *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", w.server.Listener.Addr().String())
		},
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, // the certificate is httptest's, for another name
		DisableCompression: true,
	}
	w.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: w.watch(transport), Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (w *world) scheme() string {
	if w.server.TLS != nil {
		return "https"
	}
	return "http"
}

// call is a request that no browser makes. Host defaults to acme's, the method to
// GET, and the type of a body to a form.
type call struct {
	Method, Host, Target string
	Header               http.Header
	Body                 string
	Reader               io.Reader // instead of Body
}

func (w *world) call(c call) *reply {
	w.t.Helper()
	body := c.Reader
	if body == nil && c.Body != "" {
		body = strings.NewReader(c.Body)
	}
	method, host := c.Method, c.Host
	if method == "" {
		method = http.MethodGet
	}
	if host == "" {
		host = "acme.localhost"
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.scheme()+"://server.invalid"+c.Target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Host = host
	r.Header = c.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if body != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return w.send(w.plain, r)
}

func (w *world) send(by *http.Client, r *http.Request) *reply {
	w.t.Helper()
	resp, err := by.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return &reply{t: w.t, Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
}

// header makes one of pairs.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// form makes parameters of pairs; a pair whose value is absent is left out.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != absent {
			v.Add(pairs[i], pairs[i+1])
		}
	}
	return v
}

// with is v with pairs changed.
func with(v url.Values, pairs ...string) url.Values {
	changed := url.Values{}
	for name, all := range v {
		changed[name] = all
	}
	for i := 0; i < len(pairs); i += 2 {
		changed.Del(pairs[i])
		if pairs[i+1] != absent {
			changed.Set(pairs[i], pairs[i+1])
		}
	}
	return changed
}

const absent = "\x00absent"

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
