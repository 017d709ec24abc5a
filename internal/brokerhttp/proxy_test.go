package brokerhttp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
)

// proxySite is a site with a key, and a Zendesk that keeps what reaches its API.
type proxySite struct {
	*apiSite
	key  string
	root string // of the proxy, a path

	mu      sync.Mutex
	inner   http.HandlerFunc
	reached []*http.Request
}

func newProxySite(t testing.TB) *proxySite {
	t.Helper()
	p := &proxySite{apiSite: newAPISite(t)}
	p.key = p.apiSite.key(broker.Key{Can: []broker.Power{broker.Lend}})
	p.root = fmt.Sprintf("/v1/connections/%d/proxy", p.id)
	p.inner = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }
	p.api = func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.reached = append(p.reached, r)
		api := p.inner
		p.mu.Unlock()
		api(w, r)
	}
	return p
}

// serves has Zendesk answer by h.
func (p *proxySite) serves(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inner = h
}

// last is what reached Zendesk last; nil when nothing did since.
func (p *proxySite) last() *http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.reached) == 0 {
		return nil
	}
	r := p.reached[len(p.reached)-1]
	p.reached = nil
	return r
}

func (p *proxySite) call(method, path string, body io.Reader, header ...string) response {
	p.t.Helper()
	req := p.proxied(method, path, body, header...)
	resp, err := p.newBrowser().Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response{resp, string(text)}
}

func (p *proxySite) proxied(method, path string, body io.Reader, header ...string) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url.String()+p.root+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	for n := 0; n < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	return req
}

// wire sends a request as it is written, and returns the status and the answer.
func (p *proxySite) wire(text string) (status int, answer string) {
	p.t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+p.url.Port())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// get writes a GET by hand.
func (p *proxySite) wireGet(target string, header ...string) (status int, answer string) {
	p.t.Helper()
	lines := "GET " + target + " HTTP/1.1\nHost: x\nConnection: close\nAuthorization: Bearer " + p.key + "\n"
	for _, h := range header {
		lines += h + "\n"
	}
	return p.wire(lines + "\n")
}

func TestProxyPassesOn(t *testing.T) {
	p := newProxySite(t)
	p.serves(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Set-Cookie", "_zendesk_session=theirs")
		w.Header().Set("X-Rate-Limit", "700")
		w.Header().Set("Cache-Control", "max-age=0, private, must-revalidate")
		w.Header().Set("Deskauth-Retry", "1")
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, "%s %s", r.Method, body)
	})
	resp := p.call("PUT", "/api/v2/tickets/1.json?a=1&b=2;c&%zz", strings.NewReader(`{"ticket":{}}`),
		"Content-Type", "application/json", "Cookie", "theirs=mine", "X-On-Behalf-Of", "pat@acme.example",
		"X-Forwarded-For", "203.0.113.9", "X-Forwarded-Host", "evil.example", "Proxy-Authorization", "Basic eDp5", "Te", "trailers",
		"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Tracestate", "a=b", "Baggage", "user=ada")
	if resp.StatusCode != http.StatusCreated || resp.body != `PUT {"ticket":{}}` {
		t.Fatalf("%d %q", resp.StatusCode, resp.body)
	}
	if resp.Header.Get("Set-Cookie") != "" || resp.Header.Get("Deskauth-Retry") != "" || resp.Header.Get("X-Rate-Limit") != "700" ||
		!slices.Equal(resp.Header.Values("Cache-Control"), []string{"max-age=0, private, must-revalidate"}) {
		t.Errorf("answered with %v", resp.Header)
	}
	r := p.last()
	if r.Host != p.zendesk.URL("acme").Host || r.RequestURI != "/api/v2/tickets/1.json?a=1&b=2;c&%zz" {
		t.Errorf("asked %s of %s", r.RequestURI, r.Host)
	}
	got := map[string]string{}
	for name := range r.Header {
		got[name] = r.Header.Get(name)
	}
	want := map[string]string{
		"Authorization": "Bearer acc3ss-of-ada", "Content-Type": "application/json", "X-On-Behalf-Of": "pat@acme.example",
		"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip", "Content-Length": "13", "Te": "trailers",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("headers (-want +got):\n" + diff)
	}
	for _, hidden := range []string{"acc3ss", p.key, "tickets/1", "theirs"} {
		if strings.Contains(p.log.String(), hidden) {
			t.Errorf("the log tells %q", hidden)
		}
	}
	if !strings.Contains(p.log.String(), "route=/v1/connections/{id}/proxy/") {
		t.Error("the log does not tell the route")
	}
}

