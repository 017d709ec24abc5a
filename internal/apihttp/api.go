package apihttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
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
	quotas quotas
}

// Route is one endpoint. Its rules are data, checked before Serve is called.
type Route struct {
	Method string
	Path   string // as http.ServeMux patterns have it, without ".json"
	// Scopes are those of which a bearer needs one: facts section 5.3. AnyScope
	// needs none; a route must say so, lest one that forgot be open.
	Scopes   []string
	AnyScope bool
	// Roles are those whose users may come in; none named: all of them.
	Roles []issuer.Role
	// Product is whose tokens open the route; empty: Support's.
	Product issuer.Product
	// Anonymous lets a request without credentials in.
	Anonymous bool
	// Limit is what accounts with a plan may ask of it, beside the plan's quota.
	Limit Limit
	Serve func(ctx context.Context, req Request) (Response, error)
}

func (r Route) product() issuer.Product {
	if r.Product == "" {
		return issuer.Support
	}
	return r.Product
}

// Request is what a route gets: an API request whose account, caller and scope
// have been decided.
type Request struct {
	*http.Request
	Account issuer.Account
	Caller  issuer.Caller
	Base    string // the account's root as the client sees it: "http://acme.localhost:4000"

	api     *API
	product issuer.Product
	writer  http.ResponseWriter
	query   url.Values
	action  string // what Zendesk calls the endpoint in some errors
}

// Origin is where the request came from, for the audit trail.
func (r Request) Origin() issuer.Origin { return OriginOf(r.Request) }

// OriginOf is where a request came from.
func OriginOf(r *http.Request) issuer.Origin {
	return issuer.Origin{Address: httpd.AddressText(r.Context()), RequestID: httpd.RequestIDFrom(r.Context())}
}

// Response is a JSON answer.
type Response struct {
	Status int // 0: 200; 204 has no body
	Header http.Header
	Body   any
}

// Add gives the API more routes. It is for the time before Handler.
func (a *API) Add(routes ...Route) { a.routes = append(a.routes, routes...) }

// action names the endpoint as Zendesk's errors do: "api/v2/oauth/tokens/index",
// the controller and what Rails calls the action.
func (r Route) action() string {
	var controller []string
	var isOne bool
	for part := range strings.SplitSeq(strings.Trim(r.Path, "/"), "/") {
		if isOne = strings.HasPrefix(part, "{"); !isOne {
			controller = append(controller, part)
		}
	}
	name := strings.Join(controller, "/")
	switch {
	case r.Method == http.MethodPost:
		return name + "/create"
	case r.Method == http.MethodDelete:
		return name + "/destroy"
	case r.Method == http.MethodPut && isOne:
		return name + "/update"
	case r.Method == http.MethodGet && isOne:
		return name + "/show"
	case r.Method == http.MethodGet:
		return name + "/index"
	default:
		return name
	}
}

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
	action := route.action()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.answer(w, r, &route, action); err != nil {
			a.Fail(w, r, err)
		}
	})
}

// queryOf is nil where there is none, as it mostly is.
func queryOf(r *http.Request) url.Values {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()
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

func (a *API) answer(w http.ResponseWriter, r *http.Request, route *Route, action string) error {
	account, err := a.account(r)
	if err != nil {
		return err
	}
	if err := a.spend(w, account, *route); err != nil {
		return err
	}
	if route.product() == issuer.Chat && account.Chat == issuer.ChatOff {
		return zendesk.InvalidEndpoint
	}
	caller, err := a.caller(w, r, account, route.product())
	if err != nil {
		return err
	}
	if caller.Anonymous() && !route.Anonymous {
		return zendesk.CouldntAuthenticate
	}
	if !route.AnyScope {
		if err := permitted(caller, route.Scopes); err != nil {
			return err
		}
	}
	if caller, err = a.onBehalf(r, caller); err != nil {
		return err
	}
	if len(route.Roles) > 0 && !slices.Contains(route.Roles, caller.User.Role) {
		return issuer.ErrForbidden
	}
	response, err := route.Serve(r.Context(), Request{
		Request: r, Account: account, Caller: caller, Base: httpd.Scheme(r) + "://" + r.Host,
		api: a, product: route.product(), writer: w, query: queryOf(r), action: action,
	})
	if err != nil {
		return err
	}
	return respond(w, response)
}
