package brokerhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/zendesk"
)

// site is the pages of a broker, a Zendesk before it and a browser.
type site struct {
	t       testing.TB
	url     *url.URL
	handler http.Handler
	zendesk zendesk.Base
	browser *http.Client
	log     *lockedBuffer
	token   http.HandlerFunc // the Zendesk's token endpoint
	me      http.HandlerFunc // and its users/me
	api     http.HandlerFunc // and the rest of its API
}

// lockedBuffer takes the log of several requests.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func newSite(t testing.TB, edit func(*brokerhttp.Config)) *site {
	t.Helper()
	s := &site{t: t, log: &lockedBuffer{}, token: pair, me: ada}
	remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case zendesk.TokenPath:
			s.token(w, r)
		case zendesk.UsersMePath:
			s.me(w, r)
		default:
			if s.api != nil && strings.HasPrefix(r.URL.Path, "/api/") {
				s.api(w, r)
				return
			}
			_, _ = io.WriteString(w, "please sign in")
		}
	}))
	t.Cleanup(remote.Close)
	pages := httptest.NewUnstartedServer(nil)
	t.Cleanup(pages.Close)
	s.url = &url.URL{Scheme: "http", Host: "localhost:" + port(t, pages.Listener)}
	var err error
	if s.zendesk, err = zendesk.ParseBase("http://{subdomain}.localhost:" + port(t, remote.Listener)); err != nil {
		t.Fatal(err)
	}

	ring, err := seal.OpenFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, storetest.DSN(t, store.SQLite))
	if err := errors.Join(db.Hold(t.Context(), "broker"), db.MigrateBroker(t.Context())); err != nil { // as a server does
		t.Fatal(err)
	}
	b, err := broker.New(t.Context(), broker.Config{
		Store: db.Broker(), Ring: ring, Base: s.zendesk, RedirectURI: brokerhttp.RedirectURI(s.url, ""),
		Brands: broker.Brands{"acme": {"acme-shop"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	if err := b.UseClient(t.Context(), broker.AtCommand, "", broker.Support, "app", secret.Of("the client's s3cret")); err != nil {
		t.Fatal(err)
	}
	config := brokerhttp.Config{Broker: b, PublicURL: s.url, Log: slog.New(slog.NewTextHandler(io.MultiWriter(s.log, testlog.Writer(t, "broker")), nil))}
	if edit != nil {
		edit(&config)
	}
	s.handler = brokerhttp.New(config)
	pages.Config.Handler = s.handler
	pages.Start()
	s.browser = s.newBrowser()
	return s
}

// newBrowser has its own cookies, follows nothing, and finds localhost here.
func (s *site) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	here := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
	}}
	s.t.Cleanup(here.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: described{here, s}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

func port(t testing.TB, l net.Listener) string {
	t.Helper()
	_, p, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func pair(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"access_token": "acc3ss-of-ada", "refresh_token": "r3fresh-of-ada", "scope": "read", "expires_in": 1800,
	})
}

func ada(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"user": map[string]any{"id": 7, "name": "Ada <b>Admin</b>", "role": "admin"}})
}

// response is an answer that was read to its end.
type response struct {
	*http.Response
	body string // as text: entities resolved
}

func (s *site) do(browser *http.Client, req *http.Request) response {
	s.t.Helper()
	resp, err := browser.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response{resp, html.UnescapeString(string(raw))}
}

