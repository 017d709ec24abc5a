package deskhttp

import (
	"context"
	"net/http"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/zendesk"
)

// The tags of a ticket by themselves. Each way to change them is a change of the
// ticket, with its audit and its quotas.
func (s *Server) tagRoutes() []apihttp.Route {
	const path = zendesk.TicketsPath + "/{id}/tags"
	set := func(c *desk.Change, tags []string) { c.Tags = &tags }
	add := func(c *desk.Change, tags []string) { c.AddTags = tags }
	remove := func(c *desk.Change, tags []string) { c.RemoveTags = tags }
	return []apihttp.Route{
		{Method: http.MethodGet, Path: path, Scopes: ticketsRead, Roles: agents, Serve: s.showTags},
		{Method: http.MethodPost, Path: path, Scopes: ticketsWrite, Roles: agents, Limit: updateLimit, Serve: s.changeTags(http.StatusCreated, set)},
		{Method: http.MethodPut, Path: path, Scopes: ticketsWrite, Roles: agents, Limit: updateLimit, Serve: s.changeTags(http.StatusOK, add)},
		{Method: http.MethodDelete, Path: path, Scopes: ticketsWrite, Roles: agents, Limit: updateLimit, Serve: s.changeTags(http.StatusOK, remove)},
	}
}

func (s *Server) showTags(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Desk.Ticket(ctx, req.Caller, id)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.TagsEnvelope{Tags: list(t.Tags)}}, nil
}

// changeTags reads {"tags":[…]}, or for a request without a body "tags=a,b" in
// the query, which is what Zendesk documents for a removal.
func (s *Server) changeTags(status int, put func(*desk.Change, []string)) serve {
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		id, err := req.ID("id")
		if err != nil {
			return apihttp.Response{}, err
		}
		if err := req.Spend(sameTicketLimit(req.Caller.User.ID, id)); err != nil {
			return apihttp.Response{}, err
		}
		p, err := req.TopParams()
		if err != nil {
			return apihttp.Response{}, err
		}
		tags := p.Texts("tags")
		change, err := readSafety(p)
		if err = firstError(err, p.Err()); err != nil {
			return apihttp.Response{}, err
		}
		if query := req.URL.Query(); tags == nil && query.Has("tags") {
			split := strings.Split(query.Get("tags"), ",")
			tags = &split
		}
		if tags == nil {
			return apihttp.Response{}, zendesk.ParameterMissing("tags")
		}
		put(&change, *tags)
		t, _, err := s.Desk.ChangeTicket(ctx, req.Caller, id, change, origin(req))
		if err != nil {
			return apihttp.Response{}, err
		}
		return apihttp.Response{Status: status, Body: zendesk.TagsEnvelope{Tags: list(t.Tags)}}, nil
	}
}
