package httpd

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/secret"
)

// logged serves one request through the usual chain and returns what was
// answered and the lines of the log.
func logged(t *testing.T, h http.Handler, r *http.Request) (*httptest.ResponseRecorder, []map[string]any, string) {
	t.Helper()
	var out lockedBuffer
	log := NewLogger(&out, slog.LevelInfo, "json")
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if cause := recover(); cause != nil && cause != http.ErrAbortHandler { //nolint:errorlint // a panic value, no chain
				panic(cause)
			}
		}()
		Chain(h, RequestID, Log(log), Recover(log, nil), ClientAddress(nil)).ServeHTTP(w, r)
	}()
	var lines []map[string]any
	for dec := json.NewDecoder(strings.NewReader(out.String())); ; {
		var line map[string]any
		if err := dec.Decode(&line); err == io.EOF {
			return w, lines, out.String()
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}

func request(method, target string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = "192.0.2.7:1234"
	return r
}

func TestLogLine(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tickets/{id}", func(w http.ResponseWriter, r *http.Request) {
		Note(r.Context(), slog.String("account", "acme"), slog.Int("user", 1))
		Note(r.Context(), slog.String("account", "beta"))
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	})
	w, lines, _ := logged(t, mux, request("GET", "http://acme.localhost:4000/tickets/35?access_token=t0ken"))
	if len(lines) != 1 {
		t.Fatalf("%d lines, want 1", len(lines))
	}
	got := lines[0]
	if d, ok := got["duration"].(float64); !ok || d <= 0 {
		t.Errorf("duration %v", got["duration"])
	}
	delete(got, "duration")
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "GET", "route": "/tickets/{id}",
		"host": "acme.localhost:4000", "status": 418.0, "bytes": 15.0, "address": "192.0.2.7",
		"request_id": w.Header().Get("X-Request-Id"), "account": "beta", "user": 1.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("line differs (-want +got):\n%s", diff)
	}
}

func TestLogStatusIsTheFinalOne(t *testing.T) {
	var out lockedBuffer
	url, stop := start(t, Log(NewLogger(&out, slog.LevelInfo, "text"))(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints) // not the answer yet
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "short and stout")
		})))
	if got := body(t, http.DefaultClient, url); got != "short and stout" {
		t.Errorf("answered %q", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "status=418 bytes=15 ") {
		t.Errorf("log = %s", got)
	}
}

func TestLogNeverShowsWhatTheClientSent(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/tokens", func(_ http.ResponseWriter, r *http.Request) {
		Note(r.Context(), slog.Any("token", secret.Of("t0ken")))
	})
	mux.HandleFunc("/panic", func(_ http.ResponseWriter, r *http.Request) { panic(secret.Of(r.FormValue("code"))) })
	for _, target := range []string{"/oauth/tokens?code=t0ken", "/t0ken", "/t0ken?code=t0ken", "/panic?code=t0ken"} {
		r := request("POST", target)
		r.Header.Set("Authorization", "Bearer t0ken")
		r.Header.Set("Cookie", "session=t0ken")
		r.Header.Set("Referer", "http://a/?code=t0ken")
		r.Header.Set("X-Request-Id", "t0ken")
		w, _, all := logged(t, mux, r)
		if strings.Contains(all, "t0ken") || !strings.Contains(all, "request") {
			t.Errorf("%s: log = %s", target, all)
		}
		if strings.Contains(w.Header().Get("X-Request-Id"), "t0ken") {
			t.Errorf("%s: the client chose the request id", target)
		}
	}
}

func TestLogRoute(t *testing.T) {
	inner := http.NewServeMux()
	inner.HandleFunc("POST /inner/{id}", func(http.ResponseWriter, *http.Request) {})
	copying := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type key struct{}
		Route(inner).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, 1)))
	})
	mux := http.NewServeMux()
	mux.Handle("GET /plain", http.NotFoundHandler())
	mux.Handle("acme.localhost/host", http.NotFoundHandler())
	mux.Handle("/inner/", copying)
	for _, tt := range []struct{ method, target, route, as string }{
		{"GET", "/plain", "/plain", "GET"},
		{"HEAD", "/plain", "/plain", "HEAD"},
		{"POST", "/plain", "unmatched", "POST"}, // 405
		{"GET", "/none", "unmatched", "GET"},
		{"GET", "http://acme.localhost/host", "acme.localhost/host", "GET"},
		{"POST", "/inner/17", "/inner/{id}", "POST"},
		{"BREW", "/none", "unmatched", "OTHER"},
	} {
		_, lines, _ := logged(t, mux, request(tt.method, tt.target))
		if got := lines[0]; got["route"] != tt.route || got["method"] != tt.as {
			t.Errorf("%s %s: logged as %v %v, want %s %s", tt.method, tt.target, got["method"], got["route"], tt.as, tt.route)
		}
	}
}

