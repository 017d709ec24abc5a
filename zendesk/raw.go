package zendesk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/oauth"
)

// RawRequest is a request that API has no method for.
type RawRequest struct {
	Method string
	// Target is a path of the account and perhaps a query, as they go over the wire:
	// "/api/v2/tickets.json?sort=-created_at". CheckPath says which paths are taken.
	Target string
	Header http.Header // beside those of API's own
	Body   io.Reader   // nil: there is none; it is read once
	Size   int64       // of Body; below 0: it is not known
}

// Raw sends a request and returns the answer, whatever its status; the caller closes its
// body. Retry applies to GET and HEAD alone. A redirect is followed as by the other
// methods: of a GET, and to no other host. Where nothing was answered the error is an
// *oauth.RemoteError.
func (a *API) Raw(ctx context.Context, r RawRequest) (*http.Response, error) {
	path, _, _ := strings.Cut(r.Target, "?")
	if err := CheckPath(path); err != nil {
		return nil, fmt.Errorf("zendesk: %w", err)
	}
	c := call{method: r.Method, path: path}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	begun := a.Retry.now()
	for tries := 1; ; tries++ {
		resp, err := a.tryRaw(ctx, c, r)
		if !reads {
			return resp, err
		}
		failed := err
		if err == nil {
			failed = ParseAPIError(resp.StatusCode, resp.Header, nil)
		}
		wait, again := a.Retry.decide(call{method: http.MethodGet}, tries, failed)
		if !again || ctx.Err() != nil {
			return resp, err
		}
		if err == nil {
			keepShort(resp) // the connection is not held while nothing happens
		}
		stop := a.Retry.wait(ctx, Wait{Method: c.method, Path: path, Try: tries, For: wait, Err: failed}, begun)
		switch {
		case stop == nil:
		case err == nil && ctx.Err() == nil:
			return resp, nil // it would take too long
		default:
			return nil, stop
		}
	}
}

func (a *API) tryRaw(ctx context.Context, c call, r RawRequest) (*http.Response, error) {
	if a.Base == nil {
		return nil, errors.New("zendesk: the API has no base URL")
	}
	to, err := url.Parse(a.Base.Scheme + "://" + a.Base.Host + r.Target)
	if err != nil || to.Host != a.Base.Host || to.User != nil || to.Fragment != "" {
		return nil, errors.New("zendesk: the target is no path and query")
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, to.String(), r.Body)
	if err != nil {
		return nil, fmt.Errorf("zendesk: %w", err)
	}
	if r.Body != nil {
		req.ContentLength, req.GetBody = r.Size, nil
		if r.Size == 0 {
			req.Body = http.NoBody
		}
	}
	req.Header.Set("Accept", "application/json")
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if err := a.authorize(ctx, req); err != nil {
		return nil, err
	}
	resp, err := a.client().Do(req)
	if err != nil {
		return nil, &oauth.RemoteError{Sent: true, Err: a.unanswered(c, err)}
	}
	if a.Answered != nil {
		a.Answered(answerOf(c, resp))
	}
	return resp, nil
}

// keepShort reads an answer that says "later", and ends it.
func keepShort(resp *http.Response) {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, oauth.MaxAnswer)) // what is there of it
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(text))
}

// CheckPath says why a path, as it goes over the wire, cannot be asked of an account; nil
// when it can. It begins with one slash, has the characters of a URL's path alone
// (RFC 3986 section 3.3), and Climbs nowhere.
func CheckPath(path string) error {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return errors.New("a path begins with one slash")
	}
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"#<>?\\^`{|}", c) >= 0 {
			return errors.New("a path has no blanks, no control characters, and nothing else that a URL has not: write it as %20 and so on")
		}
	}
	decoded, err := url.PathUnescape(path)
	switch {
	case err != nil:
		return errors.New("a path has two hexadecimal digits after each %")
	case Climbs(decoded):
		return errors.New("a path has no segments . and .., which some servers resolve and others do not")
	}
	return nil
}

// Climbs tells whether a decoded path has a dot segment: for a reader that takes an
// encoded slash, or a backslash, for a slash, and leaves out a segment's parameters, and
// also for one behind a reader that has decoded the path already, and decodes it once
// more.
func Climbs(path string) bool {
	for range decodedMost {
		if climbs(path) {
			return true
		}
		again := decodedAgain.Replace(path)
		if again == path {
			return false
		}
		path = again
	}
	return true // nobody needs it, and nobody looks deeper
}

func climbs(path string) bool {
	for segment := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '/' || c == '\\' }) {
		segment, _, _ = strings.Cut(segment, ";")
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// decodedAgain is what such a reader makes of a path, as far as that may climb. It is one
// that takes what is no escape as it stands.
var decodedAgain = strings.NewReplacer("%25", "%", "%2e", ".", "%2E", ".", "%2f", "/", "%2F", "/", "%5c", `\`, "%5C", `\`, "%3b", ";", "%3B", ";")

// decodedMost bounds how often a path is looked at that says something else each time.
const decodedMost = 4
