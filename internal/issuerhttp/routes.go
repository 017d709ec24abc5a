package issuerhttp

import (
	"log/slog"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// Server is the issuer on the wire.
type Server struct {
	Issuer *issuer.Issuer
	Hosts  apihttp.Hosts
	Log    *slog.Logger
	// Demo offers the users to be picked without a password.
	Demo bool
}

// Handler serves everything below an account's host name.
func (s *Server) Handler() http.Handler {
	api := &apihttp.API{Issuer: s.Issuer, Hosts: s.Hosts, Log: s.Log}
	api.Add(s.userRoutes()...)

	mux := http.NewServeMux()
	mux.Handle("/api/v2/", api.Handler())
	// Outside of the cross-origin protection: no cookie opens it.
	mux.Handle("POST "+zendesk.TokenPath, httpd.MaxBody(tokenMost)(http.HandlerFunc(s.token)))
	mux.HandleFunc(zendesk.TokenPath, s.tokenMethod)
	mux.Handle("/static/", web.Static())
	mux.Handle("/", s.pages())
	return mux
}

// pages are what a person sees. Their forms change state with a cookie, so
// other sites may not submit them.
func (s *Server) pages() http.Handler {
	mux := http.NewServeMux()
	for path, methods := range map[string]map[string]page{
		"/{$}":                {http.MethodGet: s.home},
		zendesk.AuthorizePath: {http.MethodGet: s.authorize},
		consentPath:           {http.MethodPost: s.decide},
		signInPath:            {http.MethodGet: s.signInPage, http.MethodPost: s.signIn},
		signOutPath:           {http.MethodPost: s.signOut},
	} {
		for method, p := range methods {
			mux.Handle(method+" "+path, s.of(p))
		}
		mux.Handle(path, s.of(refuseMethod(methods)))
	}
	mux.Handle("/", s.of(func(v visit) error { return issuer.ErrNotFound }))
	return httpd.Route(http.NewCrossOriginProtection().Handler(mux))
}

// Paths of our own; Zendesk's are in package zendesk.
const (
	consentPath = "/oauth/authorizations"
	signInPath  = "/access/unauthenticated"
	signOutPath = "/access/logout"
)
