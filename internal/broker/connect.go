package broker

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// ConnectRequest is what begins a sign-in.
type ConnectRequest struct {
	Account  string       // subdomain
	Product  Product      // "": Support
	Scope    oauth.Scope  // empty: the broker's default
	ReturnTo string       // a path of this site for afterwards; anything else is dropped
	Browser  secret.Plain // the browser's cookie of an earlier sign-in, so that two tabs can be under way

	device DeviceID // that this is for; see AllowDevice
	link   LinkID   // that this spends; see FollowLink
	client ClientID // 0: the one that serves the account
}

// Departure sends the browser to Zendesk. Browser goes into its cookie.
type Departure struct {
	URL     string
	Browser secret.Plain
}

// Connect begins a sign-in at an account. The error is *Invalid for a subdomain
// that is none, or *Failure.
func (b *Broker) Connect(ctx context.Context, r ConnectRequest) (Departure, error) {
	return b.depart(ctx, r, Flow{})
}

// depart begins a flow that knows its purpose.
func (b *Broker) depart(ctx context.Context, r ConnectRequest, flow Flow) (Departure, error) {
	flow.Account, flow.Device, flow.Link = r.Account, r.device, r.link
	client, err := b.clientOf(ctx, flow, &r.Product)
	if err == nil && r.client != 0 {
		client, err = b.Store.Client(ctx, r.client)
	}
	if failure := (*Failure)(nil); errors.As(err, &failure) {
		failure.Purpose, failure.ReturnTo = flow.Purpose, LocalPath(r.ReturnTo)
		failure.Device, failure.Link = r.device, r.link
	}
	if err != nil {
		return Departure{}, err
	}
	if !wellFormed(r.Browser) {
		r.Browser = secret.State(b.Rand)
	}
	if r.Scope.IsEmpty() {
		r.Scope = b.Scope
	}
	state, verifier := secret.State(b.Rand), secret.Of(oauth.NewVerifier(b.Rand))
	now := b.now()
	flow.State, flow.Binding = state.Digest(), r.Browser.Digest()
	flow.Client, flow.Product = client.ID, client.Product
	flow.RedirectURI, flow.Scope, flow.ReturnTo = b.RedirectURI, r.Scope, LocalPath(r.ReturnTo)
	flow.Created, flow.Expires = now, now.Add(flowLife)
	if policies[client.Product].PKCE {
		if flow.Verifier, err = b.seal(ctx, verifier, flow.verifierPlace()); err != nil {
			return Departure{}, err
		}
	}
	to := b.authorizeURL(flow, client, state, verifier)
	if err := b.look(ctx, flow, to); err != nil {
		return Departure{}, err
	}
	if err := b.Store.AddFlow(ctx, flow); err != nil {
		return Departure{}, err
	}
	return Departure{URL: to, Browser: r.Browser}, nil
}

// wellFormed tells whether a cookie may be one of ours.
func wellFormed(p secret.Plain) bool { return oauth.ValidVerifier(p.Reveal()) }

func (b *Broker) authorizeURL(f Flow, c Client, state, verifier secret.Plain) string {
	policy := policies[f.Product]
	r := oauth.AuthorizeRequest{
		ResponseType: oauth.ResponseCode,
		ClientID:     c.Identifier,
		RedirectURI:  f.RedirectURI,
		Scope:        f.Scope.String(),
		State:        state.Reveal(),
	}
	if policy.Subdomain {
		r.Extra = url.Values{"subdomain": {f.Account}}
	}
	if policy.PKCE {
		r.CodeChallenge, r.CodeChallengeMethod = oauth.S256(verifier.Reveal()), "S256"
	}
	u := b.Base.URL(f.Account).JoinPath(policy.AuthorizePath)
	u.RawQuery = r.Encode().Encode()
	return u.String()
}

// What Zendesk's error pages say (facts §1.4). It shows them instead of
// redirecting, so the broker would never hear of it.
const (
	saysNoSuchClient     = "No such client"
	saysRedirectMismatch = `"redirect_uri" mismatch`
)

// lookMost bounds how much of a page is read.
const lookMost = 64 << 10

// look asks for the page that the browser is about to be sent to, without any
// cookie. A person whom Zendesk would leave on an error page is told here what is
// wrong. Anything else that Zendesk may answer is for the browser to see.
func (b *Broker) look(ctx context.Context, f Flow, to string) error {
	fail := func(kind Kind, err error) error {
		return f.failure(kind, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Accept-Language", "en")
	resp, err := b.HTTP.Do(req)
	if err != nil {
		return fail(Unreachable, withoutURL(err))
	}
	defer resp.Body.Close()
	status := fmt.Errorf("the authorization page answers with status %d", resp.StatusCode)
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return fail(NoSuchAccount, status)
	case resp.StatusCode != http.StatusBadRequest:
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, lookMost)) // half a page may say enough
	page := html.UnescapeString(string(body))
	switch {
	case strings.Contains(page, saysNoSuchClient):
		return fail(NoSuchClient, status)
	case strings.Contains(page, saysRedirectMismatch):
		return fail(RedirectMismatch, status)
	}
	return nil
}

// CheckClient finds out whether a Support client of an account may send people back to a
// redirect URL, without beginning a sign-in and without credentials. The error is
// *Failure: NoSuchAccount, NoSuchClient, RedirectMismatch, Unreachable.
func (b *Broker) CheckClient(ctx context.Context, account, identifier, redirect string) error {
	if err := zendesk.CheckSubdomain(account); err != nil {
		return &Invalid{"subdomain", err.Error()}
	}
	f := Flow{Account: account, Product: Support, RedirectURI: redirect, Scope: b.Scope}
	// Nobody ever comes back with this state.
	return b.look(ctx, f, b.authorizeURL(f, Client{Identifier: identifier}, secret.State(b.Rand), secret.Of(oauth.NewVerifier(b.Rand))))
}

// withoutURL takes the address off an error of net/http: its query does not belong
// in a log.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
