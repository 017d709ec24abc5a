package journey_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/testlog"
)

// broken is a party that calls itself Zendesk and is not: at one step of the
// sign-in it does something that Zendesk never does. Each account is another one.
type broken struct {
	step    string // "page", "token" or "me"
	instead http.HandlerFunc
	title   string // of the page that a person comes to, after the account's host
}

const (
	didNotAnswer  = " did not answer"
	answeredWrong = " answered with something else"
)

var brokenOnes = map[string]broken{
	"page-hangup":   {"page", hangUp, didNotAnswer},
	"page-garbage":  {"page", garbage, didNotAnswer},
	"page-hangs":    {"page", hang, didNotAnswer},
	"page-gone":     {"page", http.NotFound, didNotAnswer},
	"token-html":    {"token", says(200, "text/html", "<html><h1>Welcome</h1>"), answeredWrong},
	"token-down":    {"token", says(503, "text/html", "<html><h1>We will be back</h1>"), answeredWrong},
	"token-empty":   {"token", says(200, "application/json", ""), answeredWrong},
	"token-cut":     {"token", says(200, "application/json", `{"access_token":"abc`), answeredWrong},
	"token-types":   {"token", says(200, "application/json", `{"access_token":17,"token_type":[]}`), answeredWrong},
	"token-nothing": {"token", says(200, "application/json", `{}`), answeredWrong},
	"token-binary":  {"token", says(200, "application/json", "\x00\xff\xfe\x01"), answeredWrong},
	"token-later":   {"token", says(429, "application/json", `{}`), didNotAnswer},
	"token-away":    {"token", elsewhere, answeredWrong},
	"token-endless": {"token", endless, answeredWrong},
	"token-garbage": {"token", garbage, didNotAnswer},
	"token-hangup":  {"token", hangUp, didNotAnswer},
	"token-hangs":   {"token", hang, didNotAnswer},
	"token-drips":   {"token", drip, answeredWrong},
	"me-html":       {"me", says(200, "text/html", "<html><h1>Welcome</h1>"), answeredWrong},
	"me-down":       {"me", says(500, "text/html", "<html>"), didNotAnswer},
	"me-nobody":     {"me", says(200, "application/json", `{"user":{"id":null,"name":"Anonymous user","role":"end-user"}}`), "Nobody was signed in"},
	"me-nothing":    {"me", says(200, "application/json", `{}`), answeredWrong},
	"me-away":       {"me", elsewhere, answeredWrong},
	"me-endless":    {"me", endless, answeredWrong},
	"me-garbage":    {"me", garbage, didNotAnswer},
	"me-hangs":      {"me", hang, didNotAnswer},
}

func says(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// elsewhere sends whoever asks to another account, where nobody may come.
func elsewhere(w http.ResponseWriter, r *http.Request) {
	_, port, _ := net.SplitHostPort(r.Host)
	http.Redirect(w, r, "http://elsewhere.localhost:"+port+r.URL.Path, http.StatusTemporaryRedirect)
}

// endless sends as much as is taken.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"access_token":"`)
	chunk := strings.Repeat("x", 64<<10)
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}

// drip sends a byte now and then: every read succeeds, and it never ends.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush() // whoever is gone ends the context
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// garbage answers in no protocol.
func garbage(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "\x00\x01\x02 220 ready\r\n\r\n")
}

// brokenZendesk serves all of brokenOnes; strayed counts who came elsewhere.
func brokenZendesk(t *testing.T) (port string, strayed *atomic.Int64) {
	t.Helper()
	strayed = &atomic.Int64{}
	at := func(step string, otherwise http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			// net/http notices that a client is gone once its body is read.
			_, _ = io.Copy(io.Discard, r.Body)
			account, _, _ := strings.Cut(r.Host, ".")
			if one := brokenOnes[account]; one.step == step {
				one.instead(w, r)
				return
			}
			if account == "elsewhere" {
				strayed.Add(1)
			}
			otherwise(w, r)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/authorizations/new", at("page", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		back := url.Values{"state": {query.Get("state")}, "code": {"code-of-a-broken-zendesk"}}
		http.Redirect(w, r, query.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	}))
	mux.HandleFunc("/oauth/tokens", at("token", says(200, "application/json",
		`{"access_token":"access-of-a-broken-zendesk","refresh_token":"refresh-of-a-broken-zendesk","token_type":"bearer","scope":"read","expires_in":1800}`)))
	mux.HandleFunc("/api/v2/users/me.json", at("me", says(200, "application/json", `{"user":{"id":1,"name":"Nobody","role":"agent"}}`)))
	mux.HandleFunc("/api/v2/users/me", at("me", says(200, "application/json", `{"user":{"id":1,"name":"Nobody","role":"agent"}}`)))
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port, strayed
}

// A Zendesk that answers slowly, wrongly, with HTML or not at all ends in a page that
// says so: not in a hang, nor in an error of the broker's own.
func TestBrokenZendesk(t *testing.T) {
	t.Parallel() // it waits most of the time
	zendesk, strayed := brokenZendesk(t)
	testlog.Issued(t, "code-of-a-broken-zendesk", "access-of-a-broken-zendesk", "refresh-of-a-broken-zendesk")
	dir, port := t.TempDir(), journey.FreePort(t)
	d := journey.Start(t, "broker", nil, "broker", "--listen", "127.0.0.1:"+port, "--db", "sqlite:"+filepath.Join(dir, "broker.db"),
		"--sealing-keys", filepath.Join(dir, "keys.json"), "--client-id", "app", "--zendesk-url", "http://{subdomain}.localhost:"+zendesk)

	var all sync.WaitGroup
	for account, one := range brokenOnes {
		all.Go(func() {
			if err := meet(t.Context(), "http://localhost:"+port, account, account+".localhost:"+zendesk, one); err != nil {
				t.Errorf("%s: %v", account, err)
			}
		})
	}
	all.Wait()
	if n := strayed.Load(); n > 0 {
		t.Errorf("%d requests went to another account's host", n)
	}
	d.Terminate()
	if strings.Contains(d.Log(), "panic") || strings.Contains(d.Log(), "status=500") {
		t.Errorf("the broker's own fault:\n%s", d.Log())
	}
}

// meet walks into one of them.
func meet(ctx context.Context, broker, account, host string, one broken) error {
	// Zendesk has 15 s for each request, and there are three of them.
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	b := journey.NewBrowser()
	page, err := b.Get(ctx, broker+"/")
	if err == nil {
		page, err = b.Submit(ctx, page, "subdomain="+account)
	}
	if err != nil {
		return err
	}
	title := one.title
	if strings.HasPrefix(title, " ") {
		title = host + title
	}
	status := http.StatusBadGateway
	if account == "page-gone" { // a page that is not there is read as an account that is not
		status, title = http.StatusNotFound, "There is no "+host
	}
	if page.Status != status || page.Title() != title {
		return fmt.Errorf("the page %q, status %d; want %q, status %d", page.Title(), page.Status, title, status)
	}
	if !strings.Contains(page.Text(), "Request "+page.Header.Get("X-Request-Id")) {
		return fmt.Errorf("the page %q does not tell its request id", page.Title())
	}
	return nil
}
