package deskhttp

import (
	"context"
	"net/http"
	"slices"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

var (
	requestsRead  = []string{"requests:read", zendesk.Read}
	requestsWrite = []string{"requests:write", zendesk.Write}
)

// requestRoutes is the Requests API: tickets, as those see them who ask.
func (s *Server) requestRoutes() []apihttp.Route {
	const one = zendesk.RequestsPath + "/{id}"
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.RequestsPath, Scopes: requestsRead, Serve: s.listRequests},
		{Method: http.MethodPost, Path: zendesk.RequestsPath, Scopes: requestsWrite, Serve: s.createRequest},
		{Method: http.MethodGet, Path: one, Scopes: requestsRead, Serve: s.showRequest},
		{Method: http.MethodPut, Path: one, Scopes: requestsWrite, Serve: s.updateRequest},
		{Method: http.MethodGet, Path: one + "/comments", Scopes: requestsRead, Serve: s.listRequestComments},
	}
}

func (s *Server) listRequests(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := page(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	found, err := s.Desk.Requests(ctx, req.Caller, desk.Range(p.Range))
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, p, "requests", issuer.Page[desk.Ticket](found), number, v.request), nil
}

func (s *Server) createRequest(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Params("request")
	if err != nil {
		return apihttp.Response{}, err
	}
	f, err := readFields(p)
	if err = firstError(err, p.Err()); err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Desk.OpenRequest(ctx, req.Caller, desk.Draft{
		Subject: value(f.subject), Priority: value(f.priority), Kind: value(f.kind), Comment: value(f.said), Custom: f.custom,
	}, origin(req))
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := v.request(t)
	return forAnyOrigin(created(shown.URL, zendesk.RequestEnvelope{Request: shown})), nil
}

func (s *Server) showRequest(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Desk.Request(ctx, req.Caller, id)
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.RequestEnvelope{Request: v.request(t)}}, nil
}

// updateRequest adds a comment or solves the request; the Requests API changes
// nothing else.
func (s *Server) updateRequest(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	p, err := req.Params("request")
	if err != nil {
		return apihttp.Response{}, err
	}
	f, err := readFields(p)
	// Zendesk's own example has the text "true".
	solve := string(p.Raw("solved"))
	if !slices.Contains([]string{"", "null", "true", "false", `"true"`, `"false"`}, solve) {
		p.Refuse("solved", "must be a boolean")
	}
	if err = firstError(err, p.Err()); err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Desk.ChangeRequest(ctx, req.Caller, id, f.said, solve == "true" || solve == `"true"`, origin(req))
	if err != nil {
		return apihttp.Response{}, err
	}
	v, err := s.view(ctx, req)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.RequestEnvelope{Request: v.request(t)}}, nil
}

func (s *Server) listRequestComments(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.commentPage(ctx, req, s.Desk.RequestComments)
}
