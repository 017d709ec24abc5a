package brokerhttp_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/brokerhttp"
	"github.com/deskauth/deskauth/internal/secret"
)

// bearerOf adds a token.
type bearerOf string

func (b bearerOf) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// failing is no way to Zendesk.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// Who is let through by a proxy of one's own, and what.
func TestLending(t *testing.T) {
	asked := ""
	zendesk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.RequestURI
		for _, name := range []string{"Cookie", "X-Forwarded-For", "Connection", "X-Http-Method-Override", "X_http_method_override", "X-Original-Url", "X-Rewrite-Url"} {
			if got := r.Header.Get(name); got != "" {
				asked += " " + name + "=" + got
			}
		}
		if got := r.Header.Get("Authorization"); got != "Bearer of-the-login" {
			t.Errorf("%s came with %q", asked, got)
		}
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Retry-After", "7")
		w.Header().Set("Location", "/api/v2/there")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "later")
	}))
	defer zendesk.Close()
	root, err := url.Parse(zendesk.URL)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	open := brokerhttp.Lending{
		Root: root, Transport: bearerOf("of-the-login"), Secret: secret.Of("the-secret"), Hosts: []string{"box.example"}, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	narrow := open
	narrow.ReadOnly, narrow.Paths = true, []string{"/api/v2/tickets", "/api/v2/users/me"}
	minting := open
	minting.Paths = []string{"/api/v2/oauth"}
	others := open
	others.Others = true
	const bearer = "Bearer the-secret"
	for name, c := range map[string]struct {
		by           brokerhttp.Lending
		method, path string
		host         string
		header       []string
		status       int // 429: it was let through
	}{
		"a bearer":               {open, "GET", "/api/v2/x?a=b", "127.0.0.1:1", []string{"Authorization", bearer}, 429},
		"a bearer in small":      {open, "GET", "/api/v2/x?a=b", "localhost:1", []string{"Authorization", "bearer the-secret"}, 429},
		"a password":             {open, "GET", "/api/v2/x?a=b", "[::1]:1", []string{"Authorization", basic("ada/token", "the-secret")}, 429},
		"a name that was given":  {open, "GET", "/api/v2/x?a=b", "Box.example", []string{"Authorization", bearer}, 429},
		"a write":                {open, "POST", "/api/v2/x?a=b", "localhost", []string{"Authorization", bearer}, 429},
		"with more":              {open, "GET", "/api/v2/x?a=b", "localhost", []string{"Authorization", bearer, "Cookie", "a=b", "X-Forwarded-For", "1.2.3.4"}, 429},
		"typed in a browser":     {open, "GET", "/api/v2/x?a=b", "localhost", []string{"Authorization", bearer, "Sec-Fetch-Site", "none"}, 429},
		"another machine's name": {others, "GET", "/api/v2/x?a=b", "192.0.2.7:1", []string{"Authorization", bearer}, 429},
		"read":                   {narrow, "GET", "/api/v2/tickets", "localhost", []string{"Authorization", bearer}, 429},
		"read as .json":          {narrow, "HEAD", "/api/v2/tickets.json?page=2", "localhost", []string{"Authorization", bearer, "X-HTTP-Method-Override", "DELETE", "x_http_method_override", "DELETE"}, 429},
		"read below":             {narrow, "GET", "/api/v2/tickets/1/comments.json", "localhost", []string{"Authorization", bearer}, 429},

		"another path's name":    {narrow, "GET", "/api/v2/tickets", "localhost", []string{"Authorization", bearer, "X-Original-URL", "/api/v2/users", "X-Rewrite-URL", "/api/v2/users"}, 429},
		"tokens, to look at":     {open, "GET", "/api/v2/oauth/tokens/current.json", "localhost", []string{"Authorization", bearer}, 429},
		"tokens that were named": {minting, "POST", "/api/v2/oauth/tokens.json", "localhost", []string{"Authorization", bearer}, 429},
		"what is called so":      {open, "POST", "/api/v2/oauth_things", "localhost", []string{"Authorization", bearer}, 429},

		"a token of its own":          {open, "POST", "/api/v2/oauth/tokens.json", "localhost", []string{"Authorization", bearer}, 403},
		"the end of the login":        {open, "DELETE", "/api/v2/oauth/tokens/current", "localhost", []string{"Authorization", bearer}, 403},
		"a client":                    {open, "PUT", "/api/v2/oauth/clients/1/generate_secret.json", "localhost", []string{"Authorization", bearer}, 403},
		"an API token":                {open, "POST", "/api/v2/api_tokens.json", "localhost", []string{"Authorization", bearer}, 403},
		"a token, hidden":             {open, "POST", "/api/v2//%6Fauth%2Ftokens", "localhost", []string{"Authorization", bearer}, 403},
		"a token, hidden twice":       {open, "POST", "/api/v2/%256fAUTH;x/tokens", "localhost", []string{"Authorization", bearer}, 403},
		"nothing":                     {open, "GET", "/api/v2/x", "localhost", nil, 401},
		"another secret":              {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", "Bearer the-secre"}, 401},
		"another password":            {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", basic("the-secret", "")}, 401},
		"another scheme":              {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", "Digest the-secret"}, 401},
		"a secret in the query":       {open, "GET", "/api/v2/x?access_token=the-secret", "localhost", nil, 401},
		"no secret was made":          {brokerhttp.Lending{Root: root, Transport: bearerOf("x"), Log: open.Log}, "GET", "/api/v2/x", "localhost", []string{"Authorization", "Bearer "}, 401},
		"a rebound name":              {open, "GET", "/api/v2/x", "evil.example:1", []string{"Authorization", bearer}, 421},
		"a name that ends as ours":    {open, "GET", "/api/v2/x", "localhost.evil.example", []string{"Authorization", bearer}, 421},
		"an address of another":       {open, "GET", "/api/v2/x", "192.0.2.7", []string{"Authorization", bearer}, 421},
		"no host":                     {open, "GET", "/api/v2/x", "", []string{"Authorization", bearer}, 421},
		"a rebound name, with others": {others, "GET", "/api/v2/x", "evil.example", []string{"Authorization", bearer}, 421},
		"a page":                      {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", bearer, "Origin", "http://localhost"}, 403},
		"an opaque page":              {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", bearer, "Origin", "null"}, 403},
		"an empty Origin":             {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", bearer, "Origin", ""}, 403},
		"a picture of a page":         {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", bearer, "Sec-Fetch-Site", "cross-site"}, 403},
		"a write where one reads":     {narrow, "POST", "/api/v2/tickets", "localhost", []string{"Authorization", bearer}, 403},
		"options where one reads":     {narrow, "OPTIONS", "/api/v2/tickets", "localhost", []string{"Authorization", bearer}, 403},
		"another path":                {narrow, "GET", "/api/v2/users", "localhost", []string{"Authorization", bearer}, 403},
		"a path that begins so":       {narrow, "GET", "/api/v2/tickets_secret", "localhost", []string{"Authorization", bearer}, 403},
		"a climb":                     {narrow, "GET", "/api/v2/tickets/../users", "localhost", []string{"Authorization", bearer}, 400},
		"a hidden climb":              {narrow, "GET", "/api/v2/tickets/%2e%2e/users", "localhost", []string{"Authorization", bearer}, 400},
		"outside of the API":          {open, "GET", "/oauth/tokens", "localhost", []string{"Authorization", bearer}, 404},
		"slashes":                     {open, "GET", "//elsewhere.example/api/v2/x", "localhost", []string{"Authorization", bearer}, 404},
		"an upgrade":                  {open, "GET", "/api/v2/x", "localhost", []string{"Authorization", bearer, "Upgrade", "websocket", "Connection", "Upgrade"}, 501},
		"a method of none":            {open, "TRACE", "/api/v2/x", "localhost", []string{"Authorization", bearer}, 405},
	} {
		asked = ""
		r := httptest.NewRequest(c.method, c.path, http.NoBody)
		r.RequestURI, r.Host = c.path, c.host
		if strings.HasPrefix(c.path, "//") { // httptest takes it for a host
			r.URL = &url.URL{Path: c.path}
		}
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		w := httptest.NewRecorder()
		c.by.Handler().ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		passed := c.status == http.StatusTooManyRequests
		if want := c.method + " " + c.path; passed && asked != want || !passed && asked != "" {
			t.Errorf("%s: Zendesk was asked %q", name, asked)
		}
		if h := w.Header(); passed && (h.Get("Set-Cookie") != "" || h.Get("Retry-After") != "7" || h.Get("Location") != "/api/v2/there" || c.method != "HEAD" && w.Body.String() != "later") {
			t.Errorf("%s: %v %s", name, h, w.Body)
		}
		if h := w.Header().Get("WWW-Authenticate"); (c.status == 401) != (h != "") || strings.Contains(h, "Basic") {
			t.Errorf("%s: %q", name, h)
		}
	}
	if said := log.String(); strings.Contains(said, "the-secret") || strings.Contains(said, "of-the-login") {
		t.Errorf("the log: %s", said)
	}
}

func basic(user, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// Where Zendesk does not answer, it is said why, and whether somebody has to sign in.
func TestLendingWithoutAnAnswer(t *testing.T) {
	for person, status := range map[bool]int{true: 409, false: 502} {
		l := brokerhttp.Lending{
			Root: &url.URL{Scheme: "https", Host: "acme.zendesk.com"}, Transport: failing{errors.New("no way")}, Secret: secret.Of("s"), Log: slog.New(slog.DiscardHandler),
			Explain: func(err error) (string, bool) { return "it says: " + err.Error(), person },
		}
		r := httptest.NewRequest("GET", "http://localhost/api/v2/x", http.NoBody)
		r.RequestURI = "/api/v2/x"
		r.Header.Set("Authorization", "Bearer s")
		w := httptest.NewRecorder()
		l.Handler().ServeHTTP(w, r)
		if w.Code != status || !strings.Contains(w.Body.String(), "it says: no way") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