// A path goes to Zendesk byte for byte, or not at all.
func TestProxyPaths(t *testing.T) {
	p := newProxySite(t)
	for _, c := range []struct {
		path   string
		status int // 200: it arrives as it is
	}{
		{"/api/v2/tickets.json", 200},
		{"/api/v2/", 200},
		{"/api/v2/a%2Fb/c%2fd", 200},
		{"/api/v2//double//slash/", 200},
		{"/api/v2/%E2%82%AC/%zz", 400}, // no escape: the server itself refuses
		{"/api/v2/%E2%82%AC", 200},
		{"/api/v2/a;b=c/$&'()*+,=:@!~", 200},
		{"/api/v2/%20?q=type:ticket%20status<solved&sort[]=x", 200},
		{"/api/v2/...", 200},
		{"/api/v2/a.b/.c", 200},
		{"/api/v2/?", 200},
		{"/api/v2/a|b", 400},
		{"/api/v2/\"quoted\"", 400},
		{"/api/v2/../../oauth/tokens", 400},
		{"/api/v2/./x", 400},
		{"/api/v2/%2e%2e/%2E%2e/oauth/tokens", 400},
		{"/api/v2/..%2f..%2foauth/tokens", 400},
		{"/api/v2/..%5c..%5coauth", 400},
		{"/api/v2/%252e%252e/%252e%252e/oauth/tokens", 400},
		{"/api/v2/..%25252foauth", 400},
		{"/api/v2/%25252525252525", 400},
		{"/api/v2/100%25/%252E%252E/x", 400},
		{"/api/v2/100%25", 200},
		{"/api/v2/100%2525", 200},
		{"/api/v2/..;/x", 400},
		{"/api/v2", 404},
		{"/api/v2x/y", 404},
		{"/api/v1/tickets", 404},
		{"/api//v2/tickets", 404},
		{"/API/v2/tickets", 404},
		{"/oauth/tokens", 404},
		{"//evil.example/api/v2/x", 404},
		{"/http://evil.example/api/v2/", 404},
		{"@evil.example/api/v2/x", 404},
		{"/%2fapi/v2/x", 404},
		{"", 404},
		{"/", 404},
	} {
		status, body := p.wireGet(p.root + c.path)
		r := p.last()
		switch {
		case status != c.status:
			t.Errorf("%s: %d %s, want %d", c.path, status, body, c.status)
		case (r != nil) != (status == 200):
			t.Errorf("%s: answered %d, and reached Zendesk: %v", c.path, status, r != nil)
		case r != nil && (r.RequestURI != c.path || r.Host != p.zendesk.URL("acme").Host):
			t.Errorf("%s became %s of %s", c.path, r.RequestURI, r.Host)
		}
	}
	// In absolute form a target names a host, which decides nothing.
	for _, target := range []string{"http://evil.example" + p.root + "/api/v2/x", "*"} {
		if status, _ := p.wireGet(target); status == 200 || p.last() != nil {
			t.Errorf("%s: %d", target, status)
		}
	}
}

func TestProxyRefuses(t *testing.T) {
	p := newProxySite(t)
	elsewhere := p.apiSite.key(broker.Key{Can: []broker.Power{broker.Link}})
	for _, c := range []struct {
		name, method, path string
		header             []string
		status             int
		kind               string
	}{
		{"no key", "GET", "/api/v2/x", []string{"Authorization", ""}, 401, "key_refused"},
		{"a token as key", "GET", "/api/v2/x", []string{"Authorization", "Bearer acc3ss-of-ada"}, 401, "key_refused"},
		{"a key for something else", "GET", "/api/v2/x", []string{"Authorization", "Bearer " + elsewhere}, 403, "forbidden"},
		{"an upgrade", "GET", "/api/v2/x", []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 501, "no_upgrade"},
		{"TRACE", "TRACE", "/api/v2/x", nil, 405, "method_not_allowed"},
		{"a method of its own", "PURGE", "/api/v2/x", nil, 405, "method_not_allowed"},
		{"another brand", "GET", "/api/v2/x", []string{"Deskauth-Host", "globex"}, 400, "invalid"},
		{"a host", "GET", "/api/v2/x", []string{"Deskauth-Host", "acme-shop.evil.example"}, 400, "invalid"},
		{"a trick of a host", "GET", "/api/v2/x", []string{"Deskauth-Host", "evil.example/acme-shop"}, 400, "invalid"},
	} {
		resp := p.call(c.method, c.path, nil, c.header...)
		if resp.StatusCode != c.status || !strings.Contains(resp.body, "urn:deskauth:problem:"+c.kind+`"`) || p.last() != nil {
			t.Errorf("%s: %d %s", c.name, resp.StatusCode, resp.body)
		}
		if (c.status == 405) != (resp.Header.Get("Allow") != "") {
			t.Errorf("%s: Allow %q", c.name, resp.Header.Get("Allow"))
		}
	}
	if status, _ := p.wireGet(p.root+"/api/v2/x", "Deskauth-Host: acme-shop", "Deskauth-Host: acme"); status != 400 {
		t.Errorf("two hosts: %d", status)
	}
	mine := p.apiSite.key(broker.Key{Can: []broker.Power{broker.Lend}, Connections: []broker.ConnectionID{p.id}})
	p.root = fmt.Sprintf("/v1/connections/%d/proxy", p.id+1)
	if resp := p.call("GET", "/api/v2/x", nil, "Authorization", "Bearer "+mine); resp.StatusCode != 404 {
		t.Errorf("another's connection: %d", resp.StatusCode)
	}
}

