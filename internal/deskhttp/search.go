package deskhttp

import (
	"context"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// searchMost is how far a search can be read, as at Zendesk.
const searchMost = 1000

// searchLimit is Zendesk's quota of searches.
var searchLimit = apihttp.Limit{Name: "search-index", Most: 2500}

// searchRoutes: no narrower scope than "read" covers a search (facts section 5.3).
func (s *Server) searchRoutes() []apihttp.Route {
	read := []string{zendesk.Read}
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.SearchPath, Scopes: read, Roles: agents, Limit: searchLimit, Serve: s.search},
		{Method: http.MethodGet, Path: zendesk.SearchPath + "/count", Scopes: read, Roles: agents, Limit: searchLimit, Serve: s.countSearch},
	}
}

// search looks for tickets, and then for users. Groups and organizations there
// are none of.
func (s *Server) search(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := s.found(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	if p.Offset+p.Limit > searchMost && p.Offset > 0 {
		return apihttp.Response{}, zendesk.SearchTooDeep
	}
	first, last := min(p.Offset, len(found)), min(p.Offset+p.Limit, len(found))
	page := issuer.Page[any]{Items: found[first:last], Total: len(found)}
	return apihttp.Listed(req, p.ByOffset(), "results", page, func(any) int64 { return 0 }, func(v any) any { return v }), nil
}

func (s *Server) countSearch(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	found, err := s.found(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.SearchCount{Count: len(found)}}, nil
}

func (s *Server) found(ctx context.Context, req apihttp.Request) ([]any, error) {
	query := req.URL.Query()
	if !query.Has("query") {
		return nil, zendesk.ParameterMissing("query")
	}
	text := query.Get("query")
	q := desk.ParseQuery(text)
	tickets, err := s.Desk.Search(ctx, req.Caller, q, desk.Order{By: query.Get("sort_by"), Ascending: query.Get("sort_order") == "asc"})
	if err != nil {
		return nil, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return nil, err
	}
	var all []any
	for _, t := range tickets {
		all = append(all, zendesk.FoundTicket{Ticket: v.ticket(t), ResultType: "ticket"})
	}
	if !q.Wants("user") {
		return all, nil
	}
	users, err := s.Issuer.FindUsers(ctx, req.Account, issuer.UserQuery(text), issuer.Range{Limit: searchMost})
	for _, u := range users.Items {
		shown := apihttp.User(req.Base, u)
		group, err := s.DefaultGroup(ctx, u)
		if err != nil {
			return nil, err
		}
		if group != 0 {
			shown.DefaultGroupID = &group
		}
		all = append(all, zendesk.FoundUser{User: shown, ResultType: "user"})
	}
	return all, err
}
