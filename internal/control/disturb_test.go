package control_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/oauth"
)

// app is a client of the default account, and what it has.
type app struct {
	t       *testing.T
	z       *deskauthtest.Zendesk
	http    *http.Client
	access  string
	refresh string
}

func newApp(t *testing.T, opts ...deskauthtest.Option) *app {
	z := deskauthtest.New(t, opts...)
	a := &app{t: t, z: z, http: z.Client()}
	to := z.Allow(deskauthtest.Agent, "https://acme.zendesk.com/oauth/authorizations/new?"+url.Values{
		"response_type": {"code"}, "client_id": {deskauthtest.ClientID}, "redirect_uri": {deskauthtest.RedirectURI}, "scope": {"read write"},
	}.Encode())
	if r := a.token("grant_type", "authorization_code", "code", to.Query().Get("code"), "redirect_uri", deskauthtest.RedirectURI); r.status != 200 {
		t.Fatalf("%+v", r)
	}
	return a
}

// reply is an answer; err is why there is none.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a *app) do(r *http.Request) reply {
	resp, err := a.http.Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), err}
}

// token asks the token endpoint, and keeps what it gets.
func (a *app) token(pairs ...string) reply {
	a.t.Helper()
	form := url.Values{"client_id": {deskauthtest.ClientID}, "client_secret": {deskauthtest.ClientSecret}, "expires_in": {"1800"}}
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	r, err := http.NewRequestWithContext(a.t.Context(), "POST", "https://acme.zendesk.com/oauth/tokens", strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := a.do(r)
	var got oauth.TokenResponse
	if answer.status == 200 && json.Unmarshal([]byte(answer.body), &got) == nil {
		a.access, a.refresh = got.AccessToken, got.RefreshToken
	}
	return answer
}

func (a *app) renew() reply {
	a.t.Helper()
	return a.token("grant_type", "refresh_token", "refresh_token", a.refresh)
}

func (a *app) me() reply {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), "GET", "https://acme.zendesk.com/api/v2/users/me.json", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.access)
	return a.do(r)
}

func (a *app) count(event string) int {
	a.t.Helper()
	return a.z.Journal.Count(deskauthtest.Query{Event: event})
}

// once is a fault of the next refresh.
func (a *app) once(f deskauthtest.Fault) {
	f.Route, f.Grant, f.Client, f.Count = "POST /oauth/tokens", "refresh_token", deskauthtest.ClientID, 1
	a.z.Faults.Add(f)
}

