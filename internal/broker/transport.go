package broker

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// Transport calls Zendesk's API as a connection: it adds the bearer, renewed in
// time, and sends a request again, once, when the API says that its token is over
// (design §6.9).
type Transport struct {
	Broker *Broker
	ID     ConnectionID
	Next   http.RoundTripper // NewHTTPClient's
}

// keptMost bounds the body of a request that is kept to be sent again.
const keptMost = 1 << 20

// unkeptTTL is how long a token must live for a request that cannot be sent again.
const unkeptTTL = 2 * time.Minute

// RetryHeader is set to 1 in a 401 that the caller may mend by sending its request
// again: its body was too long to be kept, and by now there is another token.
const RetryHeader = "Deskauth-Retry"

// RoundTrip implements http.RoundTripper. A request to another host than those of the
// connection's account is refused, so that its token cannot leave.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	body, again, err := keep(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	var minTTL time.Duration
	if !again {
		minTTL = unkeptTTL
	}
	lent, err := t.Broker.lend(ctx, t.ID, wish{minTTL: minTTL, called: true})
	if err == nil {
		err = t.Broker.checkHost(lent.Connection, r.URL)
	}
	if err != nil {
		closeBody(r)
		return nil, err
	}
	resp, err := t.send(r, lent, body(), again)
	if err != nil {
		return resp, err
	}
	resp.Header.Del(RetryHeader) // ours alone to say
	if wait := oauth.RetryAfter(resp.Header); wait > 0 && resp.StatusCode == http.StatusTooManyRequests {
		// What the broker asks for by itself is left for later.
		t.Broker.quiet.until(lent.Connection.Account, t.Broker.now().Add(min(wait, quietMost)))
	}
	if !refusesToken(resp) {
		return resp, nil
	}
	next, err := t.Broker.lend(ctx, t.ID, wish{forced: true, refused: lent.Connection.Generation, called: true})
	switch {
	case err != nil:
		// The caller sees what Zendesk said; the connection's state says the rest.
		return resp, nil //nolint:nilerr // on purpose
	case !again:
		resp.Header.Set(RetryHeader, "1")
		return resp, nil
	}
	_ = resp.Body.Close()
	resp, err = t.send(r, next, body(), again)
	if err == nil {
		resp.Header.Del(RetryHeader)
	}
	return resp, err
}

// send sends the request with a token, which the answer does not show. A body that
// cannot be sent again waits until it is wanted (RFC 9110 section 10.1.1): whoever refuses
// the token answers before it, and does not hang up in the midst of it.
func (t *Transport) send(r *http.Request, g Grant, body io.ReadCloser, again bool) (*http.Response, error) {
	out := Ended{Result: CallUnanswered}
	ctx, ended := t.Broker.began(r.Context(), Work{
		Kind: Calling, Connection: g.Connection.ID, Account: g.Connection.Account, Generation: g.Connection.Generation, Method: r.Method,
	})
	defer func() { ended(out) }()
	own := r.WithContext(ctx) // a copy; of what it shares, the header alone is changed
	own.Header = maps.Clone(r.Header)
	if own.Header == nil {
		own.Header = http.Header{}
	}
	own.Body, own.GetBody = body, nil
	own.Header.Set("Authorization", "Bearer "+g.Access.Reveal())
	if !again {
		own.Header.Set("Expect", "100-continue")
	}
	resp, err := t.Next.RoundTrip(own)
	if resp != nil {
		resp.Request = r
		out.Result, out.Status = CallAnswered, resp.StatusCode
	}
	return resp, err
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// keep returns the body of a request for each time it is sent, and whether it can
// be sent more than once.
func keep(r *http.Request) (body func() io.ReadCloser, again bool, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() io.ReadCloser { return r.Body }, true, nil
	}
	if r.ContentLength > keptMost {
		return func() io.ReadCloser { return r.Body }, false, nil
	}
	head, err := readHead(r.Body, r.ContentLength)
	if err != nil {
		return nil, false, err
	}
	if len(head) > keptMost {
		whole := rejoined{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		return func() io.ReadCloser { return whole }, false, nil
	}
	closeBody(r)
	return func() io.ReadCloser { return io.NopCloser(bytes.NewReader(head)) }, true, nil
}

// readHead reads a body, or one byte more than is kept of it. Length is a hint; below
// one it is not known.
func readHead(body io.Reader, length int64) ([]byte, error) {
	head := bytes.NewBuffer(make([]byte, 0, max(length, 0)+bytes.MinRead))
	_, err := head.ReadFrom(io.LimitReader(body, keptMost+1))
	return head.Bytes(), err
}

// rejoined is a body whose beginning was read.
type rejoined struct {
	io.Reader
	io.Closer
}

// refusesToken tells a 401 that says invalid_token, which a new token mends, from
// others. It leaves the answer's body as it was.
func refusesToken(resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized {
		return false
	}
	if strings.Contains(resp.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		return true
	}
	head, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // the rest tells, if this fails
	resp.Body = rejoined{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return bytes.Contains(head, []byte(`"invalid_token"`))
}