func (s *site) request(method, path, body string) *http.Request {
	s.t.Helper()
	target, err := s.url.Parse(path)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, target.String(), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (s *site) get(path string) response { return s.do(s.browser, s.request("GET", path, "")) }

func (s *site) connect(form url.Values) response {
	return s.do(s.browser, s.request("POST", "/connect", form.Encode()))
}

// depart begins a sign-in and returns the state.
func (s *site) depart() string {
	s.t.Helper()
	resp := s.connect(url.Values{"subdomain": {" https://Acme.zendesk.com/agent/ "}, "return_to": {"/app"}})
	to, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther || to.Host != s.zendesk.URL("acme").Host {
		s.t.Fatalf("answered %d, to %v, %v", resp.StatusCode, to, err)
	}
	testlog.Issued(s.t, to.Query().Get("state"))
	return to.Query().Get("state")
}

func callback(state string) string {
	return brokerhttp.DefaultCallbackPath + "?code=c0de-of-ada&state=" + state
}

func TestJourney(t *testing.T) {
	s := newSite(t, nil)
	home := s.get("/")
	csp := home.Header.Get("Content-Security-Policy")
	if home.StatusCode != 200 || !strings.Contains(home.body, `name="subdomain"`) ||
		!strings.Contains(csp, "form-action 'self' http://*.localhost:") {
		t.Fatalf("home: %d, %s", home.StatusCode, csp)
	}
	state := s.depart()
	cookies := s.browser.Jar.Cookies(s.url)
	if len(cookies) != 1 || cookies[0].Name != "deskauth_connect" {
		t.Fatalf("cookies: %v", cookies)
	}

	arrived := s.get(callback(state))
	result := arrived.Header.Get("Location")
	if arrived.StatusCode != http.StatusSeeOther || strings.ContainsAny(result, "?") || arrived.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("callback: %d to %q", arrived.StatusCode, result)
	}
	page := s.get(result)
	for _, want := range []string{"Hi, Ada <b>Admin</b>! Your Zendesk Support user role is admin.", s.zendesk.URL("acme").Host, `href="/app"`} {
		if page.StatusCode != 200 || !strings.Contains(page.body, want) {
			t.Errorf("result %d lacks %q", page.StatusCode, want)
		}
	}
	if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("result's headers: %v", page.Header)
	}

	// Loaded again, the callback leads to the same page; in another browser to none.
	if again := s.get(callback(state)); again.Header.Get("Location") != result {
		t.Errorf("again: %d to %q", again.StatusCode, again.Header.Get("Location"))
	}
	other := s.newBrowser()
	if got := s.do(other, s.request("GET", result, "")); got.StatusCode != http.StatusNotFound {
		t.Errorf("another browser sees the result: %d", got.StatusCode)
	}
	if got := s.do(other, s.request("GET", callback(state), "")); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.body, "another browser") {
		t.Errorf("another browser's callback: %d", got.StatusCode)
	}

	for _, hidden := range []string{state, "c0de-of-ada", "acc3ss-of-ada", "r3fresh-of-ada", "s3cret", cookies[0].Value} {
		if strings.Contains(s.log.String(), hidden) {
			t.Errorf("the log tells %q", hidden)
		}
	}
	if !strings.Contains(s.log.String(), "account=acme") {
		t.Error("the log does not tell the account")
	}
}

func TestCookieOverTLS(t *testing.T) {
	s := newSite(t, func(c *brokerhttp.Config) { c.PublicURL = &url.URL{Scheme: "https", Host: "app.example"} })
	req := s.request("POST", "/connect", "subdomain=acme")
	req.Host = "app.example"
	set := s.do(s.browser, req).Header.Get("Set-Cookie")
	name, rest, _ := strings.Cut(set, "=")
	if name != "__Host-deskauth-connect" || !strings.HasSuffix(rest, "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("set %q", set)
	}
}

func TestFailuresArePages(t *testing.T) {
	s := newSite(t, nil)
	for _, c := range []struct {
		name   string
		token  http.HandlerFunc
		query  string // for the callback, before the state
		status int
		says   string
	}{
		{"denied", nil, "error=access_denied&error_description=The+end-user+denied", 403, "Access was denied"},
		{"a code of yesterday", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			answer(w, map[string]string{"error": "invalid_grant", "error_description": "said for the test"})
		}, "code=x", 400, "said for the test"},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "code=x", 502, "answered with something else"},
		{"nothing", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "code=x", 502, "did not answer"},
		{"secret", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			answer(w, map[string]string{"error": "invalid_client"})
		}, "code=x", 502, "refused this app"},
		{"hostile", nil, "error=%3Cscript%3Ealert(1)%3C%2Fscript%3E", 502, "did not come about"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := s.depart()
			s.token = c.token
			page := s.get(brokerhttp.DefaultCallbackPath + "?" + c.query + "&state=" + state)
			if page.StatusCode != c.status || !strings.Contains(page.body, c.says) {
				t.Errorf("answered %d, want %d and %q in\n%s", page.StatusCode, c.status, c.says, page.body)
			}
			if id := page.Header.Get("X-Request-Id"); id == "" || !strings.Contains(page.body, id) {
				t.Errorf("the page lacks the request id %q", id)
			}
			if !strings.Contains(page.body, "/connect?account=acme&return_to=%2Fapp") {
				t.Error("the page does not lead back")
			}
		})
	}
}

func TestHostileAnswerIsEscaped(t *testing.T) {
	s := newSite(t, nil)
	state := s.depart()
	req := s.request("GET", brokerhttp.DefaultCallbackPath+"?error=%3Cscript%3Ealert(1)%3C%2Fscript%3E&state="+state, "")
	resp, err := s.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || bytes.Contains(raw, []byte("<script")) {
		t.Errorf("%v, %s", err, raw)
	}
}

func TestBadCallbacks(t *testing.T) {
	s := newSite(t, nil)
	for _, query := range []string{
		"", "?state=", "?state=unknown&code=x", "?code=x", "?state=%00", "?state=%ff%fe", "?state=a&state=b", "?%zz", "?a;b",
		"?state=" + strings.Repeat("x", 10_000),
	} {
		page := s.get(brokerhttp.DefaultCallbackPath + query)
		if page.StatusCode < 400 || page.StatusCode == 500 || !strings.Contains(page.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%.40q answered %d, %s", query, page.StatusCode, page.Header.Get("Content-Type"))
		}
	}
}

