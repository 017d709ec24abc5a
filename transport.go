package deskauth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// HTTPClient returns a client that calls Zendesk's API as a connection: it adds the token
// that the broker lends, remembers it until it is to be renewed, and sends a request
// again, once, when the API says that the token is over and the request's body is no
// longer than 1 MiB. It speaks to the connection's account alone: a redirect to another
// host is returned to the caller, not followed.
//
// Errors of the connection are those of Token, wrapped in *url.Error. An answer of 401
// with the header Deskauth-Retry: 1 can be mended by sending the request again.
func (c *Client) HTTPClient(connection int64) *http.Client {
	return &http.Client{
		Transport: &transport{c, connection},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || len(via) > 5 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// transport calls Zendesk's API as a connection.
//
//	tokens.get ─▶ request ─▶ 401 invalid_token? ─▶ token?refused=generation ─▶ request, once more
type transport struct {
	client *Client
	id     int64
}

const (
	// keptMost bounds the body of a request that is kept to be sent again.
	keptMost = 1 << 20
	// unkeptTTL is how long a token must live for a request that cannot be.
	unkeptTTL = 2 * time.Minute

	retryHeader = "Deskauth-Retry"
)

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	m, err := t.client.start()
	if err != nil {
		closeBody(r)
		return nil, err
	}
	body, again, err := keep(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	var wish time.Duration
	if !again {
		wish = unkeptTTL
	}
	lent, err := t.client.lent(r.Context(), t.id, wish)
	if err == nil {
		err = lent.check(r.URL)
	}
	if err != nil {
		closeBody(r)
		return nil, err
	}
	resp, err := send(m.calls, r, lent.token, body(), again)
	if err != nil || !refusesToken(resp) {
		return resp, err
	}
	next, err := t.client.relent(r.Context(), t.id, lent)
	switch {
	case err != nil || next.token.Generation == lent.token.Generation:
		// The caller sees what Zendesk said; the connection's state says the rest.
		return resp, nil //nolint:nilerr // on purpose
	case !again:
		resp.Header.Set(retryHeader, "1")
		return resp, nil
	}
	_ = resp.Body.Close()
	return send(m.calls, r, next.token, body(), again)
}

// send sends a request with a token. A body that cannot be sent again waits until it is
// wanted (RFC 9110 section 10.1.1): whoever refuses the token answers before it, and does
// not hang up in the midst of it.
func send(calls http.RoundTripper, r *http.Request, t Token, body io.ReadCloser, again bool) (*http.Response, error) {
	own := r.WithContext(r.Context()) // a copy; of what it shares, the header alone is changed
	own.Header = maps.Clone(r.Header)
	if own.Header == nil {
		own.Header = http.Header{}
	}
	own.Body, own.GetBody = body, nil
	own.Header.Set("Authorization", "Bearer "+t.AccessToken)
	if !again {
		own.Header.Set("Expect", "100-continue")
	}
	resp, err := calls.RoundTrip(own)
	if resp != nil {
		resp.Request = r // without the token
		resp.Header.Del(retryHeader)
	}
	return resp, err
}

// lease is a token that is remembered, and where it may go.
type lease struct {
	token Token
	root  *url.URL
	until time.Time // when the broker is asked again
}

// errElsewhere says that a request is for another host than the connection's account.
type errElsewhere struct{ host, root string }

func (e *errElsewhere) Error() string {
	return fmt.Sprintf("deskauth: the connection's token is for %s, and not sent to %q", e.root, e.host)
}

func (*errElsewhere) Retryable() bool { return false }

// check refuses a request by which the token would leave for another host.
func (l lease) check(to *url.URL) error {
	if to.Scheme != l.root.Scheme || !strings.EqualFold(to.Host, l.root.Host) {
		return &errElsewhere{to.Host, l.root.String()}
	}
	return nil
}

// Before a token's end the broker renews it, which ends it at once. It is given back
// earlier than that, mostly.
const (
	renewedBefore = 6 * time.Minute
	// rememberMost is how long a token is remembered that does not expire.
	rememberMost = 5 * time.Minute
)

// rememberUntil is when the broker is asked again.
func rememberUntil(now time.Time, t Token) time.Time {
	if t.ExpiresAt == nil {
		return now.Add(rememberMost)
	}
	return t.ExpiresAt.Add(-min(renewedBefore, t.ExpiresAt.Sub(now)/4))
}

// lent is the connection's token, from memory where it will do.
func (c *Client) lent(ctx context.Context, id int64, ttl time.Duration) (lease, error) {
	now := c.now()
	if l, known := c.made.tokens.known(id); known && now.Before(l.until) && (l.token.ExpiresAt == nil || now.Add(ttl).Before(*l.token.ExpiresAt)) {
		return l, nil
	}
	return c.made.tokens.fetch(ctx, fetchKey{id, -1, ttl}, func(ctx context.Context) (lease, error) {
		t, err := c.Token(ctx, id, MinTTL(ttl))
		return c.lease(ctx, id, t, err)
	})
}

// relent is a token after Zendesk refused one: another's, which came meanwhile, or what
// the broker makes of it.
func (c *Client) relent(ctx context.Context, id int64, refused lease) (lease, error) {
	if l, known := c.made.tokens.known(id); known && l.token.Generation > refused.token.Generation {
		return l, nil
	}
	return c.made.tokens.fetch(ctx, fetchKey{id, refused.token.Generation, 0}, func(ctx context.Context) (lease, error) {
		t, err := c.refused(ctx, id, refused.token.Generation)
		return c.lease(ctx, id, t, err)
	})
}

// lease adds to a token where it may go, which stays for a connection.
func (c *Client) lease(ctx context.Context, id int64, t Token, err error) (lease, error) {
	if err != nil {
		return lease{}, err
	}
	l, known := c.made.tokens.known(id)
	if !known {
		of, err := c.Connection(ctx, id)
		if err != nil {
			return lease{}, err
		}
		if l.root, err = url.Parse(of.URL); err != nil || l.root.Host == "" {
			return lease{}, &RemoteError{Status: http.StatusOK, Title: "the connection has no address"}
		}
	}
	return lease{token: t, root: l.root, until: rememberUntil(c.now(), t)}, nil
}

// forget drops the token of a connection that is about to change.
func (c *Client) forget(id int64) {
	if m, err := c.start(); err == nil {
		m.tokens.drop(id)
	}
}

// tokens remembers what was lent, and asks the broker once for all who want the same.
type tokens struct {
	mu      sync.Mutex
	all     map[int64]lease
	flights map[fetchKey]*flight
	sweepAt int
	now     func() time.Time
	ended   bool
	done    context.CancelFunc
	ctx     context.Context //nolint:containedctx // of Close, which ends the flights
	running sync.WaitGroup
}

// fetchKey tells what is asked for: a token, or another than one that was refused.
type fetchKey struct {
	id      int64
	refused int64 // generation; below 0: none was
	ttl     time.Duration
}

type flight struct {
	landed chan struct{}
	lease  lease
	err    error
}

func (t *tokens) start(now func() time.Time) {
	t.now, t.sweepAt = now, sweepFirst
	t.all, t.flights = map[int64]lease{}, map[fetchKey]*flight{}
	t.ctx, t.done = context.WithCancel(context.Background())
}

// stop ends the flights and waits for them.
func (t *tokens) stop() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.done()
	t.running.Wait()
}

func (t *tokens) known(id int64) (lease, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, known := t.all[id]
	return l, known
}

func (t *tokens) drop(id int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, id)
}

