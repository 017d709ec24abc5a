package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// API calls Zendesk's API as the owner of a token. Only Base is needed. It is safe for
// concurrent use once it is made.
type API struct {
	Base *url.URL     // the account's root, from Base.URL
	HTTP *http.Client // nil means http.DefaultClient

	// Bearer is the access token; Token, when it is set, is asked for one before every
	// request instead; Basic, when it is set, goes before both. None: HTTP adds what opens
	// the API.
	Bearer string
	Token  func(context.Context) (string, error)
	Basic  *Basic

	// Retry says when a request that failed is sent again; nil: never.
	Retry *Retry
	// Answered is told of every answer, also of one that is tried again, and of what it
	// says of rate limits; nil: nobody is.
	Answered func(Answer)
}

// Get asks for what is at a path of the account and decodes the JSON into out. Errors
// as for Me.
func (a *API) Get(ctx context.Context, path string, out any) error {
	return a.do(ctx, call{method: http.MethodGet, path: path}, into(out))
}

// Post sends in as JSON to a path of the account and decodes the answer into out, which
// may be nil. It is not sent again unless Zendesk said that it did nothing. Errors as for
// Me.
func (a *API) Post(ctx context.Context, path string, in, out any) error {
	return a.send(ctx, http.MethodPost, path, in, into(out))
}

// Put is Post for a change that comes to the same when it is made twice.
func (a *API) Put(ctx context.Context, path string, in, out any) error {
	return a.send(ctx, http.MethodPut, path, in, into(out))
}

// Delete removes what is at a path of the account. Errors as for Me.
func (a *API) Delete(ctx context.Context, path string) error {
	return a.do(ctx, call{method: http.MethodDelete, path: path}, into(nil))
}

// into reads JSON. No out reads nothing.
func into(out any) func([]byte) error {
	return func(data []byte) error {
		if out != nil && json.Unmarshal(data, out) != nil {
			return errors.New("the answer is not the JSON that was expected")
		}
		return nil
	}
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