func TestSubdomainBox(t *testing.T) {
	s := newSite(t, nil)
	for typed, says := range map[string]string{
		"":                      "Please enter",
		"  ":                    "Please enter",
		"acme.evil.example":     "not a Zendesk subdomain",
		"acme@evil.example":     "not a Zendesk subdomain",
		"http://127.0.0.1/acme": "not a Zendesk subdomain",
		"a":                     "not a Zendesk subdomain",
		"\x00acme":              "not a Zendesk subdomain",
		"\xff\xfe":              "not a Zendesk subdomain",
		`"><script>`:            "not a Zendesk subdomain",
	} {
		page := s.connect(url.Values{"subdomain": {typed}})
		if page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, says) {
			t.Errorf("%q answered %d, want 422 and %q", typed, page.StatusCode, says)
		}
	}
	if page := s.get("/connect?account=Acme.zendesk.com&return_to=//evil.example"); !strings.Contains(page.body, `value="acme"`) ||
		strings.Contains(page.body, "evil") {
		t.Error("the box is not filled in, or leads elsewhere")
	}
}

// The switch at the foot of a page keeps what one chose and leads back.
func TestLanguageSwitch(t *testing.T) {
	s := newSite(t, nil)
	back := regexp.MustCompile(`name="back" value="([^"]*)"`)
	choose := func(lang, back string) response {
		form := url.Values{"lang": {lang}, "back": {back}}
		return s.do(s.browser, s.request("POST", "/connect/language", form.Encode()))
	}
	page := s.connect(url.Values{"subdomain": {"acme.evil.example"}, "return_to": {"/welcome?a=b"}})
	found := back.FindStringSubmatch(page.body)
	if found == nil || page.Header.Get("Content-Language") != "en" {
		t.Fatalf("no switch: %s", page.body)
	}
	went := choose("es", html.UnescapeString(found[1]))
	const cookie = "deskauth_language=es; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
	if went.StatusCode != http.StatusSeeOther || went.Header.Get("Set-Cookie") != cookie {
		t.Errorf("%d, %s", went.StatusCode, went.Header.Get("Set-Cookie"))
	}
	page = s.get(went.Header.Get("Location"))
	if page.Header.Get("Content-Language") != "es" || !strings.Contains(page.body, "Conectar su Zendesk") ||
		!strings.Contains(page.body, `value="/welcome?a=b"`) {
		t.Errorf("%s: %s", went.Header.Get("Location"), page.body)
	}
	for _, evil := range []string{"", "//evil.example", "https://evil.example/"} {
		if got := choose("de", evil).Header.Get("Location"); got != "/connect" {
			t.Errorf("%q leads to %q", evil, got)
		}
	}
	if r := choose("tlh", "/"); r.StatusCode != http.StatusNotFound || r.Header.Get("Set-Cookie") != "" {
		t.Errorf("an unknown language: %d", r.StatusCode)
	}
	// Zendesk's answer comes once: what its page says cannot be asked for again.
	if page := s.get("/zendesk/oauth/callback?error=access_denied&state=x"); !strings.Contains(page.body, `name="back" value="/connect"`) {
		t.Error("the answer's page does not lead to where it began, in another language")
	}
}

func TestAccountsThatAreNotServed(t *testing.T) {
	for _, c := range []struct {
		served []string
		typed  string
		says   string
		names  bool
	}{
		{[]string{"acme"}, "mallory.zendesk.com", "This site is for acme.localhost", true},
		{[]string{"acme", "globex", "initech"}, "mallory", "acme.localhost", true},
		{[]string{"acme", "globex", "initech", "umbrella"}, "mallory", "cannot connect here", false},
		{nil, "support", "cannot connect here", false},
	} {
		var b *broker.Broker
		s := newSite(t, func(config *brokerhttp.Config) { b = config.Broker })
		b.Accounts = c.served
		page := s.connect(url.Values{"subdomain": {c.typed}, "return_to": {"/app"}})
		if page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, c.says) || page.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q answered %d, want 422 and %q in\n%s", c.typed, page.StatusCode, c.says, page.body)
		}
		if strings.Contains(page.body, "acme.localhost") != c.names {
			t.Errorf("of %d accounts the page names: %t, want %t", len(c.served), !c.names, c.names)
		}
		if !strings.Contains(page.body, `name="return_to" value="/app"`) || !strings.Contains(s.log.String(), "failure=not_served") {
			t.Error("the way back or the log is missing")
		}
	}
}

