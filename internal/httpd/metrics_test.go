package httpd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	metrics := NewMetrics(reg)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/broken", func(http.ResponseWriter, *http.Request) { panic("broken") })
	issuer := Chain(mux, metrics.Of("issuer"), Recover(quiet(), nil))
	ops := Chain(mux, metrics.Of("ops"))
	for range 3 {
		serve(issuer, "GET", "/users/1?access_token=a")
		serve(issuer, "GET", "/users/2")
	}
	serve(issuer, "GET", "/nowhere/1")
	serve(issuer, "GET", "/nowhere/2")
	serve(issuer, "BREW", "/nowhere")
	serve(issuer, "GET", "/abort")
	serve(issuer, "GET", "/broken")
	serve(ops, "GET", "/users/1")

	want := []string{
		`deskauth_http_requests_total{code="200",method="GET",route="/users/{id}",server="issuer"} 6`,
		`deskauth_http_requests_total{code="200",method="GET",route="/users/{id}",server="ops"} 1`,
		`deskauth_http_requests_total{code="404",method="GET",route="unmatched",server="issuer"} 2`,
		`deskauth_http_requests_total{code="404",method="OTHER",route="unmatched",server="issuer"} 1`,
		`deskauth_http_requests_total{code="500",method="GET",route="/broken",server="issuer"} 1`,
		`deskauth_http_requests_total{code="aborted",method="GET",route="/abort",server="issuer"} 1`,
	}
	if diff := cmp.Diff(want, series(t, reg, "deskauth_http_requests_total")); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	want = []string{
		`deskauth_http_request_seconds_count{route="/abort",server="issuer"} 1`,
		`deskauth_http_request_seconds_count{route="/broken",server="issuer"} 1`,
		`deskauth_http_request_seconds_count{route="/users/{id}",server="issuer"} 6`,
		`deskauth_http_request_seconds_count{route="/users/{id}",server="ops"} 1`,
		`deskauth_http_request_seconds_count{route="unmatched",server="issuer"} 3`,
	}
	if diff := cmp.Diff(want, series(t, reg, "deskauth_http_request_seconds_count")); diff != "" {
		t.Errorf("seconds (-want +got):\n%s", diff)
	}
}

// series returns the lines of one metric as Prometheus reads them, sorted.
func series(t *testing.T, reg *prometheus.Registry, name string) []string {
	t.Helper()
	w := serve(Ops(reg, nil), "GET", "/metrics")
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, name+"{") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	slices.Sort(lines)
	return lines
}

// serve answers one request and stands in for net/http at an aborted one.
func serve(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	defer func() {
		if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // a panic value, no chain
			panic(cause)
		}
	}()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

func TestOps(t *testing.T) {
	var down error
	reg := prometheus.NewRegistry()
	NewMetrics(reg).requests.WithLabelValues("issuer", "/", "GET", "200").Inc()
	ops := Ops(reg, func(context.Context) error { return down })
	for _, tt := range []struct {
		name, method, target string
		down                 error
		status               int
		body                 string
	}{
		{"index", "GET", "/", nil, 200, "/healthz"},
		{"health", "GET", "/healthz", nil, 200, "ok\n"},
		{"health without a database", "GET", "/healthz", errors.New("gone"), 200, "ok\n"},
		{"ready", "GET", "/readyz", nil, 200, "ready\n"},
		{"not ready", "GET", "/readyz", errors.New("database\n is\tgone"), 503, "not ready: database is gone\n"},
		{"metrics", "GET", "/metrics", nil, 200, `deskauth_http_requests_total{code="200"`},
		{"unknown", "GET", "/debug/pprof/", nil, 404, ""},
		{"no writing", "POST", "/healthz", nil, 405, ""},
	} {
		down = tt.down
		w := serve(ops, tt.method, tt.target)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
			t.Errorf("%s: %d %q, want %d with %q", tt.name, w.Code, w.Body, tt.status, tt.body)
		}
	}
}

func TestReadyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ops := Ops(prometheus.NewRegistry(), func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		begun := time.Now()
		w := serve(ops, "GET", "/readyz")
		if took := time.Since(begun); took != time.Second || w.Code != 503 {
			t.Errorf("%d after %v, want 503 after 1s", w.Code, took)
		}
	})
}

func TestSecureHeaders(t *testing.T) {
	w := serve(SecureHeaders(http.NotFoundHandler()), "GET", "/")
	for name, want := range map[string]string{
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer",
		"X-Frame-Options":            "DENY",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestMaxBody(t *testing.T) {
	const limit = 1 << 10
	h := func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			if n != limit || tooLarge.Limit != limit {
				t.Errorf("read %d bytes with limit %d, want %d", n, tooLarge.Limit, limit)
			}
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	}
	url, _ := start(t, Chain(http.HandlerFunc(h), RequestID, MaxBody(limit)))
	for _, tt := range []struct {
		name   string
		body   io.Reader
		status int
		closed bool
	}{
		{"none", nil, 200, false},
		{"the most", bytes.NewReader(make([]byte, limit)), 200, false},
		{"one too many", bytes.NewReader(make([]byte, limit+1)), 413, true},
		{"without a length", io.LimitReader(endless{}, limit+1), 413, true},
	} {
		res, err := http.Post(url, "text/plain", tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		res.Body.Close()
		if res.StatusCode != tt.status || res.Close != tt.closed {
			t.Errorf("%s: status %d, connection closed %t; want %d, %t", tt.name, res.StatusCode, res.Close, tt.status, tt.closed)
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestChainOrder(t *testing.T) {
	var order []string
	step := func(name string) Middleware {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				order = append(order, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	serve(Chain(http.NotFoundHandler(), step("first"), step("second")), "GET", "/")
	if got := strings.Join(order, " "); got != "first second" {
		t.Errorf("order %s", got)
	}
}
