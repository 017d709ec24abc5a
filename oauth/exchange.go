package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Encoding is the form of a token request's body.
type Encoding int

const (
	Form Encoding = iota // application/x-www-form-urlencoded, the RFC's
	JSON                 // application/json, which some servers document instead
)

// MaxAnswer bounds what is read of an answer, in bytes.
const MaxAnswer = 1 << 20

// RemoteError is an answer that is no OAuth answer, or no answer at all.
type RemoteError struct {
	Status      int    // 0 when nothing was answered
	RequestID   string // X-Request-Id of the answer
	ContentType string // media type of the answer
	RetryAfter  time.Duration
	// Sent tells whether the request may have reached the server, so that a
	// refresh token in it may be spent. False is certain, true is not.
	Sent bool
	Err  error
}

// Error tells what was answered, or that nothing was, and nothing of a body.
func (e *RemoteError) Error() string {
	var b strings.Builder
	if e.Status == 0 {
		b.WriteString("no answer")
		if !e.Sent {
			b.WriteString(", nothing was sent")
		}
	} else {
		fmt.Fprintf(&b, "answered with status %d", e.Status)
		if e.RequestID != "" {
			fmt.Fprintf(&b, " (request %q)", e.RequestID)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap is what stood in the way, such as a timeout.
func (e *RemoteError) Unwrap() error { return e.Err }

// Exchange sends a token request and reads the answer. It is one POST, which
// neither it nor net/http repeats: a refresh token is spent by the first
// request that arrives. Redirects are not followed, any 2xx is success, and at
// most MaxAnswer bytes are read. A nil hc means http.DefaultClient; deadlines
// are the context's and hc's.
//
// Errors: *Error when the server answered one, *RemoteError for all the rest.
// A 429 or a status from 500 is always a *RemoteError, whatever its body says.
func Exchange(ctx context.Context, hc *http.Client, endpoint string, req TokenRequest, form Encoding) (TokenResponse, error) {
	if err := ctx.Err(); err != nil {
		return TokenResponse{}, &RemoteError{Err: err}
	}
	sent := &sending{}
	httpReq, err := newExchange(httptrace.WithClientTrace(ctx, sent.trace()), endpoint, req, form)
	if err != nil {
		return TokenResponse{}, &RemoteError{Err: err}
	}
	resp, err := withoutRedirects(hc).Do(httpReq)
	if err != nil {
		return TokenResponse{}, &RemoteError{Sent: sent.maybe(err), Err: withoutURL(err)}
	}
	defer resp.Body.Close()
	return readAnswer(resp)
}

func newExchange(ctx context.Context, endpoint string, r TokenRequest, form Encoding) (*http.Request, error) {
	params := r.Encode()
	basic := r.ClientAuth == ClientAuthBasic && r.ClientSecret != ""
	if basic {
		params.Del("client_id")
		params.Del("client_secret")
	}
	body, contentType := params.Encode(), "application/x-www-form-urlencoded"
	if form == JSON {
		data, err := jsonBody(params)
		if err != nil {
			return nil, err
		}
		body, contentType = string(data), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.GetBody = nil // without it net/http cannot send the body a second time
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	if basic {
		req.Header.Set("Authorization", basicAuth(r.ClientID, r.ClientSecret))
	}
	return req, nil
}

// jsonBody writes the parameters as an object, lifetimes as numbers.
func jsonBody(params url.Values) ([]byte, error) {
	object := make(map[string]any, len(params))
	for name, all := range params {
		if len(all) != 1 {
			return nil, fmt.Errorf("parameter %q is repeated", name)
		}
		object[name] = all[0]
		if strings.HasSuffix(name, "expires_in") {
			if n, err := strconv.ParseInt(all[0], 10, 64); err == nil {
				object[name] = n
			}
		}
	}
	return json.Marshal(object)
}

func withoutRedirects(hc *http.Client) *http.Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

func readAnswer(resp *http.Response) (TokenResponse, error) {
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	remote := func(err error) (TokenResponse, error) {
		return TokenResponse{}, &RemoteError{
			Status: resp.StatusCode, RequestID: clip(resp.Header.Get("X-Request-Id")), ContentType: clip(mediaType),
			RetryAfter: RetryAfter(resp.Header), Sent: true, Err: err,
		}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return remote(errors.New(http.StatusText(resp.StatusCode)))
	case err != nil:
		return remote(fmt.Errorf("the answer broke off: %w", err))
	case len(body) > MaxAnswer:
		return remote(errors.New("the answer is longer than 1 MiB"))
	}
	if resp.StatusCode/100 == 2 {
		var t TokenResponse
		err := json.Unmarshal(body, &t)
		if err == nil {
			return t, nil
		}
		// Some servers answer their errors with 200.
		if e := ParseError(resp.StatusCode, mediaType, body); e != nil {
			return TokenResponse{}, e
		}
		if errors.Is(err, errNoAccessToken) {
			return remote(err)
		}
		return remote(errors.New("the answer is not the JSON of a token"))
	}
	if e := ParseError(resp.StatusCode, mediaType, body); e != nil {
		return TokenResponse{}, e
	}
	return remote(errors.New("the answer is no OAuth error"))
}

// RetryAfter reads the header of that name, seconds or a date (RFC 9110
// §10.2.3); 0 when it is absent, past or unreadable. A date is measured from
// the answer's own Date, so that the two clocks need not agree.
func RetryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseInt(value, 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// sending watches how far a request got.
type sending struct{ traced, wrote atomic.Bool }

func (s *sending) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { s.traced.Store(true) },
		WroteHeaders: func() { s.wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { s.wrote.Store(true) },
	}
}

// maybe tells whether a request that failed may have arrived. A transport that
// reports nothing is assumed to have sent it, unless it says it could not dial.
func (s *sending) maybe(err error) bool {
	if s.wrote.Load() {
		return true
	}
	var op *net.OpError
	dialFailed := errors.As(err, &op) && op.Op == "dial"
	return !s.traced.Load() && !dialFailed
}

// withoutURL takes the address off an error of net/http: it says nothing new,
// and an address may carry what does not belong in a log.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