func TestAccountNoLongerServed(t *testing.T) {
	var b *broker.Broker
	s := newSite(t, func(config *brokerhttp.Config) {
		b = config.Broker
		config.OnConnected = func(http.ResponseWriter, *http.Request, broker.Connection, string) {
			t.Error("somebody of another account was signed in")
		}
	})
	state := s.depart()
	b.Accounts = broker.Accounts{"globex"}
	s.token = func(http.ResponseWriter, *http.Request) { t.Error("the code was exchanged") }
	for range 2 {
		if page := s.get(callback(state)); page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, "This site is for globex.localhost") {
			t.Errorf("answered %d:\n%s", page.StatusCode, page.body)
		}
	}
}

// A scope that does not reach the profile is told in words.
func TestResultWithoutARole(t *testing.T) {
	s := newSite(t, nil)
	s.me = func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"user": map[string]any{"id": 7}})
	}
	page := s.get(s.get(callback(s.depart())).Header.Get("Location"))
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "Hi, 7! What you allowed does not show your Zendesk Support user role.") {
		t.Errorf("answered %d:\n%s", page.StatusCode, page.body)
	}
}

func TestOddRequests(t *testing.T) {
	s := newSite(t, nil)
	big := s.request("POST", "/connect", "subdomain="+strings.Repeat("a", 1<<20))
	if got := s.do(s.browser, big); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("1 MiB answered %d", got.StatusCode)
	}
	wrong := s.request("POST", "/connect", `{"subdomain":"acme"}`)
	wrong.Header.Set("Content-Type", "application/json")
	if got := s.do(s.browser, wrong); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("JSON answered %d", got.StatusCode)
	}
	for _, c := range []struct {
		method, path, allow string
		status              int
	}{
		{"HEAD", brokerhttp.DefaultCallbackPath, "GET", 405},
		{"POST", brokerhttp.DefaultCallbackPath, "GET", 405},
		{"DELETE", "/connect", "GET, HEAD, POST", 405},
		{"PUT", "/", "GET, HEAD", 405},
		{"GET", "/nowhere", "", 404},
		{"GET", "/connected/x", "", 404},
		{"GET", "/connected/1", "", 404},
		{"GET", "/connected/99999999999999999999", "", 404},
	} {
		got := s.do(s.browser, s.request(c.method, c.path, ""))
		if got.StatusCode != c.status || got.Header.Get("Allow") != c.allow {
			t.Errorf("%s %s answered %d, allows %q", c.method, c.path, got.StatusCode, got.Header.Get("Allow"))
		}
	}
}

// A mail scanner's HEAD must not spend what the person's GET needs.
func TestHEADSpendsNothing(t *testing.T) {
	s := newSite(t, nil)
	state := s.depart()
	s.do(s.browser, s.request("HEAD", callback(state), ""))
	if got := s.get(callback(state)); got.StatusCode != http.StatusSeeOther {
		t.Errorf("after HEAD, GET answered %d", got.StatusCode)
	}
}

func TestAnotherNameOfTheHost(t *testing.T) {
	s := newSite(t, nil)
	at := func(method, path, body string) response {
		req := s.request(method, path, body)
		req.Host = "127.0.0.1:" + s.url.Port()
		return s.do(s.browser, req)
	}
	if got := at("GET", "/connect?account=acme", ""); got.StatusCode != 307 || got.Header.Get("Location") != s.url.String()+"/connect?account=acme" {
		t.Errorf("GET answered %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	got := at("POST", "/connect", "subdomain=acme")
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != s.url.String()+"/connect" || got.Header.Get("Set-Cookie") != "" {
		t.Errorf("POST answered %d to %q and set %q", got.StatusCode, got.Header.Get("Location"), got.Header.Get("Set-Cookie"))
	}
}

func TestFormOfAnotherSite(t *testing.T) {
	s := newSite(t, nil)
	for _, set := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		req := s.request("POST", "/connect", "subdomain=acme")
		req.Header.Set(set[0], set[1])
		if got := s.do(s.browser, req); got.StatusCode != http.StatusForbidden || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s answered %d", set, got.StatusCode)
		}
	}
}

func TestProgramsOwnPage(t *testing.T) {
	var calls int
	s := newSite(t, func(c *brokerhttp.Config) {
		c.OnConnected = func(w http.ResponseWriter, _ *http.Request, c broker.Connection, returnTo string) {
			calls++
			_, _ = io.WriteString(w, "welcome "+c.User.Name+" to "+returnTo)
		}
	})
	state := s.depart()
	if got := s.get(callback(state)); got.body != "welcome Ada <b>Admin</b> to /app" {
		t.Errorf("answered %q", got.body)
	}
	// Whoever sits down at this browser afterwards is not signed in by going back.
	if got := s.get(callback(state)); got.StatusCode != http.StatusSeeOther || calls != 1 {
		t.Errorf("again answered %d, called %d times", got.StatusCode, calls)
	}
}
