package httpd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout is shorter than the probe timeouts of the usual orchestrators,
// so that they get our reason and not silence.
const readyTimeout = time.Second

const opsIndex = `GET /healthz  the process runs
GET /readyz   it can serve: its database answers
GET /metrics  counters for Prometheus
`

// Ops answers health checks and metrics, on a listener of its own. Health asks
// only whether the process runs: restarting it would not mend a database.
// ready says whether it can serve, before its context ends after a second.
func Ops(reg *prometheus.Registry, ready func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, opsIndex) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := ready(ctx); err != nil {
			line := strings.Join(strings.Fields(err.Error()), " ")
			plainText(w, http.StatusServiceUnavailable, fmt.Sprintf("not ready: %s\n", line))
			return
		}
		plainText(w, http.StatusOK, "ready\n")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg}))
	return SecureHeaders(mux)
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text)
}
