package apihttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// API serves the routes of the Zendesk API.
type API struct {
	Issuer *issuer.Issuer
	Hosts  Hosts
	Log    *slog.Logger

	routes []Route
}

// Route is one endpoint. Its rules are data, checked before Serve is called.
type Route struct {
	Method string
	Path   string // as http.ServeMux patterns have it, without ".json"
	// Scopes are those of which a bearer needs one: facts section 5.3.
	Scopes []string
	// Anonymous lets a request without credentials in.
	Anonymous bool
	Serve     func(ctx context.Context, req Request) (Response, error)
}

// Request is what a route gets: an API request whose account, caller and scope
// have been decided.
type Request struct {
	*http.Request
	Account issuer.Account
	Caller  issuer.Caller
	Base    string // the account's root as the client sees it: "http://acme.localhost:4000"
}

// Response is a JSON answer.
type Response struct {
	Status int // 0: 200
	Header http.Header
	Body   any
}

// Add gives the API more routes. It is for the time before Handler.
func (a *API) Add(routes ...Route) { a.routes = append(a.routes, routes...) }

// Handler serves /api/v2/.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range a.routes {
		mux.Handle(route.Method+" "+route.Path, a.serve(route))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, err := a.account(r)
		if err == nil {
			err = zendesk.InvalidEndpoint
		}
		a.Fail(w, r, err)
	})
	return withoutSuffix(preflight(httpd.Route(mux)))
}

// withoutSuffix takes ".json" off: Zendesk takes every path with and without.
func withoutSuffix(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, found := strings.CutSuffix(r.URL.Path, ".json"); found && !strings.HasSuffix(path, "/") {
			r.URL.Path, r.URL.RawPath = path, ""
		}
		next.ServeHTTP(w, r)
	})
}

func (a *API) serve(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.answer(w, r, route); err != nil {
			a.Fail(w, r, err)
		}
	})
}

// account finds whose API is asked. Below a host that is nobody's every path gets
// the same answer.
func (a *API) account(r *http.Request) (issuer.Account, error) {
	account, err := a.Hosts.Account(r.Context(), r.Host)
	if errors.Is(err, issuer.ErrNotFound) {
		return issuer.Account{}, zendesk.NoSuchAccount
	} else if err != nil {
		return issuer.Account{}, err
	}
	httpd.Note(r.Context(), slog.String("account", account.Subdomain))
	return account, nil
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, route Route) error {
	account, err := a.account(r)
	if err != nil {
		return err
	}
	caller, err := a.caller(w, r, account)
	if err != nil {
		return err
	}
	if caller.Anonymous() && !route.Anonymous {
		return zendesk.CouldntAuthenticate
	}
	if !caller.Anonymous() && !zendesk.Covers(caller.Token.Scope, route.Scopes...) {
		return zendesk.MissingScopes(route.Scopes...)
	}
	response, err := route.Serve(r.Context(), Request{
		Request: r, Account: account, Caller: caller, Base: httpd.Scheme(r) + "://" + r.Host,
	})
	if err != nil {
		return err
	}
	return respond(w, response)
}
