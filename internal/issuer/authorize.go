package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Authorization is an authorization request whose client and redirect URI have
// been verified. Only it can be answered with a redirect.
type Authorization struct {
	Account      Account
	Client       Client
	RedirectURI  string
	RedirectSent bool // whether the request named it, so that the exchange must too
	ResponseType oauth.ResponseType
	Scope        oauth.Scope // the known names of those asked
	State        string
	Challenge    string
	Base         string // the account's root as the browser sees it
	Bent         Bent
}

// Answer returns where to send the browser with a code.
func (a Authorization) Answer(code secret.Plain) string {
	return oauth.RedirectURL(a.RedirectURI, oauth.AuthorizeResponse{Code: code.Reveal(), State: a.State}.Encode())
}

// Refused is an error that the client is told by redirect, in the words of the
// surface.
type Refused struct {
	Authorization Authorization
	Cause         *oauth.Error
}

func (r *Refused) Error() string { return r.Cause.Error() }

// Unwrap returns the protocol error.
func (r *Refused) Unwrap() error { return r.Cause }

// Redirect returns where to send the browser with the error in these words: in
// the query, or for the implicit grant in the fragment (RFC 6749 section 4.2.2.1).
func (r *Refused) Redirect(description string) string {
	params := oauth.AuthorizeResponse{
		Error: string(r.Cause.Code), ErrorDescription: description, State: r.Authorization.State,
	}.Encode()
	if r.Authorization.ResponseType == oauth.ResponseToken {
		return oauth.FragmentURL(r.Authorization.RedirectURI, params)
	}
	return oauth.RedirectURL(r.Authorization.RedirectURI, params)
}

// Step is what a browser has to do next for its authorization request.
type Step int

// The steps.
const (
	StepSignIn  Step = iota + 1 // sign in first
	StepConsent                 // ask the user
	StepAnswer                  // follow Redirect: the user allowed it before
)

// Outcome is how far an authorization request has come.
type Outcome struct {
	Step          Step
	Authorization Authorization
	User          User
	Redirect      string // at StepAnswer
}

// AuthorizeRequest is an authorization request with who sends it.
type AuthorizeRequest struct {
	Account Account
	Product Product
	Base    string       // the account's root as the browser sees it
	Session secret.Plain // zero: nobody is signed in
	oauth.AuthorizeRequest
	Malformed *oauth.Error // what was wrong with its parameters, if anything
	Bent      Bent
}

// Authorize decides what comes next for an authorization request. Every page on
// the way returns to it, and it decides anew from what is stored: no page hands
// its word to the next.
//
// An error is *Unverified (show a page), *Refused (redirect), or another.
func (i *Issuer) Authorize(ctx context.Context, req AuthorizeRequest) (o Outcome, err error) {
	defer i.tellAuthorize(ctx, req, &o, &err)
	now := i.Now()
	auth, err := i.verify(ctx, req)
	if err != nil {
		return Outcome{}, err
	}
	u, err := i.SignedIn(ctx, req.Account, req.Session)
	if errors.Is(err, ErrNotFound) {
		return Outcome{Step: StepSignIn, Authorization: auth}, nil
	} else if err != nil {
		return Outcome{}, err
	}
	earlier, err := i.Store.Consented(ctx, auth.Client, u.ID, now)
	if err != nil {
		return Outcome{}, err
	}
	if !auth.consentedTo(earlier) {
		return Outcome{Step: StepConsent, Authorization: auth, User: u}, nil
	}
	redirect, err := i.grant(ctx, now, auth, u)
	return Outcome{Step: StepAnswer, Authorization: auth, User: u, Redirect: redirect}, err
}

// Decision is a user's answer on the consent page.
type Decision struct {
	AuthorizeRequest
	User   UserID // whom the page asked
	Allow  bool
	Origin Origin
}

// Decide carries out what a user chose, and returns where the browser goes. The
// request is verified anew. ErrNotFound says that the one who was asked is no
// longer the one signed in: ask again.
func (i *Issuer) Decide(ctx context.Context, d Decision) (redirect string, err error) {
	defer i.tellDecide(ctx, d, &err)
	auth, err := i.verify(ctx, d.AuthorizeRequest)
	if err != nil {
		return "", err
	}
	u, err := i.SignedIn(ctx, d.Account, d.Session)
	if err != nil {
		return "", err
	}
	if u.ID != d.User {
		return "", ErrNotFound
	}
	if !d.Allow {
		return "", &Refused{auth, oauth.Errorf(oauth.AccessDenied, "user %d denied it", u.ID)}
	}
	by, now := By{User: u.ID, Origin: d.Origin}, i.Now()
	given := by.event(d.Account.ID, now, ActionConsentGiven, auth.Client.Noun(), int64(auth.Client.ID), auth.Scope.String())
	return i.grant(ctx, now, auth, u, given)
}

