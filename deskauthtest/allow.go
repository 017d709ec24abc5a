package deskauthtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// Allow is a browser whose user follows the link of an app to Zendesk, signs in
// and allows what it asks for. It returns where Zendesk sends the browser: the
// app's redirect URI, with a code or an error. authorizeURL is that link, at
// zendesk.com or at URL.
func (z *Zendesk) Allow(email, authorizeURL string) *url.URL {
	z.helper()
	to, err := z.answer(email, authorizeURL, true)
	z.check(err)
	return to
}

// Deny is Allow for a user who does not.
func (z *Zendesk) Deny(email, authorizeURL string) *url.URL {
	z.helper()
	to, err := z.answer(email, authorizeURL, false)
	z.check(err)
	return to
}

// answer takes the steps of the pages, without the pages.
func (z *Zendesk) answer(email, authorizeURL string, allow bool) (*url.URL, error) {
	ctx := context.Background()
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return nil, err
	}
	account, err := z.hosts().Account(ctx, u.Host)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	if email, err = z.person(ctx, account, email); err != nil {
		return nil, err
	}
	session, err := z.issuer.SignInAs(ctx, account, email, secret.Plain{}, issuer.Origin{RequestID: httpd.RequestIDFrom(ctx)})
	if err != nil {
		return nil, fmt.Errorf("sign in as %s, who is suspended or deleted, or may not: %w", email, err)
	}
	decoded, malformed := oauth.DecodeAuthorizeRequest(u.Query())
	req := issuer.AuthorizeRequest{
		Account: account, Product: issuer.Support, Base: u.Scheme + "://" + u.Host, Session: session,
		AuthorizeRequest: decoded, Malformed: malformed,
	}
	if u.Path == chat.AuthorizePath {
		req.Product = issuer.Chat
	}
	outcome, err := z.issuer.Authorize(ctx, req)
	if err == nil && outcome.Step == issuer.StepConsent {
		outcome.Redirect, err = z.issuer.Decide(ctx, issuer.Decision{AuthorizeRequest: req, User: outcome.User.ID, Allow: allow})
	}
	if unverified := (*issuer.Unverified)(nil); errors.As(err, &unverified) {
		return nil, fmt.Errorf("%w: client_id %q at %s, redirect_uri %q", err, decoded.ClientID, account.Subdomain, decoded.RedirectURI)
	}
	var refused *issuer.Refused
	if errors.As(err, &refused) {
		outcome.Redirect, err = refused.Redirect(""), nil
	}
	if err != nil {
		return nil, err
	}
	return url.Parse(outcome.Redirect)
}

// ofDev are the people of the default account as `deskauth dev` calls them, and seeds that
// were written beside it.
var ofDev = map[string]string{
	"admin@acme.example": Admin, "agent@acme.example": Agent, "customer@acme.example": EndUser,
}

// person finds the address of somebody of an account. One of dev's is that of the same
// person here, where nobody else has it.
func (z *Zendesk) person(ctx context.Context, a issuer.Account, email string) (string, error) {
	for _, address := range []string{email, ofDev[issuer.NormalEmail(email)]} {
		if _, err := z.issuer.Store.UserByEmail(ctx, a.ID, issuer.NormalEmail(address)); !errors.Is(err, issuer.ErrNotFound) {
			return address, err
		}
	}
	const named = 10
	all, err := z.issuer.Store.Users(ctx, a.ID, named+1)
	if err != nil {
		return "", err
	}
	var there []string
	for i, u := range all {
		if i == named {
			there = append(there, "…")
			break
		}
		there = append(there, u.Email)
	}
	return "", fmt.Errorf("there is no user %s at %s; there are %s", email, a.Subdomain, strings.Join(there, ", "))
}
