package issuerhttp

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/deskauth/deskauth/internal/apidoc"
	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// Server is the issuer on the wire.
type Server struct {
	Issuer *issuer.Issuer
	Hosts  apihttp.Hosts
	Log    *slog.Logger
	// Demo offers the users to be picked without a password.
	Demo bool
	// Control is the page of the demo's controls, for whoever runs it; empty: none.
	Control string
	// Starts are the clients whose sign-in begins at a page of their own, which makes
	// the state: its address by identifier, without the account.
	Starts map[string]string
	// Routes are more of the API, and Handlers more of the rest, by their patterns
	// for http.ServeMux: the desk's.
	Routes   []apihttp.Route
	Handlers map[string]http.Handler
	// AgentPages are pages for agents who are signed in, by their paths: the desk's.
	AgentPages map[string]func(w http.ResponseWriter, r *http.Request, c issuer.Caller, center web.Center) error
	// DefaultGroup is the desk's group that a user's tickets get, 0 for none; nil:
	// nobody has one.
	DefaultGroup func(ctx context.Context, u issuer.User) (int64, error)
	// Bend tells how a demo's faults bend the decision on a request; nil: not.
	Bend func(r *http.Request) issuer.Bent
}

func (s *Server) bent(r *http.Request) issuer.Bent {
	if s.Bend == nil {
		return issuer.Bent{}
	}
	return s.Bend(r)
}

// Handler serves everything below an account's host name.
func (s *Server) Handler() http.Handler {
	api := &apihttp.API{Issuer: s.Issuer, Hosts: s.Hosts, Log: s.Log}
	api.Add(s.apiRoutes()...)

	mux := http.NewServeMux()
	mux.Handle("/api/v2/", api.Handler())
	for pattern, h := range s.Handlers {
		mux.Handle(pattern, h)
	}
	// Outside of the cross-origin protection: no cookie opens it.
	for _, e := range s.endpoints() {
		mux.Handle(e.method+" "+e.path, e.serve)
		mux.HandleFunc(e.path, wrongMethod(e))
	}
	mux.Handle("/static/", web.Static())
	mux.Handle("/", s.pages())
	return mux
}

// apiRoutes are all of the Zendesk API.
func (s *Server) apiRoutes() []apihttp.Route {
	return slices.Concat(s.userRoutes(), s.userChangeRoutes(), s.oauthTokenRoutes(), s.oauthClientRoutes(), s.globalClientRoutes(),
		s.apiTokenRoutes(), s.chatRoutes(), s.Routes)
}

// endpoint is what programs call beside the API. It takes one method; refusal is
// the body for any other.
type endpoint struct {
	method, path string
	serve        http.Handler
	refusal      func() any
}

// endpoints are those of OAuth, but for the pages at which it begins.
func (s *Server) endpoints() []endpoint {
	var all []endpoint
	post := func(d dialect, path string, h http.HandlerFunc) {
		all = append(all, endpoint{http.MethodPost, path, httpd.MaxBody(tokenMost)(h), d.wrongMethod})
	}
	get := func(path string, h http.HandlerFunc) {
		all = append(all, endpoint{http.MethodGet, path, h, support.wrongMethod})
	}
	for _, d := range dialects {
		post(d, d.tokenPath, s.token(d))
	}
	post(support, introspectPath, s.introspect)
	post(support, revokePath, s.revoke)
	get(oauth.MetadataPath, s.metadata)
	get(keysPath, s.publicKeys)
	get(apidoc.Path, s.describe)
	return all
}

// pages are what a person sees. Their forms change state with a cookie, so
// other sites may not submit them.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	add := func(d dialect, path string, methods map[string]page) {
		for method, p := range methods {
			mux.Handle(method+" "+path, s.ofUpTo(bodyMost(path), d, p))
		}
		mux.Handle(path, s.of(d, refuseMethod(methods)))
	}
	add(support, "/{$}", map[string]page{http.MethodGet: s.home})
	add(support, signInPath, map[string]page{http.MethodGet: s.signInPage, http.MethodPost: s.signIn})
	add(support, signOutPath, map[string]page{http.MethodPost: s.signOut})
	add(support, signedOutPath, map[string]page{http.MethodGet: s.signedOut})
	add(support, languagePath, map[string]page{http.MethodPost: s.chooseLanguage})
	add(support, consentPath, map[string]page{http.MethodPost: s.decide})
	for _, d := range dialects {
		add(d, d.authorizePath, map[string]page{http.MethodGet: s.authorize})
	}
	add(support, logosPath+"{name}", map[string]page{http.MethodGet: s.logo})
	s.centerPages(add)
	mux.Handle("/", s.of(support, func(visit) error { return issuer.ErrNotFound }))
	return httpd.Route(http.NewCrossOriginProtection().Handler(mux))
}

// Paths of our own; Zendesk's are in package zendesk.
const (
	consentPath  = "/oauth/authorizations"
	signInPath   = "/access/unauthenticated"
	signOutPath  = "/access/logout"
	languagePath = "/access/language"
	// signedOutPath says that nobody is signed in any more.
	signedOutPath = "/access/signed_out"
)