func TestProxyReachesBrands(t *testing.T) {
	p := newProxySite(t)
	for host, want := range map[string]string{"acme-shop": "acme-shop", "ACME-Shop": "acme-shop", "acme": "acme"} {
		if resp := p.call("GET", "/api/v2/x", nil, "Deskauth-Host", host); resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", host, resp.StatusCode, resp.body)
		}
		if r := p.last(); r.Host != p.zendesk.URL(want).Host || r.Header.Get("Deskauth-Host") != "" {
			t.Errorf("%s led to %s (%v)", host, r.Host, r.Header)
		}
	}
}

// What two servers read differently does not reach the second.
func TestProxyIsNotSmuggledThrough(t *testing.T) {
	p := newProxySite(t)
	hidden := "GET /api/v2/hidden HTTP/1.1\nHost: x\n\n"
	start := "POST " + p.root + "/api/v2/x HTTP/1.1\nHost: x\nConnection: close\nAuthorization: Bearer " + p.key + "\n"
	for name, text := range map[string]string{
		"length and chunks":   start + "Content-Length: 4\nTransfer-Encoding: chunked\n\n0\n\n" + hidden,
		"two lengths":         start + "Content-Length: 0\nContent-Length: 40\n\n" + hidden,
		"chunks, and more":    start + "Transfer-Encoding: chunked, identity\n\n0\n\n" + hidden,
		"a space":             start + "Transfer-Encoding : chunked\n\n0\n\n" + hidden,
		"a folded header":     start + "X: y\n Transfer-Encoding: chunked\n\n" + hidden,
		"a length named away": start + "Content-Length: 0\nConnection: content-length\n\n" + hidden,
		"a line in a header":  start + "X: a\rY: b\n\n" + hidden,
	} {
		_, _ = p.wire(text)
		p.mu.Lock()
		for _, r := range p.reached {
			if r.URL.Path != "/api/v2/x" || len(r.Header.Values("Authorization")) != 1 {
				t.Errorf("%s: %s %s reached Zendesk", name, r.Method, r.URL)
			}
		}
		p.reached = nil
		p.mu.Unlock()
	}
	// The token is not taken away by naming its header hop by hop.
	if status, _ := p.wireGet(p.root+"/api/v2/x", "Connection: authorization"); status != 200 || p.last().Header.Get("Authorization") != "Bearer acc3ss-of-ada" {
		t.Error("without its token")
	}
}

func TestProxyDoesNotFollow(t *testing.T) {
	p := newProxySite(t)
	root := p.zendesk.URL("acme").String()
	for location, want := range map[string]string{
		root + "/api/v2/tickets/1.json?x=1#y":               p.root + "/api/v2/tickets/1.json?x=1#y",
		"/api/v2/tickets/2.json":                            p.root + "/api/v2/tickets/2.json",
		"2.json":                                            p.root + "/api/v2/2.json",
		"/attachments/token/x/?name=a":                      root + "/attachments/token/x/?name=a",
		"/api/v2/../../hc/en":                               root + "/hc/en",
		"https://p1.zdusercontent.com/attachment":           "https://p1.zdusercontent.com/attachment",
		"//evil.example/api/v2/":                            "//evil.example/api/v2/",
		"http://u:p@" + root[len("http://"):] + "/api/v2/x": "http://u:p@" + root[len("http://"):] + "/api/v2/x",
	} {
		p.serves(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(http.StatusFound)
		})
		resp := p.call("GET", "/api/v2/x", nil)
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusFound || got != want {
			t.Errorf("%s became %s, want %s (%d)", location, got, want, resp.StatusCode)
		}
		p.mu.Lock()
		if len(p.reached) != 1 {
			t.Errorf("%s: %d requests", location, len(p.reached))
		}
		p.reached = nil
		p.mu.Unlock()
	}
}

