package issuerhttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// apiTokenRoutes manages API tokens. The path is Zendesk's, the shape our own
// (facts section 7.4).
func (s *Server) apiTokenRoutes() []apihttp.Route {
	one := zendesk.APITokensPath + idPattern
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.APITokensPath, Scopes: toRead, Roles: admins, Serve: s.listAPITokens},
		{Method: http.MethodPost, Path: zendesk.APITokensPath, Scopes: toWrite, Roles: admins, Serve: s.createAPIToken},
		{Method: http.MethodGet, Path: one, Scopes: toRead, Roles: admins, Serve: s.showAPIToken},
		{Method: http.MethodPut, Path: one, Scopes: toWrite, Roles: admins, Serve: s.updateAPIToken},
		{Method: http.MethodDelete, Path: one, Scopes: toWrite, Roles: admins, Serve: s.deleteAPIToken},
	}
}

func (s *Server) listAPITokens(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	tokens, err := s.Issuer.APITokens(ctx, req.Account, page.Range)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, page, "api_tokens", tokens, func(t issuer.APIToken) int64 { return int64(t.ID) },
		func(t issuer.APIToken) zendesk.APIToken { return apiToken(req, t) }), nil
}

func (s *Server) createAPIToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Params("api_token")
	if err != nil {
		return apihttp.Response{}, err
	}
	description := p.Text("description")
	if err := p.Err(); err != nil {
		return apihttp.Response{}, err
	}
	if description == nil {
		description = new(string)
	}
	t, full, err := s.Issuer.CreateAPIToken(ctx, req.Account, *description, req.Caller.By(req.Origin()))
	if errors.Is(err, issuer.ErrEnded) {
		return apihttp.Response{}, zendesk.APITokensEnded
	} else if err != nil {
		return apihttp.Response{}, err
	}
	shown := apiToken(req, t)
	shown.FullToken = full.Reveal()
	return created(shown.URL, zendesk.APITokenEnvelope{APIToken: shown}), nil
}

func (s *Server) showAPIToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Issuer.APIToken(ctx, req.Account, issuer.APITokenID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.APITokenEnvelope{APIToken: apiToken(req, t)}}, nil
}

func (s *Server) updateAPIToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	p, err := req.Params("api_token")
	if err != nil {
		return apihttp.Response{}, err
	}
	change := issuer.APITokenChange{Description: p.Text("description"), Active: p.Bool("active")}
	p.Ignored("id", "url", "token", "created_at", "updated_at", "last_used_at")
	if err := p.Err(); err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Issuer.UpdateAPIToken(ctx, req.Account, issuer.APITokenID(id), change, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.APITokenEnvelope{APIToken: apiToken(req, t)}}, nil
}

func (s *Server) deleteAPIToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Issuer.DeleteAPIToken(ctx, req.Account, issuer.APITokenID(id), req.Caller.By(req.Origin())); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

func apiToken(req apihttp.Request, t issuer.APIToken) zendesk.APIToken {
	return zendesk.APIToken{
		ID: int64(t.ID), Description: t.Description, Active: t.Active, Token: t.Hint, URL: recordURL(req, zendesk.APITokensPath, int64(t.ID)),
		CreatedAt: zendesk.TimeOf(t.Created), UpdatedAt: zendesk.TimeOf(t.Updated), LastUsedAt: zendesk.TimeOf(t.Used),
	}
}
