package deskhttp

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// What a token needs (facts section 5.3).
var (
	ticketsRead  = []string{"tickets:read", zendesk.Read}
	ticketsWrite = []string{"tickets:write", zendesk.Write}
)

// The quotas that Zendesk documents for these endpoints, by the names of their
// headers. That of deletions has none.
var (
	listLimit   = apihttp.Limit{Name: "tickets-index", Most: 100, Plus: 300}
	updateLimit = apihttp.Limit{Name: "tickets-update", Most: 100, Plus: 300}
	deleteLimit = apihttp.Limit{Most: 400, Key: "delete ticket"}
)

// sameTicketLimit is how often one person may change one ticket.
func sameTicketLimit(by issuer.UserID, ticket int64) apihttp.Limit {
	return apihttp.Limit{Most: 30, Per: 10 * time.Minute, Key: fmt.Sprintf("user %d changes ticket %d", by, ticket)}
}

func (s *Server) ticketRoutes() []apihttp.Route {
	const one = zendesk.TicketsPath + "/{id}"
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.TicketsPath, Scopes: ticketsRead, Roles: agents, Limit: listLimit, Serve: s.listTickets},
		{Method: http.MethodPost, Path: zendesk.TicketsPath, Scopes: ticketsWrite, Roles: agents, Serve: s.createTicket},
		{Method: http.MethodGet, Path: one, Scopes: ticketsRead, Roles: agents, Serve: s.showTicket},
		{Method: http.MethodPut, Path: one, Scopes: ticketsWrite, Roles: agents, Limit: updateLimit, Serve: s.updateTicket},
		{Method: http.MethodDelete, Path: one, Scopes: ticketsWrite, Roles: agents, Limit: deleteLimit, Serve: s.deleteTicket},
		{Method: http.MethodGet, Path: one + "/comments", Scopes: ticketsRead, Roles: agents, Serve: s.listComments},
		{Method: http.MethodGet, Path: one + "/audits", Scopes: ticketsRead, Roles: agents, Serve: s.listAudits},
		{Method: http.MethodGet, Path: one + "/audits/{audit}", Scopes: ticketsRead, Roles: agents, Serve: s.showAudit},
	}
}

func (s *Server) listTickets(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.ticketPage(ctx, req, desk.Filter{ExternalID: req.URL.Query().Get("external_id")})
}

func (s *Server) ticketPage(ctx context.Context, req apihttp.Request, f desk.Filter) (apihttp.Response, error) {
	p, err := page(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := s.Desk.Tickets(ctx, req.Caller, f, desk.Range(p.Range))
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, p, "tickets", issuer.Page[desk.Ticket](found), number, v.ticket), nil
}

func number(t desk.Ticket) int64 { return t.Number }

func (s *Server) createTicket(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	draft, stranger, err := ticketDraft(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.meet(ctx, req, stranger); err != nil {
		return apihttp.Response{}, err
	}
	o, err := s.Desk.OpenTicket(ctx, req.Caller, draft, origin(req))
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := v.ticketWith(o.Ticket, o.Audit)
	return created(shown.Ticket.URL, shown), nil
}

func (s *Server) showTicket(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Desk.Ticket(ctx, req.Caller, id)
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.TicketEnvelope{Ticket: v.ticket(t)}}, nil
}

func (s *Server) updateTicket(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := req.Spend(sameTicketLimit(req.Caller.User.ID, id)); err != nil {
		return apihttp.Response{}, err
	}
	change, stranger, err := ticketChange(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.meet(ctx, req, stranger); err != nil {
		return apihttp.Response{}, err
	}
	t, audit, err := s.Desk.ChangeTicket(ctx, req.Caller, id, change, origin(req))
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: v.ticketWith(t, audit)}, nil
}

func (s *Server) deleteTicket(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Desk.DeleteTicket(ctx, req.Caller, id); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

func (s *Server) listComments(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.commentPage(ctx, req, s.Desk.Comments)
}

// commentPage lists the comments that one of the use cases finds.
func (s *Server) commentPage(ctx context.Context, req apihttp.Request,
	find func(context.Context, issuer.Caller, int64, desk.Range) (desk.Page[desk.Comment], error),
) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	p, err := page(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := find(ctx, req.Caller, id, desk.Range(p.Range))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, p, "comments", issuer.Page[desk.Comment](found), func(c desk.Comment) int64 { return c.ID },
		func(c desk.Comment) zendesk.Comment { return comment(req.Base, c) }), nil
}

func (s *Server) listAudits(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	p, err := page(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := s.Desk.Audits(ctx, req.Caller, id, desk.Range(p.Range))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, p, "audits", issuer.Page[desk.Audit](found), func(a desk.Audit) int64 { return a.ID },
		func(a desk.Audit) zendesk.Audit { return audit(req.Base, a) }), nil
}

func (s *Server) showAudit(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	of, err := req.ID("audit")
	if err != nil {
		return apihttp.Response{}, err
	}
	a, err := s.Desk.Audit(ctx, req.Caller, id, of)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.AuditEnvelope{Audit: audit(req.Base, a)}}, nil
}
