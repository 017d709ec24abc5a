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
var ErrAnonymous = errors.New("the token is not taken: Zendesk does not know who is asking")

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
	var body struct{ User *User }
	err := a.do(ctx, http.MethodGet, UsersMePath, func(data []byte) error {
		// A field of another type than documented is no reason to turn a
		// person away: what was readable is enough if it says who it is.
		var mismatch *json.UnmarshalTypeError
		if err := json.Unmarshal(data, &body); err != nil && !errors.As(err, &mismatch) || body.User == nil {
			return errors.New("the answer is not the JSON of a user")
		}
		return nil
	})
	switch {
	case err != nil:
		return User{}, err
	case body.User.IsAnonymous():
		return User{}, ErrAnonymous
	}
	return *body.User, nil
}

// CurrentToken is what Zendesk knows of the token itself: its scopes and, when
// it expires, its expires_at. Errors as for Me.
func (a *API) CurrentToken(ctx context.Context) (OAuthToken, error) {
	var body OAuthTokenEnvelope
	err := a.do(ctx, http.MethodGet, OAuthTokensCurrentPath, func(data []byte) error {
		// No guessing here: a missing expires_at would mean "never".
		if json.Unmarshal(data, &body) != nil || body.Token.ID == 0 {
			return errors.New("the answer is not the JSON of a token")
		}
		return nil
	})
	return body.Token, err
}

// RevokeCurrent revokes the token and the refresh token that belongs to it. A
// token that is gone already is no error.
func (a *API) RevokeCurrent(ctx context.Context) error {
	err := a.do(ctx, http.MethodDelete, OAuthTokensCurrentPath, func([]byte) error { return nil })
	var refused *APIError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return nil
	}
	return err
}

// Get asks for what is at a path of the account and decodes the JSON into out. Errors
// as for Me.
func (a *API) Get(ctx context.Context, path string, out any) error {
	return a.do(ctx, http.MethodGet, path, func(data []byte) error {
		if json.Unmarshal(data, out) != nil {
			return errors.New("the answer is not the JSON that was expected")
		}
		return nil
	})
}

// Delete removes what is at a path of the account. Errors as for Me.
func (a *API) Delete(ctx context.Context, path string) error {
	return a.do(ctx, http.MethodDelete, path, func([]byte) error { return nil })
}

// do sends one request and gives the body of a success to read.
func (a *API) do(ctx context.Context, method, path string, read func(body []byte) error) error {
	req, err := a.request(ctx, method, path)
	if err != nil {
		return err
	}
	resp, err := a.client().Do(req)
	if err != nil {
		return &oauth.RemoteError{Sent: true, Err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, oauth.MaxAnswer+1))
	switch {
	case err != nil:
		err = fmt.Errorf("the answer broke off: %w", err)
	case len(body) > oauth.MaxAnswer:
		err = errors.New("the answer is longer than 1 MiB")
	case resp.StatusCode/100 == 3:
		err = errors.New("the answer sends the request elsewhere")
	case resp.StatusCode/100 != 2:
		return ParseAPIError(resp.StatusCode, resp.Header, body)
	default:
		err = read(body)
	}
	if err == nil {
		return nil
	}
	return &oauth.RemoteError{
		Status: resp.StatusCode, RequestID: clip(resp.Header.Get("X-Request-Id"), 128),
		ContentType: clip(resp.Header.Get("Content-Type"), 128), Sent: true, Err: err,
	}
}

func (a *API) request(ctx context.Context, method, path string) (*http.Request, error) {
	if a.Base == nil {
		return nil, errors.New("zendesk: the API has no base URL")
	}
	bearer := a.Bearer
	if a.Token != nil {
		var err error
		if bearer, err = a.Token(ctx); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, a.Base.JoinPath(path).String(), nil)
	if err != nil {
		return nil, fmt.Errorf("zendesk: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// client follows a redirect only of a GET and only while it stays on the same
// scheme and host: whoever receives the request receives the token, and
// net/http would make a GET of a redirected DELETE.
func (a *API) client() *http.Client {
	own := http.Client{}
	if a.HTTP != nil {
		own = *a.HTTP
	}
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		same := req.URL.Scheme == a.Base.Scheme && strings.EqualFold(req.URL.Host, a.Base.Host)
		if !same || len(via) > 3 || via[0].Method != http.MethodGet {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &own
}
