package issuerhttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// authorize is GET /oauth/authorizations/new (facts section 1): it shows the
// next page, or answers the client.
func (s *Server) authorize(v visit) error {
	d := v.dialect
	if !d.has(v.account) {
		return issuer.ErrNotFound
	}
	query, malformed := readQuery(v.r.URL.RawQuery)
	req := authorizeRequest(v, d, query, malformed)
	req.Bent = s.bent(v.r)
	outcome, err := s.Issuer.Authorize(v.r.Context(), req)
	if err != nil {
		return err
	}
	switch outcome.Step {
	case issuer.StepSignIn:
		return s.showSignIn(v, http.StatusOK, web.SignIn{Next: d.authorizePath + "?" + v.r.URL.RawQuery})
	case issuer.StepConsent:
		return s.showConsent(v, query, outcome)
	default:
		return v.leave(outcome.Redirect)
	}
}

// readQuery reads the query of an authorization request. url.URL.Query drops in
// silence what it cannot read, and what holds a bare ";", which browsers leave as
// it is: a client would lose its state without a word.
func readQuery(raw string) (url.Values, *oauth.Error) {
	query, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B"))
	if err != nil {
		return query, oauth.Errorf(oauth.InvalidRequest, "the query cannot be read")
	}
	return query, nil
}

// authorizeRequest decodes a query; malformed is what was wrong with its form.
func authorizeRequest(v visit, d dialect, query url.Values, malformed *oauth.Error) issuer.AuthorizeRequest {
	req, unreadable := oauth.DecodeAuthorizeRequest(query)
	if malformed == nil {
		malformed = unreadable
	}
	return issuer.AuthorizeRequest{
		Account: v.account, Product: d.product, Base: root(v.r), Session: v.session, AuthorizeRequest: req, Malformed: malformed,
	}
}
