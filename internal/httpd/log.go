package httpd

import (
	"io"
	"log/slog"
	"net/http"
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
			aborted := true
			defer func() { // also for what Recover lets through
				x.finish(aborted)
				logRequest(log, x, r, aborted)
			}()
			next.ServeHTTP(w, r)
			aborted = false
		})
	}
}

func logRequest(log *slog.Logger, x *exchange, r *http.Request, aborted bool) {
	level := slog.LevelInfo
	if x.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	if !log.Enabled(r.Context(), level) {
		return
	}
	// By hand, because slog would look for the line of source that it is called from,
	// for each request, and say nothing of it.
	var room [16]slog.Attr
	attrs := append(room[:0],
		slog.String("method", methodOf(r)),
		slog.String("route", x.routeOf(r)),
		slog.String("host", r.Host[:min(len(r.Host), maxHost)]),
		slog.Int("status", x.status),
		slog.Int64("bytes", x.bytes),
		slog.Duration("duration", x.took),
		slog.String("address", x.said),
		slog.String("request_id", x.id),
	)
	if aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	x.mu.Lock()
	attrs = append(attrs, x.notes...)
	x.mu.Unlock()
	line := slog.NewRecord(x.began.Add(x.took), level, "request", 0)
	line.AddAttrs(attrs...)
	_ = log.Handler().Handle(r.Context(), line) // as slog does
}