func TestLogHostIsBounded(t *testing.T) {
	r := request("GET", "/")
	r.Host = strings.Repeat("a", 60_000)
	_, lines, _ := logged(t, http.NotFoundHandler(), r)
	if got := len(lines[0]["host"].(string)); got != maxHost {
		t.Errorf("host of %d bytes, want %d", got, maxHost)
	}
}

func TestRecover(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		lines   int
		status  float64
		aborted any
	}{
		{"before the response", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Set-Cookie", "session=1")
			panic("broken")
		}, 2, 500, nil},
		{"within it", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			panic("broken")
		}, 2, 200, true},
		{"after a flush", func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			panic("broken")
		}, 2, 200, true},
		{"at the handler's wish", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 1, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, lines, _ := logged(t, tt.handler, request("GET", "/"))
			if len(lines) != tt.lines {
				t.Fatalf("%d lines, want %d: %v", len(lines), tt.lines, lines)
			}
			last := lines[len(lines)-1]
			if last["status"] != tt.status || last["aborted"] != tt.aborted {
				t.Errorf("status %v, aborted %v; want %v, %v", last["status"], last["aborted"], tt.status, tt.aborted)
			}
			if id := w.Header().Get("X-Request-Id"); lines[0]["request_id"] != id || id == "" {
				t.Errorf("panic logged for request %v, answered as %s", lines[0]["request_id"], id)
			}
			if tt.lines == 2 && !strings.Contains(lines[0]["stack"].(string), "log_test.go") {
				t.Errorf("stack without its cause: %v", lines[0]["stack"])
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Error("the failed handler's cookie gets out")
			}
		})
	}
}

func TestRecoverOverTheWire(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/early", func(http.ResponseWriter, *http.Request) { panic("broken") })
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("broken")
	})
	answer := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, "sorry "+RequestIDFrom(r.Context()))
	}
	url, _ := start(t, Chain(mux, RequestID, Recover(quiet(), answer)))

	res, err := http.Get(url + "/early")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if want := "sorry " + res.Header.Get("X-Request-Id"); err != nil || string(got) != want || res.StatusCode != 500 {
		t.Errorf("early: %d %q, %v; want 500 %q", res.StatusCode, got, err, want)
	}

	res, err = http.Get(url + "/late")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("late: %q passes for a whole answer", got)
	}
}

func TestRequestIDs(t *testing.T) {
	form := regexp.MustCompile(`^[a-z2-7]{20}$`)
	var inner string
	h := RequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inner = RequestIDFrom(r.Context()) }))
	seen := map[string]bool{}
	for range 100 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request("GET", "/"))
		id := w.Header().Get("X-Request-Id")
		if !form.MatchString(id) || id != inner || seen[id] {
			t.Fatalf("request id %q, in the handler %q, seen before: %t", id, inner, seen[id])
		}
		seen[id] = true
	}
	if got := RequestIDFrom(t.Context()); got != "" {
		t.Errorf("outside of a request: %q", got)
	}
}

func TestNewLogger(t *testing.T) {
	for _, tt := range []struct{ format, want string }{
		{"text", `msg=shown`}, {"json", `"msg":"shown"`}, {"", `msg=shown`},
	} {
		var out lockedBuffer
		log := NewLogger(&out, slog.LevelWarn, tt.format)
		log.Info("hidden")
		log.Warn("shown")
		if got := out.String(); !strings.Contains(got, tt.want) || strings.Contains(got, "hidden") {
			t.Errorf("%q: %s", tt.format, got)
		}
	}
}
