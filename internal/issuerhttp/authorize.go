package issuerhttp

import (
	"net/http"
	"net/url"

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
	req := authorizeRequest(v, d, v.r.URL.Query())
	outcome, err := s.Issuer.Authorize(v.r.Context(), req)
	if err != nil {
		return err
	}
	switch outcome.Step {
	case issuer.StepSignIn:
		return s.showSignIn(v, http.StatusOK, web.SignIn{Next: d.authorizePath + "?" + v.r.URL.RawQuery})
	case issuer.StepConsent:
		return s.showConsent(v, req, outcome)
	default:
		return v.leave(outcome.Redirect)
	}
}

func authorizeRequest(v visit, d dialect, query url.Values) issuer.AuthorizeRequest {
	req, malformed := oauth.DecodeAuthorizeRequest(query)
	return issuer.AuthorizeRequest{
		Account: v.account, Product: d.product, Base: root(v.r), Session: v.session, AuthorizeRequest: req, Malformed: malformed,
	}
}
