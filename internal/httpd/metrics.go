package httpd

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts and times requests of all servers of a process:
//
//	deskauth_http_requests_total{server,route,method,code}
//	deskauth_http_request_seconds{server,route}
//
// Every label is bounded: routes are patterns, methods those of RFC 9110, and a
// code is "aborted" where the connection was closed without an answer.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewMetrics registers with reg, which must not have them yet.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskauth_http_requests_total",
			Help: "Requests answered, by server, route pattern, method and status code.",
		}, []string{"server", "route", "method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "deskauth_http_request_seconds",
			Help:    "Time from the request's header to the end of its handler, in seconds.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"server", "route"}),
	}
	reg.MustRegister(m.requests, m.seconds)
	return m
}

// Of measures the requests of one server.
func (m *Metrics) Of(server string) Middleware {
	children := &children{metrics: m, server: server, byKey: map[childKey]child{}}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := enter(w, r)
			aborted := true
			defer func() {
				x.finish(aborted)
				c := children.get(childKey{x.routeOf(r), methodOf(r), x.status})
				c.requests.Inc()
				c.seconds.Observe(x.took.Seconds())
			}()
			next.ServeHTTP(w, r)
			aborted = false
		})
	}
}

type childKey struct {
	route, method string
	status        int
}

type child struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

// children resolves label values once: doing so for each request hashes and
// checks every label.
type children struct {
	metrics *Metrics
	server  string

	mu    sync.RWMutex
	byKey map[childKey]child
}

func (c *children) get(key childKey) child {
	c.mu.RLock()
	found, ok := c.byKey[key]
	c.mu.RUnlock()
	if ok {
		return found
	}
	code := "aborted"
	if key.status != 0 {
		code = strconv.Itoa(key.status)
	}
	found = child{
		requests: c.metrics.requests.WithLabelValues(c.server, key.route, key.method, code),
		seconds:  c.metrics.seconds.WithLabelValues(c.server, key.route),
	}
	c.mu.Lock()
	c.byKey[key] = found
	c.mu.Unlock()
	return found
}
