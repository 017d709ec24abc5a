package issuerhttp

import (
	"context"
	"encoding/hex"
	"encoding/json"
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
		{Method: http.MethodGet, Path: chat.TokensPath, Scopes: read, Serve: s.chatTokens},
		{Method: http.MethodGet, Path: token, Scopes: read, Serve: s.showChatToken},
		{Method: http.MethodDelete, Path: token, Scopes: write, Serve: s.revokeChatToken},
	}
	for i := range routes {
		routes[i].Product = issuer.Chat
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

func (s *Server) chatClients(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := s.Issuer.Clients(ctx, req.Account, issuer.Chat, issuer.ClientFilter{}, issuer.Range{Limit: zendesk.MaxPageSize})
	if err != nil {
		return apihttp.Response{}, err
	}
	all := []chat.Client{}
	for _, c := range page.Items {
		all = append(all, chatClient(c))
	}
	return apihttp.Response{Body: all}, nil
}

func chatClient(c issuer.Client) chat.Client {
	return chat.Client{
		ID: int64(c.ID), AgentID: int64(c.User), Name: c.Name, Company: c.Company,
		ClientIdentifier: c.Identifier, ClientSecret: c.SecretHint(), ClientType: string(c.Kind),
		RedirectURIs: c.RedirectURIs, Scopes: c.AllowedScopes.String(),
		CreateDate: zendesk.TimeOf(c.Created), UpdateDate: zendesk.TimeOf(c.Updated),
	}
}

// createChatClient always makes a public client: its type can be set by an update
// alone, and saving it on its page makes it public again (facts section 8.5).
func (s *Server) createChatClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	change, err := chatChange(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	public := string(issuer.Public)
	change.Kind = &public
	c, full, err := s.Issuer.CreateClient(ctx, req.Account, issuer.Chat, change, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := chatClient(c)
	shown.ClientSecret = full.Reveal()
	return apihttp.Response{Status: http.StatusCreated, Body: shown}, nil
}

func chatChange(req apihttp.Request) (issuer.ClientChange, error) {
	p, err := req.TopParams()
	if err != nil {
		return issuer.ClientChange{}, err
	}
	change := issuer.ClientChange{
		Name: p.Text("name"), Company: p.Text("company"), Identifier: p.Text("client_identifier"), Kind: p.Text("client_type"),
	}
	if raw := p.Raw("redirect_uris"); raw != nil {
		var addresses chat.Addresses
		if err := json.Unmarshal(raw, &addresses); err != nil {
			p.Refuse("redirect_uris", "must be a list of addresses")
		}
		list := []string(addresses)
		change.RedirectURIs = &list
	}
	p.Ignored("id", "agent_id", "client_secret", "scopes", "create_date", "update_date")
	return change, p.Err()
}

func (s *Server) showChatClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	c, err := s.Issuer.ClientByID(ctx, req.Account, issuer.Chat, issuer.ClientID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: chatClient(c)}, nil
}

func (s *Server) updateChatClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	change, err := chatChange(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	c, err := s.Issuer.UpdateClient(ctx, req.Account, issuer.Chat, issuer.ClientID(id), change, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: chatClient(c)}, nil
}

func (s *Server) deleteChatClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	err = s.Issuer.DeleteClient(ctx, req.Account, issuer.Chat, issuer.ClientID(id), req.Caller.By(req.Origin()))
	return apihttp.Response{Status: http.StatusNoContent}, err
}

// chatTokens lists the caller's own tokens.
func (s *Server) chatTokens(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	page, err := s.Issuer.Tokens(ctx, req.Account, issuer.Chat, issuer.TokenFilter{User: req.Caller.User.ID},
		issuer.Range{Limit: zendesk.MaxPageSize, Descending: true})
	if err != nil {
		return apihttp.Response{}, err
	}
	all := []chat.Token{}
	for _, t := range page.Items {
		shown, err := s.chatToken(ctx, req, t)
		if err != nil {
			return apihttp.Response{}, err
		}
		all = append(all, shown)
	}
	return apihttp.Response{Body: all}, nil
}

func (s *Server) chatToken(ctx context.Context, req apihttp.Request, t issuer.Token) (chat.Token, error) {
	c, err := s.Issuer.ClientByID(ctx, req.Account, issuer.Chat, t.Client)
	return chat.Token{
		ID: int64(t.ID), AgentID: int64(t.User), ClientIdentifier: c.Identifier,
		AccessToken: t.AccessHint, RefreshToken: t.RefreshHint, TokenType: "Bearer", Scopes: t.Scope.String(),
		CreateDate: zendesk.TimeOf(t.Created), ExpireDate: zendesk.TimeOf(t.AccessExpires),
	}, err
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
	shown, err := s.chatToken(ctx, req, t)
	return apihttp.Response{Body: shown}, err
}

func (s *Server) revokeChatToken(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	err = s.Issuer.RevokeToken(ctx, req.Caller.User, issuer.Chat, issuer.TokenID(id), req.Caller.By(req.Origin()))
	return apihttp.Response{Status: http.StatusNoContent}, err
}
