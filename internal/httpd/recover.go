package httpd

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
)

// Recover turns a panic into one log entry with its stack and the request id,
// and has answer write the 500 in the words of its surface (nil: plain text).
// Headers that the handler had set are dropped first: no cookie and no redirect
// of a request that failed gets out. When the response has begun, only closing
// the connection tells the client that it is cut short.
func Recover(log *slog.Logger, answer http.HandlerFunc) Middleware {
	if answer == nil {
		answer = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		}
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := enter(w, r)
			before := earlier(w.Header())
			defer func() {
				cause := recover()
				if cause == nil {
					return
				}
				if cause == http.ErrAbortHandler { //nolint:errorlint // a panic value, no chain: the handler's own wish
					panic(cause)
				}
				log.ErrorContext(r.Context(), "panic", "request_id", x.id, "method", methodOf(r),
					"route", x.routeOf(r), "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if x.status != 0 {
					panic(http.ErrAbortHandler)
				}
				clear(w.Header())
				before.restore(w.Header())
				answer(w, r)
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// kept are the headers that stood before the handler, which replaces values and
// changes none in place. The middleware before Recover sets few.
type kept struct {
	names  [4]string
	values [4][]string
	more   http.Header // all of them, where they are many
}

func earlier(h http.Header) (k kept) {
	if len(h) > len(k.names) {
		k.more = h.Clone()
		return k
	}
	n := 0
	for name, values := range h {
		k.names[n], k.values[n] = name, values
		n++
	}
	return k
}

func (k *kept) restore(h http.Header) {
	maps.Copy(h, k.more)
	for n, values := range k.values {
		if values != nil {
			h[k.names[n]] = values
		}
	}
}
