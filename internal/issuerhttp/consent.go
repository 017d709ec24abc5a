package issuerhttp

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// ticket is what the consent page carries along: the request, to be decided
// anew, and whom the page asked. It grants nothing, so it needs no secrecy.
type ticket struct {
	product issuer.Product
	user    issuer.UserID
	request url.Values
}

func (t ticket) encode() string {
	return url.Values{
		"product": {string(t.product)}, "user": {strconv.FormatInt(int64(t.user), 10)}, "request": {t.request.Encode()},
	}.Encode()
}

func decodeTicket(text string) (ticket, error) {
	outer, err := url.ParseQuery(text)
	if err != nil {
		return ticket{}, errForm
	}
	user, err := strconv.ParseInt(outer.Get("user"), 10, 64)
	if err != nil {
		return ticket{}, errForm
	}
	request, err := url.ParseQuery(outer.Get("request"))
	if err != nil {
		return ticket{}, errForm
	}
	return ticket{issuer.Product(outer.Get("product")), issuer.UserID(user), request}, nil
}

func (s *Server) showConsent(v visit, query url.Values, o issuer.Outcome) error {
	auth := o.Authorization
	redirect, err := url.Parse(auth.RedirectURI)
	if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, web.Consent{
		Page: v.page(), Account: v.account.Name, Subdomain: v.account.Subdomain,
		Client:       web.Client{Name: auth.Client.Name, Company: auth.Client.Company, Description: auth.Client.Description, LogoURL: logoPath(auth.Client)},
		User:         person(o.User),
		Chat:         auth.Client.Product == issuer.Chat,
		Permissions:  auth.Scope,
		RedirectHost: redirect.Host,
		Action:       consentPath,
		Ticket:       ticket{v.dialect.product, o.User.ID, query}.encode(),
		FormOrigin:   oauth.RedirectOrigin(auth.RedirectURI),
	})
	return nil
}

// decide is what the consent page's buttons do.
func (s *Server) decide(v visit) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	t, err := decodeTicket(v.r.PostForm.Get(web.FieldTicket))
	if err != nil {
		return err
	}
	in := speaking(t.product)
	again := in.authorizePath + "?" + t.request.Encode()
	d := issuer.Decision{AuthorizeRequest: authorizeRequest(v, in, t.request, nil), User: t.user, Origin: v.origin()}
	switch v.r.PostForm.Get(web.FieldDecision) {
	case web.DecisionAllow:
		d.Allow = true
	case web.DecisionDeny:
	case web.DecisionSwitch:
		return s.endSession(v, again)
	case web.DecisionSignOut:
		return s.endSession(v, signedOutPath)
	default:
		return errForm
	}
	d.Bent = s.bent(v.r)
	redirect, err := s.Issuer.Decide(v.r.Context(), d)
	if errors.Is(err, issuer.ErrNotFound) {
		return v.see(again) // signed out or somebody else meanwhile: ask again
	} else if err != nil {
		return err
	}
	return v.leave(redirect)
}