// What each fault does to a refresh, as the client sees it, and whether the pair
// was changed.
func TestFaultsOfARefresh(t *testing.T) {
	is := func(status int, in string) func(reply) bool {
		return func(r reply) bool { return r.err == nil && r.status == status && strings.Contains(r.body, in) }
	}
	cut := func(r reply) bool { return r.err != nil && r.status == 0 }
	for name, tt := range map[string]struct {
		fault   deskauthtest.Fault
		want    func(reply) bool
		rotated int
	}{
		"latency":              {deskauthtest.Fault{Kind: deskauthtest.Latency, Delay: time.Millisecond}, is(200, "access_token"), 1},
		"refused":              {deskauthtest.Fault{Kind: deskauthtest.RefuseBeforeCommit}, cut, 0},
		"lost":                 {deskauthtest.Fault{Kind: deskauthtest.DropAfterCommit}, cut, 1},
		"429":                  {deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, RetryAfter: 7 * time.Second}, is(429, ""), 0},
		"503":                  {deskauthtest.Fault{Kind: deskauthtest.ServerError}, is(503, "<html>"), 0},
		"500":                  {deskauthtest.Fault{Kind: deskauthtest.ServerError, Status: 500}, is(500, `"server_error"`), 0},
		"a page":               {deskauthtest.Fault{Kind: deskauthtest.HTML}, is(200, "<html>"), 0},
		"a page that says 403": {deskauthtest.Fault{Kind: deskauthtest.HTML, Status: 403}, is(403, "<html>"), 0},
		"half of the body":     {deskauthtest.Fault{Kind: deskauthtest.MalformedJSON}, is(200, `{"access_token"`), 1},
		"a slow body":          {deskauthtest.Fault{Kind: deskauthtest.SlowBody, Delay: 20 * time.Millisecond}, is(200, `refresh_token`), 1},
		"a narrowed scope":     {deskauthtest.Fault{Kind: deskauthtest.NarrowedScope, Scope: "read"}, is(200, `"scope":"read"`), 1},
		"a shortened life":     {deskauthtest.Fault{Kind: deskauthtest.ShortenedLife, AccessLife: 5 * time.Second}, is(200, `"expires_in":5,`), 1},
		"revoked":              {deskauthtest.Fault{Kind: deskauthtest.RevokeNow}, is(400, "invalid_grant"), 0},
		"the client deleted":   {deskauthtest.Fault{Kind: deskauthtest.DeleteClient}, is(401, "invalid_client"), 0},
		"the user suspended":   {deskauthtest.Fault{Kind: deskauthtest.SuspendUser}, is(400, "invalid_grant"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t)
			a.once(tt.fault)
			got := a.renew()
			if !tt.want(got) {
				t.Errorf("answered %d %q, %v", got.status, got.body, got.err)
			}
			if n := a.count("refresh.rotated"); n != tt.rotated {
				t.Errorf("rotated %d times, want %d", n, tt.rotated)
			}
			if n := a.count("fault.fired"); n != 1 {
				t.Errorf("%d faults fired", n)
			}
			if tt.fault.Kind == deskauthtest.MalformedJSON && json.Valid([]byte(got.body)) {
				t.Errorf("valid JSON: %s", got.body)
			}
			aborted := 0
			if got.err != nil {
				aborted = 1
			}
			if n := a.count("request.aborted"); n != aborted {
				t.Errorf("%d requests aborted, want %d", n, aborted)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	a := newApp(t)
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{{0, "1"}, {7 * time.Second, "7"}, {-1, ""}} {
		a.once(deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, RetryAfter: tt.after})
		if got := a.renew(); got.status != 429 || got.header.Get("Retry-After") != tt.want {
			t.Errorf("%v: %d, Retry-After %q, want %q", tt.after, got.status, got.header.Get("Retry-After"), tt.want)
		}
	}
}

// Faults of the API choose by the client whose token a call bears.
func TestFaultsOfACall(t *testing.T) {
	a := newApp(t)
	other := a.z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.HTML, Route: "/api/v2/", Client: deskauthtest.PublicClient})
	mine := a.z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.TooManyRequests, Route: "GET /api/v2/users/me", Client: deskauthtest.ClientID, Count: 1})
	if got := a.me(); got.status != 429 || !json.Valid([]byte(got.body)) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := a.me(); got.status != 200 {
		t.Errorf("after it was spent: %d %s", got.status, got.body)
	}
	if a.z.Faults.Fired(other) != 0 || a.z.Faults.Fired(mine) != 1 {
		t.Errorf("fired %d and %d times", a.z.Faults.Fired(other), a.z.Faults.Fired(mine))
	}
	a.z.Faults.Add(deskauthtest.Fault{Kind: deskauthtest.RevokeNow, Route: "/api/v2/", Count: 1})
	if got := a.me(); got.status != 401 || a.count("bearer.refused") != 1 {
		t.Errorf("with a token that was revoked at that moment: %d, %d entries", got.status, a.count("bearer.refused"))
	}
	if got := a.renew(); got.status != 400 || a.count("refresh.ended") != 1 {
		t.Errorf("its refresh token: %d, %d entries", got.status, a.count("refresh.ended"))
	}
}

// Two faults of one request: the first added is the outer one.
func TestFaultsOfOneRequestAddUp(t *testing.T) {
	a := newApp(t)
	a.once(deskauthtest.Fault{Kind: deskauthtest.MalformedJSON})
	a.once(deskauthtest.Fault{Kind: deskauthtest.ShortenedLife, AccessLife: time.Second})
	if got := a.renew(); got.status != 200 || json.Valid([]byte(got.body)) || a.count("fault.fired") != 2 {
		t.Errorf("%d %s, %d fired", got.status, got.body, a.count("fault.fired"))
	}
}