// What is said of Zendesk's host is not said of ours.
func TestProxyDropsWhatIsOfTheHost(t *testing.T) {
	p := newProxySite(t)
	of := map[string]string{
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "Alt-Svc": `h3=":443"`, "Clear-Site-Data": `"*"`,
		"Nel": "{}", "Report-To": "{}", "Reporting-Endpoints": `a="https://a.example"`,
	}
	p.serves(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range of {
			w.Header().Set(name, value)
		}
	})
	resp := p.call("GET", "/api/v2/x", nil)
	for name := range of {
		if got := resp.Header.Get(name); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// No interim answer gets out: it could set a cookie.
func TestProxyInterim(t *testing.T) {
	p := newProxySite(t)
	p.serves(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "done")
	})
	status, body := p.wireGet(p.root + "/api/v2/x")
	if status != 200 || body != "done" {
		t.Errorf("%d %q", status, body)
	}
	// Nor does it cost the last one what is said of every answer.
	resp := p.call("GET", "/api/v2/x", nil)
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Set-Cookie": ""} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("no request id in %v", resp.Header)
	}
}

// An upload goes through while it arrives, and is nowhere whole.
func TestProxyStreams(t *testing.T) {
	p := newProxySite(t)
	var arrived atomic.Int64
	more := make(chan struct{})
	p.serves(func(w http.ResponseWriter, r *http.Request) {
		buf, once := make([]byte, 64<<10), sync.Once{}
		for {
			n, err := r.Body.Read(buf)
			if arrived.Add(int64(n)) >= 1<<20 {
				once.Do(func() { close(more) })
			}
			if err != nil {
				break
			}
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "begun ")
		_ = http.NewResponseController(w).Flush()
		_, _ = fmt.Fprint(w, arrived.Load())
	})
	const size = 20 << 20
	in, out := io.Pipe()
	go func() {
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		for sent := 0; sent < size; sent += len(chunk) {
			if sent == 4<<20 {
				select {
				case <-more: // the rest is sent only when Zendesk has had some of it
				case <-t.Context().Done():
				}
			}
			if _, err := out.Write(chunk); err != nil {
				return
			}
		}
		_ = out.Close()
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp := p.call("POST", "/api/v2/uploads.json?filename=big.bin", in, "Content-Type", "application/binary")
	runtime.ReadMemStats(&after)
	if resp.StatusCode != http.StatusCreated || resp.body != fmt.Sprintf("begun %d", size) {
		t.Fatalf("%d %q", resp.StatusCode, resp.body)
	}
	// Of client, broker and Zendesk together, all that was ever allocated. The race
	// detector makes pools forget, so it is not far from half.
	if got := after.TotalAlloc - before.TotalAlloc; got > size*3/5 {
		t.Errorf("%d bytes were allocated for an upload of %d", got, size)
	}
}

func TestProxyBounds(t *testing.T) {
	p := newProxySite(t)
	p.serves(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	// Said beforehand, nothing of it is read.
	status, body := p.wire("POST " + p.root + "/api/v2/uploads HTTP/1.1\nHost: x\nAuthorization: Bearer " + p.key + "\nContent-Length: 67108865\n\n")
	if status != http.StatusRequestEntityTooLarge || !strings.Contains(body, "too_large") || p.last() != nil {
		t.Errorf("%d %s", status, body)
	}
	req := p.proxied("POST", "/api/v2/uploads", io.LimitReader(endless{}, 65<<20))
	resp, err := p.newBrowser().Do(req)
	if err != nil {
		return // the connection may be closed under what is still sent
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("without a length: %d", resp.StatusCode)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A caller who leaves takes the request to Zendesk along.
func TestProxyCallerLeaves(t *testing.T) {
	p := newProxySite(t)
	there, gone := make(chan struct{}), make(chan struct{})
	p.serves(func(_ http.ResponseWriter, r *http.Request) {
		close(there)
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	req := p.proxied("GET", "/api/v2/slow", nil).WithContext(ctx)
	go func() {
		<-there
		cancel()
	}()
	resp, err := p.newBrowser().Do(req)
	if err == nil {
		_ = resp.Body.Close()
		t.Error("answered")
	}
	select {
	case <-gone:
	case <-t.Context().Done():
		t.Error("the request to Zendesk went on")
	}
}

// A token that Zendesk refuses is renewed, and the request is sent again if its body
// was kept.
func TestProxyRenews(t *testing.T) {
	p := newProxySite(t)
	var pairs atomic.Int64
	p.token = func(w http.ResponseWriter, _ *http.Request) {
		n := pairs.Add(1)
		answer(w, map[string]any{"access_token": fmt.Sprint("renewed-", n), "refresh_token": fmt.Sprint("r-", n), "scope": "read", "expires_in": 1800})
	}
	good := "Bearer renewed-1"
	p.serves(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != good {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"invalid_token","error_description":"The access token provided is expired, revoked, malformed or invalid for other reasons."}`)
			return
		}
		_, _ = fmt.Fprintf(w, "%d bytes", len(body))
	})
	if resp := p.call("POST", "/api/v2/x", io.MultiReader(strings.NewReader("of no known"), strings.NewReader(" length"))); resp.StatusCode != 200 || resp.body != "18 bytes" {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if pairs.Load() != 1 {
		t.Fatalf("%d renewals", pairs.Load())
	}
	// Too long to be kept: renewed all the same, and the caller is told to come again.
	p.token = func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"access_token": "renewed-2", "refresh_token": "r-2", "scope": "read", "expires_in": 1800})
	}
	good = "Bearer renewed-2"
	// The one forced renewal of a generation was the last; a whole life later there
	// may be another.
	p.broker.Now = func() time.Time { return time.Now().Add(29 * time.Minute) }
	if resp := p.call("POST", "/api/v2/x", bytes.NewReader(make([]byte, 2<<20))); resp.StatusCode != 200 || resp.body != "2097152 bytes" {
		t.Fatalf("renewed beforehand, within two minutes of its end: %d %s", resp.StatusCode, resp.body)
	}
	p.token = func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"access_token": "renewed-3", "refresh_token": "r-3", "scope": "read", "expires_in": 1800})
	}
	good = "Bearer renewed-3"
	resp := p.call("POST", "/api/v2/x", bytes.NewReader(make([]byte, 2<<20)))
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Deskauth-Retry") != "1" || !strings.Contains(resp.body, "invalid_token") {
		t.Fatalf("refused: %d %v %s", resp.StatusCode, resp.Header, resp.body)
	}
	if resp := p.call("POST", "/api/v2/x", bytes.NewReader(make([]byte, 2<<20))); resp.StatusCode != 200 {
		t.Fatalf("again: %d", resp.StatusCode)
	}
}

// Other refusals are the caller's own.
func TestProxyPassesRefusalsOn(t *testing.T) {
	p := newProxySite(t)
	renewed := false
	p.token = func(w http.ResponseWriter, r *http.Request) { renewed = true; pair(w, r) }
	for status, header := range map[int]string{403: "", 404: "", 422: "", 429: "7", 503: "9"} {
		p.serves(func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":"invalid_token"}`)
		})
		resp := p.call("GET", "/api/v2/x", nil)
		if resp.StatusCode != status || resp.Header.Get("Retry-After") != header || resp.body != `{"error":"invalid_token"}` {
			t.Errorf("%d %v %s", resp.StatusCode, resp.Header, resp.body)
		}
	}
	if renewed {
		t.Error("a token was renewed that Zendesk did not refuse")
	}
}

// Zendesk does not answer, or not to the end.
func TestProxyWithoutAnAnswer(t *testing.T) {
	p := newProxySite(t)
	p.serves(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	resp := p.call("POST", "/api/v2/x", strings.NewReader("{}"))
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(resp.body, "unreachable") || strings.Contains(resp.body, "localhost") {
		t.Errorf("hung up: %d %s", resp.StatusCode, resp.body)
	}
	p.serves(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "the beginning")
	})
	cut, err := p.newBrowser().Do(p.proxied("GET", "/api/v2/x", nil))
	if err == nil {
		defer cut.Body.Close()
		_, err = io.ReadAll(cut.Body)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		t.Errorf("cut off: %v", err)
	}
	if _, err := p.broker.Disable(t.Context(), broker.AtCommand, p.id); err != nil {
		t.Fatal(err)
	}
	p.last()
	resp = p.call("GET", "/api/v2/x", nil)
	if resp.StatusCode != http.StatusConflict || !strings.Contains(resp.body, `"reason":"switched_off"`) || p.last() != nil {
		t.Errorf("disabled: %d %s", resp.StatusCode, resp.body)
	}
}
