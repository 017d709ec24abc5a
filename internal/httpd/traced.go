package httpd

import (
	"context"
	"log/slog"
	"net/http"
)

// Span is a request in a trace.
type Span struct {
	Context context.Context // what the request goes on with
	TraceID string          // for the log; "" where the trace is not kept
	End     func(Done)
}

// Done is what became of a request. Its values are bounded: the route is a pattern, the
// method one of RFC 9110.
type Done struct {
	Route, Method string
	Status        int // 0: the connection was closed without an answer
}

// Traced opens a span for each request by begin, and notes its trace in the line that
// Log writes. It goes outermost: it hands the request on as a copy, which would hide the
// pattern that matched from whoever stands outside.
func Traced(begin func(*http.Request) Span) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			span := begin(r)
			x, w, r := enter(w, r.WithContext(span.Context)) //nolint:contextcheck // made of the request's own by begin
			if span.TraceID != "" {
				Note(r.Context(), slog.String("trace_id", span.TraceID))
			}
			aborted := true
			defer func() {
				x.finish(aborted)
				span.End(Done{Route: x.routeOf(r), Method: methodOf(r), Status: x.status})
			}()
			next.ServeHTTP(w, r)
			aborted = false
		})
	}
}
