package httpd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// There is no write timeout, because it would cut long downloads and streams
// alike; a handler that wants one sets it by http.ResponseController.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
	shutdownTimeout   = 10 * time.Second
)

// Server is one listener and what answers on it. TLS nil serves plain HTTP.
type Server struct {
	Name     string // in logs and errors: "issuer", "ops"
	Listener net.Listener
	Handler  http.Handler
	TLS      *tls.Config
	Log      *slog.Logger
}

// Run serves all of them until ctx ends or one fails, then takes no new
// request and gives those in flight 10 s; later they are cut off, with a
// warning. It returns the first failure, or nil when ctx ended. It owns the
// listeners: all are closed when it returns.
func Run(ctx context.Context, servers ...Server) error {
	// Requests outlive ctx: its end starts the shutdown that waits for them.
	requests, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon() // for those that were cut off

	group, ctx := errgroup.WithContext(ctx)
	for _, s := range servers {
		run := newRunning(requests, s)
		group.Go(run.serve)
		group.Go(func() error {
			<-ctx.Done()
			run.stop()
			return nil
		})
	}
	if len(servers) == 0 {
		<-ctx.Done()
	}
	return group.Wait()
}

// running is a Server at work.
type running struct {
	Server
	http *http.Server
	newcomers
}

func newRunning(requests context.Context, s Server) *running {
	run := &running{Server: s}
	run.http = &http.Server{
		Handler:           s.Handler,
		TLSConfig:         s.TLS,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ConnState:         run.track,
	}
	run.http.RegisterOnShutdown(run.dismiss) // by then the listener is closed
	return run
}

func (run *running) serve() error {
	defer run.Listener.Close() // ServeTLS leaves it open where it fails early
	var err error
	if run.TLS != nil {
		err = run.http.ServeTLS(run.Listener, "", "")
	} else {
		err = run.http.Serve(run.Listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", run.Name, err)
}

// stop waits for the requests in flight, as long as it may.
func (run *running) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := run.http.Shutdown(ctx); err != nil {
		run.Log.Warn("requests cut off at shutdown", "server", run.Name, "waited", shutdownTimeout)
		_ = run.http.Close()
	}
}

// newcomers are the connections that have not sent a request yet. Shutdown
// waits 5 s for each, and browsers open them in advance: Ctrl-C would hang.
type newcomers struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// track is called by net/http at each change of a connection's state.
func (n *newcomers) track(c net.Conn, state http.ConnState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if state != http.StateNew {
		delete(n.conns, c)
		return
	}
	if n.conns == nil {
		n.conns = map[net.Conn]struct{}{}
	}
	n.conns[c] = struct{}{}
}

// dismiss ends the wait for their first requests. It closes none of them: if a
// request has just been read after all, its answer must still get out.
func (n *newcomers) dismiss() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
}
