package issuerhttp

import (
	"context"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// globalClientRoutes shows an account the clients from outside that it approved.
func (s *Server) globalClientRoutes() []apihttp.Route {
	const path = zendesk.OAuthGlobalClientsPath
	return []apihttp.Route{
		{Method: http.MethodGet, Path: path, Scopes: toRead, Roles: admins, Serve: s.listGlobalClients},
		{Method: http.MethodGet, Path: path + "/token_summary", Scopes: toRead, Roles: admins, Serve: s.tokenSummary},
		{Method: http.MethodGet, Path: path + idPattern, Scopes: toRead, Roles: admins, Serve: s.showGlobalClient},
	}
}

func (s *Server) listGlobalClients(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	clients, err := s.Issuer.GlobalClients(ctx, req.Account, issuer.Support, page.Range)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, page, "global_clients", clients, func(g issuer.GlobalClient) int64 { return int64(g.ID) }, globalClient), nil
}

func (s *Server) showGlobalClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	g, err := s.Issuer.GlobalClient(ctx, req.Account, issuer.Support, issuer.GlobalClientID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.GlobalClientEnvelope{GlobalClient: globalClient(g)}}, nil
}

// tokenSummary counts the tokens of each global client.
func (s *Server) tokenSummary(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	global, err := req.QueryID("global_client_id")
	if err != nil {
		return apihttp.Response{}, err
	}
	expired, err := req.QueryBool("include_expired")
	if err != nil {
		return apihttp.Response{}, err
	}
	f := issuer.TokenFilter{Global: issuer.GlobalClientID(global), Expired: expired}
	uses, err := s.Issuer.GlobalUses(ctx, req.Account, issuer.Support, f, page.Range)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, page, "global_clients", uses, func(u issuer.GlobalUse) int64 { return int64(u.ID) },
		func(u issuer.GlobalUse) zendesk.TokenSummary {
			return zendesk.TokenSummary{ID: int64(u.ID), LastUsedAt: zendesk.TimeOf(u.Used), TokensCount: u.Tokens}
		}), nil
}

func globalClient(g issuer.GlobalClient) zendesk.GlobalClient {
	return zendesk.GlobalClient{
		ID: int64(g.ID), Identifier: g.Identifier, Name: g.Name, Company: orNull(g.Company), Description: orNull(g.Description),
		Kind: string(g.Kind),
	}
}
