package issuerhttp

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/deskauth/deskauth/internal/apidoc"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// appsMost bounds the clients that the home page offers to try.
const appsMost = 20

// home is the page at / of an account: what this is, and what one can do here.
func (s *Server) home(v visit) error {
	p := web.IssuerHome{
		Page: v.page(), Account: v.account.Name, Subdomain: v.account.Subdomain,
		SignInURL: signInPath, SignInAction: signInPath,
		Links: []web.Link{
			{Kind: web.LinkAdmin, URL: web.PathClients},
			{Kind: web.LinkApps, URL: web.PathApps},
			{Kind: web.LinkAuthorize, URL: zendesk.AuthorizePath},
			{Kind: web.LinkTokens, URL: zendesk.TokenPath},
			{Kind: web.LinkUsersMe, URL: zendesk.UsersMePath + ".json"},
			{Kind: web.LinkAPI, URL: apidoc.Path},
		},
	}
	if s.Control != "" {
		p.Links = append(p.Links, web.Link{Kind: web.LinkControl, URL: s.Control})
	}
	u, err := s.Issuer.SignedIn(v.r.Context(), v.account, v.session)
	switch {
	case err == nil:
		who := person(u)
		p.User = &who
	case !errors.Is(err, issuer.ErrNotFound):
		return err
	}
	if p.People, err = s.people(v); err != nil {
		return err
	}
	if s.Demo {
		if p.Apps, err = s.apps(v); err != nil {
			return err
		}
	}
	web.Render(v.w, http.StatusOK, p)
	return nil
}

// apps are the clients of a demo, each with an authorization request to try.
func (s *Server) apps(v visit) ([]web.App, error) {
	clients, err := s.Issuer.Store.Clients(v.r.Context(), v.account.ID, issuer.Support, appsMost)
	if err != nil {
		return nil, err
	}
	var apps []web.App
	for _, c := range clients {
		app := web.App{Name: c.Name, Identifier: c.Identifier, Public: c.Kind == issuer.Public}
		if len(c.RedirectURIs) > 0 && !app.Public {
			app.AuthorizeURL = zendesk.AuthorizePath + "?" + oauth.AuthorizeRequest{
				ResponseType: oauth.ResponseCode, ClientID: c.Identifier, RedirectURI: c.RedirectURIs[0], Scope: "read",
			}.Encode().Encode()
		}
		if page := s.Starts[c.Identifier]; page != "" {
			app.AuthorizeURL = web.Within(page, "account", v.account.Subdomain)
		}
		apps = append(apps, app)
	}
	return apps, nil
}

// waiting finds the authorization request that waits behind a form, if any: the
// page names its client, and Chromium must allow the form to end at its address.
func (s *Server) waiting(v visit, next string) (issuer.Authorization, bool) {
	u, err := url.Parse(next)
	if err != nil {
		return issuer.Authorization{}, false
	}
	for _, d := range dialects {
		if u.Path != d.authorizePath {
			continue
		}
		// As nobody: it must only find out, not answer.
		nobody := visit{w: v.w, r: v.r, account: v.account}
		query, malformed := readQuery(u.RawQuery)
		outcome, err := s.Issuer.Authorize(v.r.Context(), authorizeRequest(nobody, d, query, malformed))
		return outcome.Authorization, err == nil
	}
	return issuer.Authorization{}, false
}
