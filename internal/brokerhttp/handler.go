package brokerhttp

import (
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
)

// The paths where nothing else is configured.
const (
	DefaultConnectPath  = "/connect"
	DefaultCallbackPath = "/zendesk/oauth/callback"

	resultPath = "/connected"
)

// Config is what the pages need. Broker and PublicURL have no default.
type Config struct {
	Broker *broker.Broker
	// PublicURL is the scheme and host that browsers know this site by.
	PublicURL *url.URL
	// ConnectPath and CallbackPath default to DefaultConnectPath and
	// DefaultCallbackPath. The broker's redirect URL is RedirectURI of the two.
	ConnectPath, CallbackPath string
	// API tells whether programs are served too, by their keys.
	API bool
	// Passes tells whether the holders of passes are served. API serves them too.
	Passes bool
	// Calls is the way to Zendesk of requests through the proxy, and of passes: a
	// transport of broker.NewHTTPClient's with Streams; nil makes one.
	Calls http.RoundTripper
	// Board tells whether there are pages for whoever signs in.
	Board bool
	// Account is filled into the subdomain box.
	Account string

	// OnConnected answers the callback of a sign-in that succeeded, once per
	// sign-in; nil shows the result page. returnTo is a path of this site, or "".
	OnConnected func(w http.ResponseWriter, r *http.Request, c broker.Connection, returnTo string)

	Log            *slog.Logger     // nil: no log
	Metrics        httpd.Middleware // nil: none
	TrustedProxies []netip.Prefix
}

// RedirectURI is the address that Zendesk sends the browser back to, as it must be
// registered there, equal in every character.
func RedirectURI(public *url.URL, callbackPath string) string {
	if callbackPath == "" {
		callbackPath = DefaultCallbackPath
	}
	return public.Scheme + "://" + public.Host + callbackPath
}

// maxForm bounds a form, in bytes.
const maxForm = 64 << 10

// New returns all the pages of the broker, with the middleware that they need.
func New(c Config) http.Handler {
	if c.ConnectPath == "" {
		c.ConnectPath = DefaultConnectPath
	}
	if c.CallbackPath == "" {
		c.CallbackPath = DefaultCallbackPath
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = func(next http.Handler) http.Handler { return next }
	}
	s := &site{
		Config: c, cookie: cookieFor(c.PublicURL), language: languageCookieFor(c.PublicURL),
		session: sessionCookieFor(c.PublicURL), passCookie: passCookieFor(c.PublicURL),
	}
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	pages := httpd.Chain(s.publicHost(protect.Handler(httpd.Route(s.routes()))), httpd.MaxBody(maxForm))
	return httpd.Chain(s.split(pages),
		httpd.RequestID, httpd.Log(c.Log), c.Metrics, httpd.Recover(c.Log, s.serverError),
		httpd.ClientAddress(c.TrustedProxies), httpd.SecureHeaders)
}

// split takes what is for programs, which need no cookie, no page and no public name;
// and what is for the proxy before anything reads its path or its body.
func (s *site) split(pages http.Handler) http.Handler {
	if !s.API && !s.Passes {
		return pages
	}
	s.calls, s.proxyLog = s.Calls, slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn)
	if s.calls == nil {
		s.calls = broker.NewHTTPClient(broker.HTTPConfig{Base: s.Broker.Base, Streams: true}).Transport
	}
	api := httpd.Chain(httpd.Route(s.apiRoutes()), httpd.MaxBody(maxForm))
	s.courier = &broker.Courier{Broker: s.Broker, Calls: s.calls}
	holder := s.publicHost(s.holderRoutes())
	proxy := httpd.Chain(httpd.Route(s.api(broker.Lend, s.proxy)), httpd.MaxBody(proxyBody))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case isPass(r):
			holder.ServeHTTP(w, r)
		case !s.API:
			pages.ServeHTTP(w, r)
		case isProxied(r):
			r.Pattern = proxyPattern // for the log: no mux sees it
			proxy.ServeHTTP(w, r)
		case isAPI(r):
			api.ServeHTTP(w, r)
		case r.URL.Path == descriptionPath:
			r.Pattern = descriptionPath
			describe(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

type site struct {
	Config
	calls    http.RoundTripper // to Zendesk, of the proxy
	proxyLog *log.Logger
	cookie   cookie
	language web.LanguageCookie

	session    cookie    // of whoever is signed in to the broker's own pages
	followers  followers // of pages
	passCookie cookie
	courier    *broker.Courier // for holders of passes
}

// routes is every path, with the methods it takes.
func (s *site) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(path string, methods map[string]http.HandlerFunc) {
		var allow []string
		for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
			if h := methods[m]; h != nil {
				mux.HandleFunc(m+" "+path, h)
				allow = append(allow, m)
			}
		}
		mux.HandleFunc(path, s.methodNotAllowed(allow))
	}
	handle("/{$}", map[string]http.HandlerFunc{"GET": s.home, "HEAD": s.home})
	handle(s.ConnectPath, map[string]http.HandlerFunc{"GET": s.home, "HEAD": s.home, "POST": s.connect})
	handle(s.languagePath(), map[string]http.HandlerFunc{"POST": s.chooseLanguage})
	handle(resultPath+"/{flow}", map[string]http.HandlerFunc{"GET": s.result, "HEAD": s.result})
	handle(broker.LinkPath+"{secret}", map[string]http.HandlerFunc{"GET": s.link, "HEAD": s.link, "POST": s.follow})
	if s.API { // programs get their keys by it
		handle(devicePath, map[string]http.HandlerFunc{"GET": s.deviceBox, "HEAD": s.deviceBox, "POST": s.device})
	}
	handle(s.CallbackPath, map[string]http.HandlerFunc{"GET": s.callback})
	// A pattern for GET takes HEAD too, and this one GET spends something, the state.
	mux.HandleFunc("HEAD "+s.CallbackPath, s.methodNotAllowed([]string{http.MethodGet}))
	if s.Board {
		s.board(handle)
	}
	mux.Handle("GET /static/", web.Static())
	mux.HandleFunc("/", s.notFound)
	return mux
}

// publicHost sends a browser that came by another name of this host to the public
// one, where the cookie of a sign-in will be found again.
func (s *site) publicHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sameHost(r.Host, s.PublicURL) || strings.HasPrefix(r.URL.Path, "/static/") {
			next.ServeHTTP(w, r)
			return
		}
		to := url.URL{Scheme: s.PublicURL.Scheme, Host: s.PublicURL.Host}
		w.Header().Set("Cache-Control", "no-store") // the query may hold a code
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			to.Path, to.RawPath, to.RawQuery = r.URL.Path, r.URL.RawPath, r.URL.RawQuery
			redirect(w, http.StatusTemporaryRedirect, to.String())
			return
		}
		to.Path = s.ConnectPath
		redirect(w, http.StatusSeeOther, to.String())
	})
}

// redirect does not render a body with the address in it, as http.Redirect does.
func redirect(w http.ResponseWriter, status int, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(status)
}

// sameHost compares a Host header with the public URL's, whose port may be left
// out on either side where it is the scheme's own.
func sameHost(host string, public *url.URL) bool {
	return strings.EqualFold(withPort(host, public.Scheme), withPort(public.Host, public.Scheme))
}

func withPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if scheme == "https" {
		return host + ":443"
	}
	return host + ":80"
}
