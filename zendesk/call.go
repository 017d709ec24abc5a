package zendesk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/deskauth/deskauth/oauth"
)

// call is one thing that is asked of the API.
type call struct {
	method, path string
	shown        string // instead of the path to whoever is told of it, where that holds a secret
	query        url.Values
	content      content
	// twice tells of a PUT that it does something again when it is sent again, as one
	// that adds a comment does.
	twice bool
	most  int64 // bytes that are read of the answer; 0: oauth.MaxAnswer
}

// content is the body of a request.
type content struct {
	kind string // its media type; empty: there is none
	size int64
	open func() (io.Reader, error) // anew for each try; an error: it cannot be sent again
}

// listMost bounds a page of records, in bytes: a hundred tickets whose fields are full
// are longer than oauth.MaxAnswer.
const listMost = 32 << 20

// Answer is what a request was answered, for API.Answered.
type Answer struct {
	Method, Path string // without the query
	Status       int
	RequestID    string           // to tell to Zendesk's support
	Quota        Quota            // of the account; the zero one when nothing was said
	Endpoints    map[string]Quota // of endpoints that have one of their own, by name: "tickets-index"
}

// send is do with a JSON body.
func (a *API) send(ctx context.Context, method, path string, in any, read func([]byte) error) error {
	c, err := sending(method, path, in)
	if err != nil {
		return err
	}
	return a.do(ctx, c, read)
}

func sending(method, path string, in any) (call, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return call{}, fmt.Errorf("zendesk: %w", err)
	}
	open := func() (io.Reader, error) { return bytes.NewReader(text), nil }
	return call{method: method, path: path, content: content{"application/json", int64(len(text)), open}}, nil
}

// do sends a request, again when Retry says so, and gives the body of a success to read.
func (a *API) do(ctx context.Context, c call, read func(body []byte) error) error {
	begun := a.Retry.now()
	unheard := false // whether an answer was lost
	for tries := 1; ; tries++ {
		err := a.try(ctx, c, read)
		if statusOf(err) == http.StatusNotFound && unheard && c.method == http.MethodDelete {
			return nil // by the request whose answer was lost
		}
		wait, again := a.Retry.decide(c, tries, err)
		if !again || ctx.Err() != nil {
			return err
		}
		unheard = unheard || lost(err)
		if stop := a.Retry.wait(ctx, Wait{Method: c.method, Path: c.tellable(), Try: tries, For: wait, Err: err}, begun); stop != nil {
			return stop
		}
	}
}

// try sends a request once.
func (a *API) try(ctx context.Context, c call, read func(body []byte) error) error {
	req, err := a.request(ctx, c)
	if err != nil {
		return err
	}
	resp, err := a.client().Do(req)
	if err != nil {
		return &oauth.RemoteError{Sent: true, Err: a.unanswered(c, err)}
	}
	defer resp.Body.Close()
	if a.Answered != nil {
		a.Answered(answerOf(c, resp))
	}
	most := max(c.most, oauth.MaxAnswer)
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		err = &brokenOff{err}
	case int64(len(body)) > most:
		err = fmt.Errorf("the answer is longer than %d MiB", most>>20)
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

// brokenOff says that an answer began and did not end.
type brokenOff struct{ err error }

func (e *brokenOff) Error() string { return "the answer broke off: " + e.err.Error() }
func (e *brokenOff) Unwrap() error { return e.err }

func (a *API) request(ctx context.Context, c call) (*http.Request, error) {
	if a.Base == nil {
		return nil, errors.New("zendesk: the API has no base URL")
	}
	var body io.Reader
	if c.content.open != nil {
		var err error
		if body, err = c.content.open(); err != nil {
			return nil, err
		}
	}
	to := a.Base.JoinPath(c.path)
	to.RawQuery = c.query.Encode()
	req, err := http.NewRequestWithContext(ctx, c.method, to.String(), body)
	if err != nil {
		return nil, fmt.Errorf("zendesk: %w", err)
	}
	if body != nil {
		req.ContentLength = c.content.size
		req.Header.Set("Content-Type", c.content.kind)
		// net/http repeats by itself what it can open anew; when, is said by Retry alone.
		req.GetBody = nil
	}
	req.Header.Set("Accept", "application/json")
	if err := a.authorize(ctx, req); err != nil {
		return nil, err
	}
	return req, nil
}

func (a *API) authorize(ctx context.Context, req *http.Request) error {
	if a.Basic != nil {
		req.SetBasicAuth(a.Basic.user(), a.Basic.secret())
		return nil
	}
	bearer := a.Bearer
	if a.Token != nil {
		var err error
		if bearer, err = a.Token(ctx); err != nil {
			return err
		}
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return nil
}

func (c call) tellable() string { return cmp.Or(c.shown, c.path) }

// unanswered is an error of net/http whose words show no query: that of an upload holds
// its token.
func (a *API) unanswered(c call, err error) error {
	var all *url.Error
	if !errors.As(err, &all) {
		return err
	}
	return &url.Error{Op: all.Op, URL: a.Base.JoinPath(c.tellable()).String(), Err: all.Err}
}

func answerOf(c call, resp *http.Response) Answer {
	q, _ := ParseQuota(resp.Header)
	return Answer{
		Method: c.method, Path: c.tellable(), Status: resp.StatusCode, RequestID: clip(resp.Header.Get("X-Request-Id"), 128),
		Quota: q, Endpoints: ParseEndpointQuotas(resp.Header),
	}
}