// verify finds the client and has it check the request.
func (i *Issuer) verify(ctx context.Context, req AuthorizeRequest) (Authorization, error) {
	unknown := &Unverified{Words: "No such client", Reason: "unknown client_id"}
	if req.ClientID == "" {
		return Authorization{}, unknown
	}
	c, err := i.Store.Client(ctx, req.Account.ID, req.Product, req.ClientID)
	if errors.Is(err, ErrNotFound) {
		return Authorization{}, unknown
	} else if err != nil {
		return Authorization{}, err
	}
	return c.authorize(req, i.Policies[req.Product])
}

// authorize decides whether this client may ask for this. First the redirect
// URI, because until then no error may be sent anywhere; then all the rest.
func (c Client) authorize(req AuthorizeRequest, p Policy) (Authorization, error) {
	redirect, err := c.match(req.AuthorizeRequest)
	if err != nil {
		return Authorization{}, err
	}
	auth := Authorization{
		Account: req.Account, Client: c, RedirectURI: redirect, RedirectSent: req.HasRedirectURI,
		ResponseType: oauth.ResponseType(req.ResponseType), State: req.State,
		Scope: p.known(oauth.ParseScope(req.Scope)), Base: req.Base, Bent: req.Bent,
	}
	if cause := auth.check(req, p); cause != nil {
		return Authorization{}, &Refused{auth, cause}
	}
	if p.PKCE {
		auth.Challenge = req.CodeChallenge
	}
	return auth, nil
}

func (a Authorization) check(req AuthorizeRequest, p Policy) *oauth.Error {
	if req.Malformed != nil {
		return req.Malformed
	}
	if a.ResponseType == "" {
		return oauth.Errorf(oauth.InvalidRequest, "no response_type")
	}
	if !p.answers(a.ResponseType) {
		return oauth.Errorf(oauth.UnsupportedResponseType, "unsupported response_type")
	}
	if a.ResponseType == oauth.ResponseCode {
		if err := a.Client.checkChallenge(req, p); err != nil {
			return err
		}
	}
	return a.Client.checkScope(a.Scope, p)
}

// checkChallenge accepts S256 alone: a plain challenge protects nothing that
// the code does not (RFC 9700 section 2.1.1).
func (c Client) checkChallenge(req AuthorizeRequest, p Policy) *oauth.Error {
	switch {
	case !p.PKCE:
		return nil
	case req.CodeChallenge == "" && req.CodeChallengeMethod != "":
		return oauth.Errorf(oauth.InvalidRequest, "code_challenge_method without code_challenge")
	case req.CodeChallenge == "" && c.Kind == Public:
		return oauth.Errorf(oauth.InvalidRequest, "a public client needs a code_challenge")
	case req.CodeChallenge == "":
		return nil
	case req.CodeChallengeMethod != "S256":
		return oauth.Errorf(oauth.InvalidRequest, "code_challenge_method must be S256")
	case !oauth.ValidChallenge(req.CodeChallenge):
		return oauth.Errorf(oauth.InvalidRequest, "code_challenge is not a base64url SHA-256")
	}
	return nil
}

// checkScope refuses a known scope outside the client's ceiling. Unknown ones
// were dropped before: the two are opposite at Zendesk (facts section 2.6).
func (c Client) checkScope(s oauth.Scope, p Policy) *oauth.Error {
	if len(c.AllowedScopes) == 0 {
		return nil
	}
	if outside, exceeds := p.exceeds(s, c.AllowedScopes); exceeds {
		return oauth.Errorf(oauth.InvalidScope, "scope %q is outside the client's allowed scopes", outside)
	}
	return nil
}

func (p Policy) answers(t oauth.ResponseType) bool {
	for _, known := range p.ResponseTypes {
		if known == t {
			return true
		}
	}
	return false
}

// grant makes what an allowed request asked for, a code or a token.
func (i *Issuer) grant(ctx context.Context, now time.Time, auth Authorization, u User, told ...Event) (string, error) {
	if auth.ResponseType == oauth.ResponseToken {
		return i.imply(ctx, now, auth, u, told...)
	}
	code := secret.Code(i.Rand)
	if err := i.Store.AddCode(ctx, auth.code(now, u, i.Policies[auth.Client.Product], code), told...); err != nil {
		return "", fmt.Errorf("add a code: %w", err)
	}
	return auth.Answer(code), nil
}
