package intercept

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// headerTimeout bounds how long a client may take with the head of a request. Bodies
// have no bound: an upload takes what it takes.
const headerTimeout = 30 * time.Second

// Proxy is an HTTP proxy (RFC 9110 section 3.7) that answers for Zendesk itself. Set its
// fields before Serve; Answer and Authority must be set.
type Proxy struct {
	// Answer serves what is sent to Zendesk. It sees the host that was asked for, without
	// a port, and https in r.TLS. A host that is no account is its to refuse.
	Answer http.Handler
	// Authority vouches for Answer.
	Authority *Authority
	// Offline refuses every host that is neither Zendesk's nor this machine.
	Offline bool
	// Upstream names the proxy through which other hosts are reached, as
	// http.ProxyFromEnvironment does; nil, or a nil URL: none. Only http:// proxies.
	Upstream func(*http.Request) (*url.URL, error)
	// Dial opens connections to other hosts; nil: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Log  *slog.Logger
}

// Serve answers on listener until ctx ends, then cuts everything off: the programs that
// it served have ended. It closes the listener.
func (p *Proxy) Serve(ctx context.Context, listener net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	run := &serving{Proxy: p, ctx: ctx, inside: newHanded(listener.Addr())}
	run.onward = run.passOn()
	quiet := slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug)
	outer := &http.Server{Handler: http.HandlerFunc(run.outer), ReadHeaderTimeout: headerTimeout, ErrorLog: quiet}
	inner := &http.Server{
		Handler: http.HandlerFunc(run.answer), ReadHeaderTimeout: headerTimeout, ErrorLog: quiet,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // HTTP/1.1 alone
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = inner.Serve(run.inside) })
	wg.Go(func() {
		<-ctx.Done()
		_ = outer.Close()
		_ = inner.Close()
	})
	err := outer.Serve(listener)
	stop()
	wg.Wait()
	run.idle()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("proxy: %w", err)
}

// serving is a Proxy at work.
type serving struct {
	*Proxy
	ctx    context.Context // ends tunnels, which no server knows of any more
	inside *handed
	onward http.Handler
	idle   func()
}

// outer sees what a client sends to its proxy.
func (run *serving) outer(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect && Zendesk(r.Host):
		run.take(w, r)
	case r.Method == http.MethodConnect:
		run.tunnel(w, r)
	case !r.URL.IsAbs():
		http.Error(w, "deskauth run: this is a proxy; nothing is served here itself", http.StatusBadRequest)
	case Zendesk(r.URL.Host):
		if r.URL.Scheme == "https" {
			// Some clients (axios among them) leave TLS to the proxy.
			r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: hostname(r.URL.Host)}
		}
		r.Host = r.URL.Host // RFC 9112 section 3.2.2: the target counts, not the header
		run.answer(w, r)
	case run.refused(r.URL.Host):
		run.refuse(w, r.URL.Host)
	default:
		run.onward.ServeHTTP(w, r)
	}
}

// answer has Answer serve a request to Zendesk.
func (run *serving) answer(w http.ResponseWriter, r *http.Request) {
	host := hostname(r.Host)
	if !Zendesk(host) {
		http.Error(w, "deskauth run: this connection was opened to Zendesk, and the request is to "+host, http.StatusMisdirectedRequest)
		return
	}
	run.Log.Debug("answered for Zendesk", "host", host, "method", r.Method)
	if r.TLS == nil {
		// Zendesk serves nothing in the clear.
		to := url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, to.String(), http.StatusMovedPermanently)
		return
	}
	r.Host = host
	r.URL.Scheme, r.URL.Host = "", ""
	r.RequestURI = r.URL.RequestURI()
	for _, ours := range []string{"Proxy-Connection", "Proxy-Authorization"} {
		r.Header.Del(ours)
	}
	run.Answer.ServeHTTP(w, r)
}

func (run *serving) refused(host string) bool { return run.Offline && !loopback(host) }

func (run *serving) refuse(w http.ResponseWriter, host string) {
	run.Log.Warn("refused: offline", "host", host)
	http.Error(w, "deskauth run --offline: "+hostname(host)+" is not Zendesk and was not asked", http.StatusForbidden)
}

// passOn serves requests in the absolute form to hosts that are not Zendesk's.
func (run *serving) passOn() http.Handler {
	transport := &http.Transport{Proxy: run.Upstream, DialContext: run.dial, DisableCompression: true}
	run.idle = transport.CloseIdleConnections
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // whoever streams wants it at once
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			run.unreachable(w, r.URL.Host, err)
		},
		ErrorLog: slog.NewLogLogger(run.Log.Handler(), slog.LevelDebug),
	}
}

func (run *serving) unreachable(w http.ResponseWriter, host string, err error) {
	run.Log.Debug("not reached", "host", host, "error", err)
	http.Error(w, "deskauth run: "+hostname(host)+" was not reached", http.StatusBadGateway)
}

// errZendesk keeps the promise whatever else goes wrong.
var errZendesk = errors.New("names below zendesk.com are not reached from here")

// dial is the only way out. It refuses Zendesk's names even to those that asked for
// something else before.
func (run *serving) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if Zendesk(address) {
		return nil, errZendesk
	}
	if run.Dial != nil {
		return run.Dial(ctx, network, address)
	}
	return (&net.Dialer{Timeout: headerTimeout}).DialContext(ctx, network, address)
}
