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
			before := w.Header().Clone()
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
				maps.Copy(w.Header(), before)
				answer(w, r)
			}()
			next.ServeHTTP(w, r)
		})
	}
}