// Each way in which a code or a refresh token is refused has its own name.
func TestVerdictsInTheJournal(t *testing.T) {
	a := newApp(t)
	first := a.refresh
	expect := func(event string, status int, pairs ...string) {
		t.Helper()
		mark := a.z.Journal.Mark()
		if got := a.token(pairs...); got.status != status {
			t.Errorf("%s: %d %s", event, got.status, got.body)
		}
		var names []string
		for _, e := range a.z.Journal.Find(deskauthtest.Query{Since: mark}) {
			names = append(names, e.Event)
			if e.Event != "request.answered" && (e.Account != "acme" || e.Client == "" || e.RequestID == "") {
				t.Errorf("%+v", e)
			}
		}
		if !slices.Equal(names, []string{event, "request.answered"}) {
			t.Errorf("journal %v, want %s", names, event)
		}
	}
	refresh := func(token string) []string { return []string{"grant_type", "refresh_token", "refresh_token", token} }
	expect("refresh.unknown", 400, refresh("0000")...)
	expect("refresh.refused", 400, append(refresh(first), "scope", "impersonate")...)
	expect("refresh.rotated", 200, refresh(first)...)
	expect("refresh.replayed", 400, refresh(first)...)
	expect("client.refused", 401, append(refresh(a.refresh), "client_secret", "wrong")...)
	expect("code.unknown", 400, "grant_type", "authorization_code", "code", "nothing")
	expect("token.issued", 200, "grant_type", "client_credentials", "scope", "read")
	expect("token.refused", 400, "grant_type", "client_credentials", "scope", "read", "expires_in", "1")
	a.z.Clock.Advance(100 * 24 * time.Hour)
	b := newApp(t)
	b.z.Clock.Advance(31 * 24 * time.Hour)
	if b.renew(); b.count("refresh.expired") != 1 {
		t.Error("an expired refresh token has no entry of its own")
	}
	if consents := b.z.Journal.Count(deskauthtest.Query{Event: "consent."}); consents != 2 { // asked, allowed
		t.Errorf("%d entries of consent", consents)
	}
}

// Nothing that was issued stands in the journal, in what the controls answer, or
// in the log.
func TestControlsTellNoSecret(t *testing.T) {
	var log lockedText
	a := newApp(t, deskauthtest.Log(httpd.NewLogger(&log, slog.LevelDebug, "text")))
	secrets := []string{deskauthtest.ClientSecret, a.access, a.refresh}
	a.once(deskauthtest.Fault{Kind: deskauthtest.DropAfterCommit})
	a.renew()
	a.renew()
	a.me()
	client, err := control.Dial(a.z.ControlAddress())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	texts := map[string]string{"the log": log.String()}
	for _, path := range []string{"/journal", "/state", "/snapshot", "/faults", "/clock"} {
		var raw json.RawMessage
		if err := client.Do(t.Context(), "GET", path, nil, &raw); err != nil {
			t.Fatal(err)
		}
		texts[path] = string(raw)
	}
	for where, text := range texts {
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s has a secret: %.10s…", where, s)
			}
		}
	}
	if !strings.Contains(texts["/journal"], `"refresh.replayed"`) || !strings.Contains(texts["/state"], `"tokens"`) {
		t.Error("there was nothing to look at")
	}
}

// The journal can be followed as it grows, and ends with the issuer.
func TestFollowTheJournal(t *testing.T) {
	a := newApp(t)
	client, err := control.Dial(a.z.ControlAddress())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	body, err := client.Open(t.Context(), "GET", "/journal?follow=true&event=refresh.", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(body)
	for _, want := range []control.Event{"refresh.rotated", "refresh.unknown"} {
		a.renew()
		a.refresh = "gone"
		var e control.Entry
		if err := lines.Decode(&e); err != nil || e.Event != want {
			t.Errorf("followed %+v, %v; want %s", e, err, want)
		}
	}
	if err := a.z.Close(); err != nil {
		t.Error(err)
	}
	var more control.Entry
	if err := lines.Decode(&more); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %+v, %v", more, err)
	}
	body.Close()
}

// lockedText is a log that many write.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
