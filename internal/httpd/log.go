package httpd

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"
)

// NewLogger writes lines of format "json", or else "text", from level on.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// maxHost is the longest name DNS allows (RFC 1035 §2.3.4) and a port. A
// longer Host was made to fill the log.
const maxHost = 255 + len(":65535")

// Log writes one line for each request, when it has ended: at level error for
// 5xx, else info. It never writes path, query or headers.
func Log(log *slog.Logger) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := enter(w, r)
			start := time.Now()
			aborted := true
			defer func() { // also for what Recover lets through
				x.finish(aborted)
				logRequest(log, x, r, time.Since(start), aborted)
			}()
			next.ServeHTTP(w, r)
			aborted = false
		})
	}
}

func logRequest(log *slog.Logger, x *exchange, r *http.Request, took time.Duration, aborted bool) {
	level := slog.LevelInfo
	if x.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("method", methodOf(r)),
		slog.String("route", x.routeOf(r)),
		slog.String("host", r.Host[:min(len(r.Host), maxHost)]),
		slog.Int("status", x.status),
		slog.Int64("bytes", x.bytes),
		slog.Duration("duration", took),
		slog.String("address", addressText(Address(r.Context()))),
		slog.String("request_id", x.id),
	}
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	x.mu.Lock()
	attrs = slices.Concat(attrs, x.notes)
	x.mu.Unlock()
	log.LogAttrs(r.Context(), level, "request", attrs...)
}
