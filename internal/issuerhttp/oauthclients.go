package issuerhttp

import (
	"context"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// oauthClientRoutes is the OAuth Clients API, for admins alone (facts section 4).
func (s *Server) oauthClientRoutes() []apihttp.Route {
	one := zendesk.OAuthClientsPath + idPattern
	return []apihttp.Route{
		{Method: http.MethodGet, Path: zendesk.OAuthClientsPath, Scopes: toRead, Roles: admins, Serve: s.listClients},
		{Method: http.MethodPost, Path: zendesk.OAuthClientsPath, Scopes: toWrite, Roles: admins, Serve: s.createClient},
		{Method: http.MethodGet, Path: one, Scopes: toRead, Roles: admins, Serve: s.showClient},
		{Method: http.MethodPut, Path: one, Scopes: toWrite, Roles: admins, Serve: s.updateClient},
		{Method: http.MethodDelete, Path: one, Scopes: toWrite, Roles: admins, Serve: s.deleteClient},
		{Method: http.MethodPut, Path: one + "/generate_secret", Scopes: toWrite, Roles: admins, Serve: s.generateSecret},
		{Method: http.MethodGet, Path: zendesk.UsersMeClientsPath, Scopes: toRead, Roles: admins, Serve: s.listMyClients},
	}
}

func (s *Server) listClients(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.clientPage(ctx, req, issuer.ClientFilter{})
}

// listMyClients lists the clients that the caller created.
func (s *Server) listMyClients(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	return s.clientPage(ctx, req, issuer.ClientFilter{User: req.Caller.User.ID})
}

func (s *Server) clientPage(ctx context.Context, req apihttp.Request, f issuer.ClientFilter) (apihttp.Response, error) {
	page, err := req.Page()
	if err != nil {
		return apihttp.Response{}, err
	}
	clients, err := s.Issuer.Clients(ctx, req.Account, issuer.Support, f, page.Range)
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Listed(req, page, "clients", clients, func(c issuer.Client) int64 { return int64(c.ID) },
		func(c issuer.Client) zendesk.Client { return oauthClient(req, c) }), nil
}

func (s *Server) createClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	change, err := clientChange(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	c, full, err := s.Issuer.CreateClient(ctx, req.Account, issuer.Support, change, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := oauthClient(req, c)
	shown.Secret = full.Reveal()
	return created(shown.URL, zendesk.ClientEnvelope{Client: shown}), nil
}

// clientChange reads {"client":{…}}. What Zendesk calls read-only is ignored.
func clientChange(req apihttp.Request) (issuer.ClientChange, error) {
	p, err := req.Params("client")
	if err != nil {
		return issuer.ClientChange{}, err
	}
	change := issuer.ClientChange{
		Name: p.Text("name"), Identifier: p.Text("identifier"), Description: p.Text("description"),
		Company: p.Text("company"), Kind: p.Text("kind"),
		RedirectURIs: p.Texts("redirect_uri"), AllowedScopes: p.Texts("allowed_scopes"),
		AnyLoopbackPort: p.Bool("any_loopback_port"),
	}
	if id := p.Number("user_id"); id != nil {
		user := issuer.UserID(*id)
		change.User = &user
	}
	p.Ignored("id", "url", "secret", "global", "logo_url", "created_at", "updated_at")
	return change, p.Err()
}

func (s *Server) showClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	c, err := s.Issuer.ClientByID(ctx, req.Account, issuer.Support, issuer.ClientID(id))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.ClientEnvelope{Client: oauthClient(req, c)}}, nil
}

func (s *Server) updateClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	change, err := clientChange(req)
	if err != nil {
		return apihttp.Response{}, err
	}
	c, err := s.Issuer.UpdateClient(ctx, req.Account, issuer.Support, issuer.ClientID(id), change, req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Body: zendesk.ClientEnvelope{Client: oauthClient(req, c)}}, nil
}

func (s *Server) deleteClient(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	if err := s.Issuer.DeleteClient(ctx, req.Account, issuer.Support, issuer.ClientID(id), req.Caller.By(req.Origin())); err != nil {
		return apihttp.Response{}, err
	}
	return apihttp.Response{Status: http.StatusNoContent}, nil
}

// generateSecret answers with the full new secret. old_secret_expires_in, the
// seconds that the old one lives on, is an extension; Zendesk's ends at once.
func (s *Server) generateSecret(ctx context.Context, req apihttp.Request) (apihttp.Response, error) {
	id, err := req.ID("id")
	if err != nil {
		return apihttp.Response{}, err
	}
	p, err := req.TopParams()
	if err != nil {
		return apihttp.Response{}, err
	}
	seconds := p.Number("old_secret_expires_in")
	if err := p.Err(); err != nil {
		return apihttp.Response{}, err
	}
	c, full, err := s.Issuer.GenerateSecret(ctx, req.Account, issuer.Support, issuer.ClientID(id), secondsOf(seconds), req.Caller.By(req.Origin()))
	if err != nil {
		return apihttp.Response{}, err
	}
	shown := oauthClient(req, c)
	shown.Secret = full.Reveal()
	return secretly(zendesk.ClientEnvelope{Client: shown}), nil
}

// secondsOf is a duration that somebody asks for, however large a number it is.
func secondsOf(n *int64) time.Duration {
	const most = int64(365 * 24 * time.Hour / time.Second)
	if n == nil {
		return 0
	}
	return time.Duration(max(min(*n, most), -1)) * time.Second
}

func oauthClient(req apihttp.Request, c issuer.Client) zendesk.Client {
	user := int64(c.User)
	var logo *string
	if path := logoPath(c); path != "" {
		logo = orNull(req.Base + path)
	}
	return zendesk.Client{
		LogoURL: logo,
		ID:      int64(c.ID), Identifier: c.Identifier, Name: c.Name, Company: orNull(c.Company), Description: orNull(c.Description),
		Kind: string(c.Kind), RedirectURI: append([]string{}, c.RedirectURIs...), AllowedScopes: c.AllowedScopes,
		AnyLoopbackPort: c.AnyLoopbackPort, Secret: c.SecretHint(), UserID: &user,
		URL:       recordURL(req, zendesk.OAuthClientsPath, int64(c.ID)),
		CreatedAt: zendesk.TimeOf(c.Created), UpdatedAt: zendesk.TimeOf(c.Updated),
	}
}

// orNull is a text that Zendesk shows as null when it is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
