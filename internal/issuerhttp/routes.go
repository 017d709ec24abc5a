package issuerhttp

import (
	"log/slog"
	"net/http"

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
	// Routes are more of the API, and Handlers more of the rest, by their patterns
	// for http.ServeMux: the desk's.
	Routes   []apihttp.Route
	Handlers map[string]http.Handler
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
	api.Add(s.userRoutes()...)
	api.Add(s.oauthTokenRoutes()...)
	api.Add(s.oauthClientRoutes()...)
	api.Add(s.globalClientRoutes()...)
	api.Add(s.apiTokenRoutes()...)
	api.Add(s.chatRoutes()...)
	api.Add(s.Routes...)

	mux := http.NewServeMux()
	mux.Handle("/api/v2/", api.Handler())
	for pattern, h := range s.Handlers {
		mux.Handle(pattern, h)
	}
	// Outside of the cross-origin protection: no cookie opens it.
	for _, d := range dialects {
		mux.Handle("POST "+d.tokenPath, httpd.MaxBody(tokenMost)(s.token(d)))
		mux.HandleFunc(d.tokenPath, tokenMethod(d))
	}
	mux.HandleFunc("GET "+oauth.MetadataPath, s.metadata)
	mux.HandleFunc("GET "+keysPath, s.publicKeys)
	mux.Handle("POST "+introspectPath, httpd.MaxBody(tokenMost)(http.HandlerFunc(s.introspect)))
	mux.Handle("POST "+revokePath, httpd.MaxBody(tokenMost)(http.HandlerFunc(s.revoke)))
	mux.Handle("/static/", web.Static())
	mux.Handle("/", s.pages())
	return mux
}

// pages are what a person sees. Their forms change state with a cookie, so
// other sites may not submit them.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	add := func(d dialect, path string, methods map[string]page) {
		for method, p := range methods {
			mux.Handle(method+" "+path, s.of(d, p))
		}
		mux.Handle(path, s.of(d, refuseMethod(methods)))
	}
	add(support, "/{$}", map[string]page{http.MethodGet: s.home})
	add(support, signInPath, map[string]page{http.MethodGet: s.signInPage, http.MethodPost: s.signIn})
	add(support, signOutPath, map[string]page{http.MethodPost: s.signOut})
	add(support, languagePath, map[string]page{http.MethodPost: s.chooseLanguage})
	add(support, consentPath, map[string]page{http.MethodPost: s.decide})
	for _, d := range dialects {
		add(d, d.authorizePath, map[string]page{http.MethodGet: s.authorize})
	}
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
)
