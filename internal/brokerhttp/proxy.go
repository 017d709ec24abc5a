package brokerhttp

import (
	"errors"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/zendesk"
)

// The proxy: Zendesk's API as a connection, for programs that shall not hold a token.
//
//	ANY /v1/connections/{id}/proxy/api/v2/… ──► key ──► path, host ──► httputil.ReverseProxy
//	                                                                         │
//	                     the caller's credential and cookies stay here ◄─────┤
//	                                                                         ▼
//	                     broker.Transport: the token, renewed in time, and once more after a 401
//
// What Zendesk answers is passed on as it is, but for what would be kept of its host, as
// cookies are, and for a Location at the same host, which leads back through the proxy. Nothing is followed.

// The proxy's words on the wire.
const (
	proxyPattern = apiPath + "/connections/{id}/proxy/"
	proxyPart    = "/proxy"
	proxied      = "/api/v2/" // all that is reached; what is elsewhere is not the API's

	// hostHeader names a brand of the account whose host is called, by its subdomain.
	hostHeader = "Deskauth-Host"
)

const (
	// proxyBody bounds a request's body, in bytes. Zendesk takes files of 50 MB.
	proxyBody = 64 << 20

	// proxyReadTime bounds how long a body may take to arrive.
	proxyReadTime = 10 * time.Minute
)

// proxyMethods are those of Zendesk's API, and what a browser asks before them.
var proxyMethods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true,
	http.MethodPatch: true, http.MethodDelete: true, http.MethodOptions: true,
}

const proxyAllow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// isProxied tells the proxy's paths. They are looked at before any mux, which would
// redirect one that it thinks it can write better.
func isProxied(r *http.Request) bool {
	_, _, ok := splitProxied(r.URL.EscapedPath())
	return ok
}

// splitProxied cuts a path, as it was sent, into the connection and what is asked of
// Zendesk.
func splitProxied(path string) (id, rest string, ok bool) {
	if path, ok = strings.CutPrefix(path, apiPath+"/connections/"); !ok {
		return "", "", false
	}
	id, rest, ok = strings.Cut(path, "/")
	if !ok || rest != proxyPart[1:] && !strings.HasPrefix(rest, proxyPart[1:]+"/") {
		return "", "", false
	}
	return id, strings.TrimPrefix(rest, proxyPart[1:]), true
}

func (s *site) proxy(w http.ResponseWriter, u use) error {
	id, path, _ := splitProxied(u.URL.EscapedPath())
	u.SetPathValue("id", id)
	connection, err := u.connection()
	if err != nil {
		return err
	}
	httpd.Note(u.Context(), slog.Int64("connection", int64(connection)))
	if err := checkProxied(u.Request, path); err != nil {
		return err
	}
	brands := u.Header.Values(hostHeader)
	if len(brands) > 1 {
		return &broker.Invalid{Field: "host", Why: "there is more than one " + hostHeader}
	}
	root, err := s.Broker.Host(u.Context(), connection, u.Header.Get(hostHeader))
	if err != nil {
		return err
	}
	if u.ContentLength != 0 { // the listener's bound is for what others send
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(proxyReadTime))
	}
	if u.ContentLength > proxyBody { // one of unknown length is cut off there
		return &http.MaxBytesError{Limit: proxyBody}
	}
	p := passage{
		w: w, root: root, path: path, back: apiPath + "/connections/" + strconv.FormatInt(int64(connection), 10) + proxyPart,
		transport: &broker.Transport{Broker: s.Broker, ID: connection, Next: calling{s.calls}}, failed: s.problem, log: s.proxyLog,
	}
	p.serve(u.Request)
	return nil
}

// errUpgrade says that a request wanted another protocol.
var errUpgrade = errors.New("an upgrade was asked for")

// checkProxied decides whether a path may be asked of Zendesk. It goes there byte for
// byte: one that two readers may read differently is refused and never written anew.
func checkProxied(r *http.Request, path string) error {
	target, _, _ := strings.Cut(r.RequestURI, "?")
	switch {
	case !proxyMethods[r.Method]:
		return errProxyMethod
	case r.Header.Get("Upgrade") != "":
		return errUpgrade
	case target != r.URL.EscapedPath():
		return &broker.Invalid{Field: "path", Why: "it has characters that a URL has not (RFC 3986)"}
	case !strings.HasPrefix(path, proxied):
		return errNotProxied
	case zendesk.Climbs(r.URL.Path):
		return &broker.Invalid{Field: "path", Why: "it has a segment . or .., which some servers resolve and others do not"}
	}
	return nil
}

// The refusals of the proxy's own.
var (
	errProxyMethod = errors.New("the proxy does not take this method")
	errNotProxied  = errors.New("only " + proxied + " is reached through the proxy")
)

// proxyProblem is what problemOf says of requests through the proxy.
func proxyProblem(err error) (p problem, ofProxy bool) {
	var away *notReached
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long): // it broke off here, and not at Zendesk
		return problem{}, false
	case errors.Is(err, errNotProxied):
		return problem{Type: "no_such_path", Title: "There is no such path", Status: http.StatusNotFound, Detail: err.Error()}, true
	case errors.Is(err, errProxyMethod):
		return problem{Type: "method_not_allowed", Title: "The path does not take this method", Status: http.StatusMethodNotAllowed, Detail: "it takes " + proxyAllow}, true
	case errors.Is(err, errUpgrade):
		return problem{Type: "no_upgrade", Title: "The proxy speaks HTTP alone", Status: http.StatusNotImplemented}, true
	case errors.As(err, &away):
		return problem{Type: "unreachable", Title: "Zendesk did not answer", Status: http.StatusBadGateway}, true
	}
	return problem{}, false
}

