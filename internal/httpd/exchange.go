package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Middleware wraps a handler.
type Middleware func(http.Handler) http.Handler

// Chain wraps h; the first middleware is the outermost.
func Chain(h http.Handler, with ...Middleware) http.Handler {
	for i := len(with) - 1; i >= 0; i-- {
		h = with[i](h)
	}
	return h
}

// exchange is what is known of one request and its response.
type exchange struct {
	recorder

	began   time.Time
	took    time.Duration // of the handler, once it has ended
	id      string
	idValue [1]string // the header's
	address netip.Addr
	said    string // address, as text, for the log and whoever keeps it
	scheme  string

	mu    sync.Mutex // a handler may note from a goroutine of its own
	route string
	notes []slog.Attr
	room  [4]slog.Attr // for the first notes
}

type exchangeKey struct{}

func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// enter returns the exchange of r, and makes it where there is none. All our
// middleware then shares one *http.Request, in which ServeMux leaves Pattern.
func enter(w http.ResponseWriter, r *http.Request) (*exchange, http.ResponseWriter, *http.Request) {
	if x := exchangeFrom(r.Context()); x != nil {
		return x, w, r
	}
	x := &exchange{
		recorder: recorder{ResponseWriter: w},
		began:    time.Now(),
		scheme:   "http",
	}
	x.notes = x.room[:0]
	x.from(peer(r))
	if r.TLS != nil {
		x.scheme = "https"
	}
	return x, &x.recorder, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
}

// from says who the client is.
func (x *exchange) from(a netip.Addr) {
	x.address, x.said = a, addressText(a)
}

// Note adds attributes to the line that Log writes of the request; one with
// the key of an earlier one replaces it. Outside of a request it does nothing.
func Note(ctx context.Context, attrs ...slog.Attr) {
	x := exchangeFrom(ctx)
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
next:
	for _, a := range attrs {
		for i := range x.notes {
			if x.notes[i].Key == a.Key {
				x.notes[i] = a
				continue next
			}
		}
		x.notes = append(x.notes, a)
	}
}

// Route goes directly round a mux where a handler between it and Log copies
// the request, which would hide the mux's pattern from Log and Metrics.
func Route(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, w, r := enter(w, r)
		defer func() {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.route = r.Pattern
		}()
		next.ServeHTTP(w, r)
	})
}

// unmatched stands for every path that no pattern matched: paths are chosen by
// the client and would be unbounded labels, and may hold what was mistyped.
const unmatched = "unmatched"

// routeOf returns the path pattern that matched, without its method.
func (x *exchange) routeOf(r *http.Request) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	pattern := x.route
	if pattern == "" {
		pattern = r.Pattern
	}
	if pattern == "" {
		return unmatched
	}
	if _, path, found := strings.Cut(pattern, " "); found {
		return strings.TrimLeft(path, " \t")
	}
	return pattern
}

// methodOf returns one of the methods of RFC 9110 §9 and RFC 5789, or OTHER:
// a client may send any word.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return r.Method
	}
	return "OTHER"
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the response has begun
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	final := status >= 200 || status == http.StatusSwitchingProtocols
	if w.status == 0 && final {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// FlushError serves http.ResponseController: a flush begins the response.
func (w *recorder) FlushError() error {
	w.begin()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap serves http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// finish is called when the handler has ended, by each who asks what became of it:
// one that returned without a word answered 200, by net/http's rule; one that was
// aborted answered nothing.
func (x *exchange) finish(aborted bool) {
	if !aborted {
		x.begin()
	}
	if x.took == 0 {
		x.took = time.Since(x.began)
	}
}
