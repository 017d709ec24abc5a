package issuerhttp

import (
	"context"
	"fmt"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// Rules of the management API (facts sections 3 to 5.3): what has no scope of
// its own needs a broad one.
var (
	admins    = []issuer.Role{issuer.Admin}
	toRead    = []string{zendesk.Read}
	toWrite   = []string{zendesk.Write}
	idPattern = "/{id}"
)

// oauthTokenRoutes is the OAuth Tokens API. Whoever has a token may see and
// revoke it, even if its scope opens nothing else.
func (s *Server) oauthTokenRoutes() []apihttp.Route {
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.OAuthTokensPath, Scopes: toRead, Roles: admins, Serve: s.listTokens},
		{Method: http.MethodPost, Path: zendesk.OAuthTokensPath, Scopes: toWrite, Roles: admins, Serve: s.createToken},
		{Method: http.MethodGet, Path: zendesk.OAuthTokensCurrentPath, AnyScope: true, Serve: s.currentToken},
		{Method: http.MethodDelete, Path: zendesk.OAuthTokensCurrentPath, AnyScope: true, Serve: s.revokeCurrentToken},
		{Method: http.MethodGet, Path: zendesk.OAuthTokensPath + idPattern, Scopes: toRead, Serve: s.showToken},
		{Method: http.MethodDelete, Path: zendesk.OAuthTokensPath + idPattern, Scopes: toWrite, Serve: s.revokeToken},
	}
}

// listTokens lists the caller's own tokens, or with all=true those of the whole
// account, and only then, with include_expired=true, the expired ones too.
func (s *Server) listTokens(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	f, err := tokenFilter(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	tokens, err := s.Issuer.Tokens(ctx, req.Account, issuer.Support, f, page.Range)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, page, "tokens", tokens, func(t issuer.Token) int64 { return int64(t.ID) },
		func(t issuer.Token) zendesk.OAuthToken { return oauthToken(req, t) }), nil
}

func tokenFilter(req apihttp.Request) (f issuer.TokenFilter, err error) {
	client, err := req.QueryID("client_id")
	if err != nil {
		return f, err
	}
	global, err := req.QueryID("global_client_id")
	if err != nil {
		return f, err
	}
	all, err := req.QueryBool("all")
	if err != nil {
		return f, err
	}
	expired, err := req.QueryBool("include_expired")
	if err != nil {
		return f, err
	}
	f = issuer.TokenFilter{User: req.Caller.User.ID, Client: issuer.ClientID(client), Global: issuer.GlobalClientID(global)}
	if all {
		f.User, f.Expired = 0, expired
	}
	return f, nil
}

// createToken is the token without a flow: {"token":{"client_id":1,"scopes":[…]}}.
func (s *Server) createToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	p, err := req.Params("token")
	if err != nil {
		return apihttp.Response{}, err
	}
	client, scopes := p.Number("client_id"), p.Texts("scopes")
	if err := p.Err(); err != nil {
		return apihttp.Response{}, err
	}
	if client == nil {
		return apihttp.Response{}, zendesk.ParameterMissing("client_id")
	}
	if scopes == nil {
		scopes = &[]string{}
	}
	t, full, err := s.Issuer.CreateToken(ctx, req.Account, issuer.Support, req.Caller.User, issuer.ClientID(*client), *scopes, req.Base, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := oauthToken(req, t)
	shown.FullToken = full.Reveal()
	return created(shown.URL, zendesk.OAuthTokenEnvelope{Token: shown}), nil
}

// currentToken shows the bearer that the request came with: the one call that
// tells for sure whether a token lives.
func (s *Server) currentToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	if req.Caller.Via != issuer.ViaBearer {
		return apihttp.Response{}, issuer.ErrNotFound
	}
	holder := issuer.User{Account: req.Account.ID, ID: req.Caller.Token.User}
	t, err := s.Issuer.Token(ctx, holder, issuer.Support, req.Caller.Token.ID)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.OAuthTokenEnvelope{Token: oauthToken(req, t)}}, nil
}

func (s *Server) revokeCurrentToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	if err := s.Issuer.RevokeCurrent(ctx, req.Caller, req.Caller.By(req.Origin())); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

func (s *Server) showToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Issuer.Token(ctx, req.Caller.User, issuer.Support, issuer.TokenID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.OAuthTokenEnvelope{Token: oauthToken(req, t)}}, nil
}

func (s *Server) revokeToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Issuer.RevokeToken(ctx, req.Caller.User, issuer.Support, issuer.TokenID(id), req.Caller.By(req.Origin())); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

// created answers with a new record, its secret in full, and where it is.
func created(url string, body any) apihttp.Response {
	response := secretly(body)
	response.Status = http.StatusCreated
	response.Header.Set("Location", url)
	return response
}

// secretly answers with a secret, which no cache may keep.
func secretly(body any) apihttp.Response {
	return apihttp.Response{Header: http.Header{"Cache-Control": {"no-store"}}, Body: body}
}

// recordURL is where the API has a record.
func recordURL(req apihttp.Request, path string, id int64) string {
	return fmt.Sprintf("%s%s/%d.json", req.Base, path, id)
}

func oauthToken(req apihttp.Request, t issuer.Token) zendesk.OAuthToken {
	shown := zendesk.OAuthToken{
		URL: recordURL(req, zendesk.OAuthTokensPath, int64(t.ID)),
		ID:  int64(t.ID), UserID: int64(t.User), ClientID: int64(t.Client), Token: t.AccessHint,
		CreatedAt: zendesk.TimeOf(t.Created), UsedAt: zendesk.TimeOf(t.Used), ExpiresAt: zendesk.TimeOf(t.AccessExpires),
		Scopes: append([]string{}, t.Scope...),
	}
	if t.HasRefresh {
		hint := t.RefreshHint + "..."
		shown.RefreshToken, shown.RefreshTokenExpiresAt = &hint, zendesk.TimeOf(t.RefreshExpires)
	}
	return shown
}
