package deskhttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// Other ways to look at tickets: those of some numbers, those of a user, and how
// many there are.
func (s *Server) manyRoutes() []apihttp.Route {
	const of = zendesk.UsersPath + "/{id}/tickets/"
	requested := func(id desk.UserID) desk.Filter { return desk.Filter{Requester: id} }
	assigned := func(id desk.UserID) desk.Filter { return desk.Filter{Assignee: id} }
	routes := []apihttp.Route{
		{Path: zendesk.TicketsPath + "/show_many", Serve: s.showTickets},
		{Path: zendesk.TicketsPath + "/count", Serve: s.countTickets},
		{Path: zendesk.TicketsPath + "/{id}/comments/count", Serve: s.countComments},
		{Path: zendesk.TicketsPath + "/{id}/audits/count", Serve: s.countAudits},
		{Path: of + "requested", Serve: s.ticketsOf(requested)},
		{Path: of + "requested/count", Serve: s.countOf(requested)},
		{Path: of + "assigned", Serve: s.ticketsOf(assigned)},
		{Path: of + "assigned/count", Serve: s.countOf(assigned)},
	}
	for n := range routes {
		routes[n].Method, routes[n].Scopes, routes[n].Roles = http.MethodGet, ticketsRead, agents
	}
	return routes
}

// showTickets leaves out what there is not.
func (s *Server) showTickets(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	ids, err := req.IDs("ids")
	if err != nil {
		return apihttp.Response{}, err
	}
	found := issuer.Page[desk.Ticket]{}
	for _, id := range ids {
		t, err := s.Desk.Ticket(ctx, req.Caller, id)
		if errors.Is(err, desk.ErrNotFound) {
			continue
		} else if err != nil {
			return apihttp.Response{}, err
		}
		found.Items = append(found.Items, t)
	}
	found.Total = len(found.Items)
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, apihttp.Whole(), "tickets", found, number, v.ticket), nil
}

// justCount asks for the length of a list alone.
var justCount = desk.Range{Limit: 1, Count: true}

func (s *Server) counted(total int, err error) (apihttp.Response, error) {
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.CountEnvelope{Count: zendesk.Count{Value: total, RefreshedAt: zendesk.TimeOf(s.Desk.Now())}}}, nil
}

func (s *Server) countTickets(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := s.Desk.Tickets(ctx, req.Caller, desk.Filter{}, justCount)
	return s.counted(page.Total, err)
}

func (s *Server) countComments(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	page, err := s.Desk.Comments(ctx, req.Caller, id, justCount)
	return s.counted(page.Total, err)
}

func (s *Server) countAudits(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	page, err := s.Desk.Audits(ctx, req.Caller, id, justCount)
	return s.counted(page.Total, err)
}

// userOf is the user whom the path names.
func (s *Server) userOf(ctx context.Context, req apihttp.Request) (desk.UserID, error) {
	id, err := req.ID("id")
	if err != nil {
		return 0, err
	}
	u, err := s.Issuer.User(ctx, req.Account, issuer.UserID(id))
	return desk.UserID(u.ID), err
}

func (s *Server) ticketsOf(filter func(desk.UserID) desk.Filter) serve {
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		id, err := s.userOf(ctx, req)
		if err != nil {
			return apihttp.Response{}, err
		}
		return s.ticketPage(ctx, req, filter(id))
	}
}

func (s *Server) countOf(filter func(desk.UserID) desk.Filter) serve {
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		id, err := s.userOf(ctx, req)
		if err != nil {
			return apihttp.Response{}, err
		}
		page, err := s.Desk.Tickets(ctx, req.Caller, filter(id), justCount)
		return s.counted(page.Total, err)
	}
}
