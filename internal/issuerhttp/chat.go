package issuerhttp

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// chatRoutes is Chat's API: its account, clients and tokens (facts section 8). A
// Chat token opens it, and no other.
func (s *Server) chatRoutes() []apihttp.Route {
	read, write := []string{chat.Read}, []string{chat.Write}
	client, token := chat.ClientsPath+idPattern, chat.TokensPath+idPattern
	routes := []apihttp.Route{
		{Method: http.MethodGet, Path: chat.AccountPath, Scopes: read, Serve: s.chatAccount},
		{Method: http.MethodGet, Path: chat.ClientsPath, Scopes: read, Roles: admins, Serve: s.chatClients},
		{Method: http.MethodPost, Path: chat.ClientsPath, Scopes: write, Roles: admins, Serve: s.createChatClient},
		{Method: http.MethodGet, Path: client, Scopes: read, Roles: admins, Serve: s.showChatClient},
		{Method: http.MethodPut, Path: client, Scopes: write, Roles: admins, Serve: s.updateChatClient},
		{Method: http.MethodDelete, Path: client, Scopes: write, Roles: admins, Serve: s.deleteChatClient},
		{Method: http.MethodGet, Path: chat.TokensPath, Scopes: read, Roles: admins, Serve: s.chatTokens},
		{Method: http.MethodGet, Path: token, Scopes: read, Roles: admins, Serve: s.showChatToken},
		{Method: http.MethodDelete, Path: token, Scopes: write, Roles: admins, Serve: s.revokeChatToken},
	}
	for i := range routes {
		routes[i].Product = issuer.Chat
		routes[i].Serve = inChatsWords(routes[i].Serve)
	}
	return routes
}

// chatAccount makes the account's key from its number: it stays, and says nothing.
func (s *Server) chatAccount(_ context.Context, req apihttp.Request) (apihttp.Response, error) {
	key := secret.Of(req.Account.Subdomain).Digest()
	return apihttp.Response{Body: chat.Account{
		AccountKey: hex.EncodeToString(key.Bytes()[:16]), Status: "active", CreateDate: zendesk.TimeOf(req.Account.Created),
		Plan: chat.Plan{Name: string(req.Account.Plan), MaxAgents: 100}, Billing: chat.Billing{Company: req.Account.Name},
	}}, nil
}

// chatTokens lists the caller's own tokens, newest first. Chat's lists are bare
// arrays, which leave no room to say that there is more: so all of it is there.
func (s *Server) chatTokens(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	clients := identifiers{}
	all := []chat.Token{}
	for r := (issuer.Range{Limit: zendesk.MaxPageSize, Descending: true}); ; {
		page, err := s.Issuer.Tokens(ctx, req.Account, issuer.Chat, issuer.TokenFilter{User: req.Caller.User.ID}, r)
		if err != nil {
			return apihttp.Response{}, err
		}
		for _, t := range page.Items {
			shown, err := s.chatToken(ctx, req, t, clients)
			if err != nil {
				return apihttp.Response{}, err
			}
			all = append(all, shown)
		}
		if !page.More {
			return secretly(all), nil
		}
		r.After = int64(page.Items[len(page.Items)-1].ID)
	}
}

// identifiers are those of clients that were looked up.
type identifiers map[issuer.ClientID]string

func (s *Server) chatToken(ctx context.Context, req apihttp.Request, t issuer.Token, known identifiers) (chat.Token, error) {
	identifier, found := known[t.Client]
	if !found {
		c, err := s.Issuer.ClientByID(ctx, req.Account, issuer.Chat, t.Client)
		if err != nil {
			return chat.Token{}, err
		}
		identifier = c.Identifier
		known[t.Client] = identifier
	}
	return chat.Token{
		ID: int64(t.ID), AgentID: int64(t.User), ClientIdentifier: identifier,
		AccessToken: t.AccessHint, RefreshToken: t.RefreshHint, TokenType: "Bearer", Scopes: t.Scope.String(),
		CreateDate: zendesk.TimeOf(t.Created), ExpireDate: zendesk.TimeOf(t.AccessExpires),
	}, nil
}

func (s *Server) showChatToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	t, err := s.Issuer.Token(ctx, req.Caller.User, issuer.Chat, issuer.TokenID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown, err := s.chatToken(ctx, req, t, identifiers{})
	return secretly(shown), err
}

func (s *Server) revokeChatToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	err = s.Issuer.RevokeToken(ctx, req.Caller.User, issuer.Chat, issuer.TokenID(id), req.Caller.By(req.Origin()))
	return apihttp.Response{Status: http.StatusNoContent}, err
}