// passage is one request on its way through the proxy.
type passage struct {
	w         http.ResponseWriter
	root      *url.URL
	path      string            // as it was sent, from /api/v2/ on
	back      string            // what stands before it at this host
	transport http.RoundTripper // which adds the token
	failed    func(http.ResponseWriter, *http.Request, error)
	log       *log.Logger
	ours      http.Header // what was set on the answer before
}

func (p *passage) serve(r *http.Request) {
	p.ours = maps.Clone(p.w.Header())
	proxy := httputil.ReverseProxy{
		Transport:      p.transport,
		Rewrite:        p.rewrite,
		ModifyResponse: p.modify,
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { p.failed(p.w, r, err) },
		BufferPool:     buffers{},
		ErrorLog:       p.log,
	}
	proxy.ServeHTTP(final{p.w}, r)
}

// rewrite makes the request to Zendesk. By then what is hop by hop is gone (RFC 9110
// §7.6.1), and so is what tells of the caller's address.
func (p *passage) rewrite(r *httputil.ProxyRequest) {
	out := r.Out
	out.URL.Scheme, out.URL.Host, out.Host = p.root.Scheme, p.root.Host, p.root.Host
	out.URL.Path, _ = url.PathUnescape(p.path) // it was parsed before
	out.URL.RawPath = p.path
	out.URL.RawQuery = r.In.URL.RawQuery // what could not be parsed too
	out.URL.User = nil
	for _, name := range []string{"Authorization", "Cookie", "Expect", hostHeader, broker.RetryHeader} {
		out.Header.Del(name)
	}
	for _, name := range ofTraces {
		out.Header.Del(name)
	}
	if out.Header.Get("Accept-Encoding") == "" {
		// Or the transport would ask for a compressed answer, and write it anew.
		out.Header.Set("Accept-Encoding", "identity")
	}
}

// ofTraces are headers by which a caller's trace is known (W3C Trace Context, Baggage).
// It ends here: how a house is built inside is nothing to tell Zendesk.
var ofTraces = []string{"Traceparent", "Tracestate", "Baggage"}

// ofTheirHost are headers that are not of the answer but of the host that it comes from:
// what a client may keep there, how it is reached, and to whom it tells what went wrong.
var ofTheirHost = []string{
	"Set-Cookie", "Clear-Site-Data", "Strict-Transport-Security", "Alt-Svc", "Public-Key-Pins", "Public-Key-Pins-Report-Only",
	"Nel", "Report-To", "Reporting-Endpoints", "Service-Worker-Allowed", "Origin-Agent-Cluster", "Expect-Ct",
}

// modify makes the answer that of this host. What Zendesk says takes the place of what
// was set before, and of that nothing else is lost, though httputil takes all of it away
// after an interim answer.
func (p *passage) modify(resp *http.Response) error {
	for _, name := range ofTheirHost {
		delete(resp.Header, name)
	}
	before := p.w.Header()
	clear(before)
	for name, values := range p.ours {
		if _, said := resp.Header[name]; !said {
			before[name] = values
		}
	}
	if text := resp.Header.Get("Location"); text != "" {
		if text = p.location(text); text == "" {
			resp.Header.Del("Location")
		} else {
			resp.Header.Set("Location", text)
		}
	}
	return nil
}

// location leads back through the proxy where Zendesk points at its own API. Other
// places at this host are named in full, or they would be ours; other hosts are the
// caller's to call, without the token. What cannot be read, or names no host where it
// should, is dropped: one reader's other host is another's place at this one.
func (p *passage) location(text string) string {
	to, err := p.root.Parse(p.path)
	if err == nil {
		to, err = to.Parse(text)
	}
	if err != nil || to.Host == "" && to.Opaque == "" {
		return ""
	}
	if to.Scheme != p.root.Scheme || !strings.EqualFold(to.Host, p.root.Host) {
		return text
	}
	if to.User != nil || !strings.HasPrefix(to.EscapedPath(), proxied) {
		return to.String()
	}
	to.Scheme, to.Host = "", ""
	return p.back + to.String()
}

// calling tells what went wrong on the way to Zendesk from what went wrong here.
type calling struct{ next http.RoundTripper }

func (c calling) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		err = &notReached{err}
	}
	return resp, err
}

// notReached says that a request got no answer from Zendesk.
type notReached struct{ err error }

func (e *notReached) Error() string { return "no answer from Zendesk: " + e.err.Error() }

func (e *notReached) Unwrap() error { return e.err }

// final passes on no interim answer: Zendesk's could set cookies.
type final struct{ http.ResponseWriter }

func (w final) WriteHeader(status int) {
	if status >= http.StatusOK {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Unwrap serves http.ResponseController.
func (w final) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// buffers lends what bodies are copied through.
type buffers struct{}

const bufferSize = 32 << 10

var bufferPool = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func (buffers) Get() []byte {
	return bufferPool.Get().(*[bufferSize]byte)[:] //nolint:forcetypeassert // nothing else is put there
}

func (buffers) Put(b []byte) {
	if cap(b) >= bufferSize {
		bufferPool.Put((*[bufferSize]byte)(b[:bufferSize]))
	}
}
