package issuerhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// chatClients lists all of them, as chatTokens does.
func (s *Server) chatClients(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	all := []chat.Client{}
	for r := (issuer.Range{Limit: zendesk.MaxPageSize}); ; {
		page, err := s.Issuer.Clients(ctx, req.Account, issuer.Chat, issuer.ClientFilter{}, r)
		if err != nil {
			return apihttp.Response{}, err
		}
		for _, c := range page.Items {
			all = append(all, chatClient(c))
		}
		if !page.More {
			return apihttp.Response{Body: all}, nil
		}
		r.After = int64(page.Items[len(page.Items)-1].ID)
	}
}

func chatClient(c issuer.Client) chat.Client {
	scopes := c.AllowedScopes.String()
	if scopes == "" {
		scopes = usualChatScopes
	}
	return chat.Client{
		ID: int64(c.ID), AgentID: int64(c.User), Name: c.Name, Company: c.Company,
		ClientIdentifier: c.Identifier, ClientSecret: c.SecretHint(), ClientType: string(c.Kind),
		RedirectURIs: c.RedirectURIs, Scopes: scopes,
		CreateDate: zendesk.TimeOf(c.Created), UpdateDate: zendesk.TimeOf(c.Updated),
	}
}

// usualChatScopes is what is shown of a client without a ceiling, as in Zendesk's
// example.
const usualChatScopes = chat.Read + " " + chat.Write

// createChatClient always makes a public client: its type can be set by an update
// alone, and saving it on its page makes it public again (facts section 8.5).
func (s *Server) createChatClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	change, err := chatChange(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	public := string(issuer.Public)
	change.Kind = &public
	if change.Identifier == nil {
		made := s.chatIdentifier()
		change.Identifier = &made
	}
	c, full, err := s.Issuer.CreateClient(ctx, req.Account, issuer.Chat, change, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := chatClient(c)
	shown.ClientSecret = full.Reveal()
	response := secretly(shown)
	response.Status = http.StatusCreated
	return response, nil
}

// chatIdentifier makes one, as Chat does (facts section 8.5): of its length, if
// not of its letters.
func (s *Server) chatIdentifier() string {
	return secret.New(s.Issuer.Rand).Hint(chat.IdentifierLength)
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
	if scopes := p.Text("scopes"); scopes != nil {
		list := strings.Fields(*scopes)
		change.AllowedScopes = &list
	}
	p.Ignored("id", "agent_id", "client_secret", "create_date", "update_date")
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

type serve = func(context.Context, apihttp.Request) (apihttp.Response, error)

// chatNames are what Chat calls the fields of a client.
var chatNames = map[string]string{"identifier": "client_identifier", "kind": "client_type", "allowed_scopes": "scopes"}

// inChatsWords names fields as the client does who learns what is wrong with them.
func inChatsWords(next serve) serve {
	return func(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
		response, err := next(ctx, req)
		var all issuer.Invalids
		if !errors.As(err, &all) {
			return response, err
		}
		named := issuer.Invalids{}
		for _, one := range all {
			renamed := *one
			if name := chatNames[one.Field]; name != "" {
				renamed.Field = name
			}
			named = append(named, &renamed)
		}
		return response, named
	}
}
