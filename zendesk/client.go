package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/oauth"
)

// ErrAnonymous is Me's answer when Zendesk took the request for nobody's.
var ErrAnonymous = errors.New("Zendesk does not know who is asking: the token is not taken")

// API calls Zendesk's API as the owner of a token.
type API struct {
	Base *url.URL     // the account's root, from Base.URL
	HTTP *http.Client // nil means http.DefaultClient

	// Bearer is the access token; Token, when it is set, is asked for one
	// before every request instead.
	Bearer string
	Token  func(context.Context) (string, error)
}

// Me is the user whose token it is. Errors: ErrAnonymous, *APIError, and
// *oauth.RemoteError when there was no answer or none that could be read.
func (a *API) Me(ctx context.Context) (User, error) {
	var body UserEnvelope
	if err := a.do(ctx, http.MethodGet, UsersMePath, &body); err != nil {
		return User{}, err
	}
	if body.User.IsAnonymous() {
		return User{}, ErrAnonymous
	}
	return body.User, nil
}

// CurrentToken is what Zendesk knows of the token itself: its scopes and, when
// it expires, its expires_at. Errors as for Me.
func (a *API) CurrentToken(ctx context.Context) (OAuthToken, error) {
	var body OAuthTokenEnvelope
	if err := a.do(ctx, http.MethodGet, OAuthTokensCurrentPath, &body); err != nil {
		return OAuthToken{}, err
	}
	return body.Token, nil
}

// RevokeCurrent revokes the token and the refresh token that belongs to it. A
// token that is gone already is no error.
func (a *API) RevokeCurrent(ctx context.Context) error {
	err := a.do(ctx, http.MethodDelete, OAuthTokensCurrentPath, nil)
	var refused *APIError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return nil
	}
	return err
}

// do sends one request and reads the answer into out, unless that is nil.
func (a *API) do(ctx context.Context, method, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.Base.JoinPath(path).String(), nil)
	if err != nil {
		return fmt.Errorf("zendesk: %w", err)
	}
	bearer := a.Bearer
	if a.Token != nil {
		if bearer, err = a.Token(ctx); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Accept", "application/json")
	resp, err := a.client().Do(req)
	if err != nil {
		return &oauth.RemoteError{Sent: true, Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, oauth.MaxAnswer+1))
	remote := func(err error) error {
		return &oauth.RemoteError{
			Status: resp.StatusCode, RequestID: clip(resp.Header.Get("X-Request-Id"), 128),
			ContentType: clip(resp.Header.Get("Content-Type"), 128), RetryAfter: oauth.RetryAfter(resp.Header), Sent: true, Err: err,
		}
	}
	switch {
	case err != nil:
		return remote(fmt.Errorf("the answer broke off: %w", err))
	case len(body) > oauth.MaxAnswer:
		return remote(errors.New("the answer is longer than 1 MiB"))
	case resp.StatusCode/100 == 3:
		return remote(errors.New("the answer sends the request to another host"))
	case resp.StatusCode/100 != 2:
		return ParseAPIError(resp.StatusCode, resp.Header, body)
	case out == nil:
		return nil
	}
	if json.Unmarshal(body, out) != nil {
		return remote(errors.New("the answer is not the JSON that was asked for"))
	}
	return nil
}

// client follows a redirect only while it stays on the same scheme and host:
// whoever receives the request receives the token.
func (a *API) client() *http.Client {
	own := http.Client{}
	if a.HTTP != nil {
		own = *a.HTTP
	}
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		same := req.URL.Scheme == a.Base.Scheme && strings.EqualFold(req.URL.Host, a.Base.Host)
		if !same || len(via) > 3 {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &own
}
