package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/tracing"
)

// serving is what every command that serves has in common.
type serving struct {
	Ops            string
	LogLevel       string
	LogFormat      string
	TrustedProxies []string
	TLSCert        string
	TLSKey         string
	PlainHTTP      bool
	Local          bool // it is for this machine alone, and has no flags to be otherwise
}

func (s *serving) flags(f *pflag.FlagSet, ops string) {
	f.StringVar(&s.Ops, "ops", ops, "address of /healthz, /readyz and /metrics; empty for none")
	f.StringVar(&s.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&s.LogFormat, "log-format", "text", "text or json")
	f.StringSliceVar(&s.TrustedProxies, "trusted-proxy", nil, "address or CIDR `prefix` of a reverse proxy whose X-Forwarded-* are believed; may repeat")
	f.StringVar(&s.TLSCert, "tls-cert", "", "certificate `file` (PEM)")
	f.StringVar(&s.TLSKey, "tls-key", "", "key `file` of the certificate (PEM)")
	f.BoolVar(&s.PlainHTTP, "plain-http", false, "allow plain HTTP on an address that other machines reach: whoever sits between reads every token")
}

// edge is what stands between the listeners and a surface.
type edge struct {
	log      *slog.Logger
	tls      *tls.Config
	trusted  []netip.Prefix
	registry *prometheus.Registry
	metrics  *httpd.Metrics
	traces   *tracing.Traces // nil: none
}

func (s serving) edge(p process) (edge, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return edge{}, usagef("--log-level must be debug, info, warn or error, not %q", s.LogLevel)
	}
	if s.LogFormat != "text" && s.LogFormat != "json" {
		return edge{}, usagef("--log-format must be text or json, not %q", s.LogFormat)
	}
	trusted, err := httpd.ParseTrustedProxies(s.TrustedProxies)
	if err != nil {
		return edge{}, usagef("--trusted-proxy: %w", err)
	}
	certificate, err := httpd.LoadTLS(s.TLSCert, s.TLSKey)
	if err != nil {
		return edge{}, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return edge{
		log: httpd.NewLogger(p.log(s.LogFormat), level, s.LogFormat), tls: certificate, trusted: trusted,
		registry: registry, metrics: httpd.NewMetrics(registry),
	}, nil
}

// daemon is the edge of a server that stays. If OpenTelemetry's variables ask for it, it
// sends traces: those of `deskauth run` are for the program that it runs.
func (s serving) daemon(p process) (edge, error) {
	e, err := s.edge(p)
	if err != nil {
		return e, err
	}
	on, err := tracing.Configure(p.Lookup)
	switch {
	case err != nil:
		return e, usage{err}
	case on:
		e.traces, err = tracing.Open(context.Background(), version(), func(err error) { e.log.Warn("traces were not sent", "error", err) })
	}
	return e, err
}

// close sends the traces that are left.
func (e edge) close() {
	if err := e.traces.Close(); err != nil {
		e.log.Warn("traces were not sent", "error", err)
	}
}

// server puts the shared middleware round a surface. failed answers a panic in
// the surface's own words.
func (e edge) server(name string, listener net.Listener, h http.Handler, failed http.HandlerFunc) httpd.Server {
	return httpd.Server{
		Name: name, Listener: listener, TLS: e.tls, Log: e.log,
		Handler: e.traced(name, httpd.Chain(h,
			httpd.RequestID, httpd.Log(e.log), e.metrics.Of(name), httpd.Recover(e.log, failed),
			httpd.ClientAddress(e.trusted), httpd.SecureHeaders)),
	}
}

// traced puts the traces round a server, if there are any.
func (e edge) traced(name string, h http.Handler) http.Handler {
	if e.traces == nil {
		return h
	}
	return e.traces.Requests(name)(h)
}

// ops serves health and metrics, if there is an address for them.
func (s serving) ops(e edge, ready func(context.Context) error) ([]httpd.Server, error) {
	if s.Ops == "" {
		return nil, nil
	}
	if err := checkAddress("ops", s.Ops); err != nil {
		return nil, err
	}
	listener, err := httpd.Listen(s.Ops)
	if err != nil {
		return nil, fmt.Errorf("--ops: %w", err)
	}
	return []httpd.Server{{Name: "ops", Listener: listener, Handler: httpd.Ops(e.registry, ready), Log: e.log}}, nil
}

// describeOps prints where health and metrics are, if they are anywhere: the last
// line of what a daemon prints when it is ready.
func describeOps(p process, ops []httpd.Server) {
	for _, s := range ops {
		fmt.Fprintf(p.Out, "\nHealth and metrics: http://%s\n", s.Listener.Addr())
	}
}

// listen opens an address, and refuses one where tokens would cross a network
// in the clear.
func (s serving) listen(flag, address string) (net.Listener, error) {
	if err := checkAddress(flag, address); err != nil {
		return nil, err
	}
	listener, err := httpd.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	if s.TLSCert == "" && !s.PlainHTTP && !loopback(listener.Addr()) {
		_ = listener.Close()
		if s.Local {
			return nil, usagef("--%s %s is plain HTTP that other machines reach: name 127.0.0.1, or run `deskauth issuer` and `deskauth broker`, which have TLS", flag, address)
		}
		return nil, usagef("--%s %s is plain HTTP that other machines reach: give --tls-cert and --tls-key, or --plain-http behind a proxy that has them", flag, address)
	}
	return listener, nil
}

func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// closeServers closes the listeners of servers that will not run.
func closeServers(servers []httpd.Server) {
	for _, s := range servers {
		_ = s.Listener.Close()
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// every calls f now and then until ctx ends, and logs what fails. These are
// chores that the machine's time paces, whatever protocol time is.
func every(ctx context.Context, wg *sync.WaitGroup, log *slog.Logger, chore string, pause time.Duration, f func(context.Context) error) {
	wg.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := f(ctx); err != nil && ctx.Err() == nil {
					log.Error("chore failed", "chore", chore, "error", err)
				}
			}
		}
	})
}

// port is the port of a listener, as text.
func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// schemeOf is how the listeners are reached.
func (e edge) scheme() string {
	if e.tls != nil {
		return "https"
	}
	return "http"
}

// hold keeps a database for this process: a file of SQLite is not for two servers.
func hold(ctx context.Context, db *store.DB, dsn, kind string) error {
	err := db.Hold(ctx, kind)
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("the database %s is in use by another deskauth %s: stop that first, or name another --db; several share a PostgreSQL alone",
			strings.TrimPrefix(dsn, "sqlite:"), kind)
	}
	return err
}

// checkAddress refuses what cannot be an address, before anything is opened.
func checkAddress(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return usagef("--%s %q is no address: want host:port, such as 127.0.0.1:4000", flag, address)
	}
	if n, err := strconv.Atoi(port); err == nil && (n < 0 || n > 65535) {
		return usagef("--%s %q is no address: a port is at most 65535", flag, address)
	}
	return nil
}

// withDefaultSQLite names the database file of a part in the state directory.
func withDefaultSQLite(dsn, part string, p process) (string, error) {
	if dsn != "" {
		return dsn, nil
	}
	dir, err := stateDir(p)
	if err != nil {
		return "", err
	}
	return "sqlite:" + strings.TrimSuffix(dir, "/") + "/" + part + ".db", nil
}