var errClosed = errors.New("deskauth: the client is closed")

// fetch asks once for all who want the same at a time. It goes on when the one leaves who
// was first, until Close.
func (t *tokens) fetch(ctx context.Context, key fetchKey, ask func(context.Context) (lease, error)) (lease, error) {
	t.mu.Lock()
	f := t.flights[key]
	switch {
	case t.ended:
		t.mu.Unlock()
		return lease{}, errClosed
	case f == nil:
		f = &flight{landed: make(chan struct{})}
		t.flights[key] = f
		t.running.Go(func() { t.fly(key, f, ask) }) //nolint:contextcheck // it is for others too
	}
	t.mu.Unlock()
	select {
	case <-f.landed:
		return f.lease, f.err
	case <-ctx.Done():
		return lease{}, ctx.Err()
	}
}

func (t *tokens) fly(key fetchKey, f *flight, ask func(context.Context) (lease, error)) {
	ctx, cancel := context.WithTimeout(t.ctx, brokerTime)
	defer cancel()
	f.lease, f.err = ask(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.flights, key)
	old, known := t.all[key.id]
	switch {
	case f.err == nil && (!known || f.lease.token.Generation >= old.token.Generation):
		t.all[key.id] = f.lease
		t.sweep()
	case f.err != nil && known && old.token.Generation <= key.refused:
		delete(t.all, key.id) // it was refused, and the next caller is told why there is no other
	}
	close(f.landed)
}

// sweep forgets tokens that are not used any more, each time there are twice as many.
func (t *tokens) sweep() {
	if len(t.all) < t.sweepAt {
		return
	}
	now := t.now()
	maps.DeleteFunc(t.all, func(_ int64, l lease) bool { return !now.Before(l.until) })
	t.sweepAt = max(sweepFirst, 2*len(t.all))
}

const sweepFirst = 1024

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// keep returns the body of a request for each time it is sent, and whether it can be sent
// more than once.
func keep(r *http.Request) (body func() io.ReadCloser, again bool, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() io.ReadCloser { return r.Body }, true, nil
	}
	if r.ContentLength > keptMost {
		return func() io.ReadCloser { return r.Body }, false, nil
	}
	head, err := io.ReadAll(io.LimitReader(r.Body, keptMost+1))
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

// rejoined is a body whose beginning was read.
type rejoined struct {
	io.Reader
	io.Closer
}

// refusesToken tells a 401 that says invalid_token (RFC 6750 section 3.1), which a new
// token mends, from others. It leaves the answer's body as it was.
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
