package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// A broker that runs elsewhere is spoken to over HTTP, with a key by a deskauth.Client,
// and by a brokerAPI where there is no key: to sign in by a code, and as whoever holds a
// pass. Both go by the same wire:
//
//	deskauth.Client ─┐
//	                 ├─▶ no redirects ─▶ brokerly (a web page is no broker) ─▶ --debug ─▶ broker
//	brokerAPI ───────┘
type brokerAPI struct {
	root *url.URL
	http *http.Client
	// bearer goes with each request: the secret of a pass; absent: none.
	bearer secret.Plain
	// waiting says that a "later" is waited for; nil: it is not.
	waiting func(time.Duration)
}

// brokerURL reads the address of a broker. Plain HTTP is for this machine alone: what is
// sent there is a secret, and would be read on the way.
func brokerURL(text string, plain bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	switch {
	case err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("must be a scheme and a host, such as https://connect.example.com")
	case u.Scheme == "http" && !plain && !thisMachine(u.Hostname()):
		return nil, fmt.Errorf("%s: plain HTTP would show the key to the network", text)
	}
	return u, nil
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

// brokerTime bounds a request to a broker, which may wait for Zendesk for a minute.
const brokerTime = 90 * time.Second

// toBroker makes the client by which a command speaks to a broker. A redirect is not
// followed: the secret is for that host alone.
func (m manner) toBroker(p process, most time.Duration) *http.Client {
	var wire http.RoundTripper = athome{}
	if m.Debug {
		wire = debugged{wire, p}
	}
	return &http.Client{
		Timeout: most, Transport: brokerly{wire},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// athome sends what is for this machine to this machine, where a key may go in plain HTTP:
// no name server is asked where *.localhost is (RFC 6761 section 6.3), and no proxy of the
// environment is shown it. What is for others goes their usual way.
type athome struct{}

func (athome) RoundTrip(r *http.Request) (*http.Response, error) {
	if thisMachine(r.URL.Hostname()) {
		return homeTransport().RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

var homeTransport = sync.OnceValue(func() *http.Transport {
	dial := &net.Dialer{Timeout: 10 * time.Second}
	t := &http.Transport{ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ExpectContinueTimeout: time.Second}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil || net.ParseIP(host) != nil {
			return dial.DialContext(ctx, network, address)
		}
		conn, err := dial.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
		if err == nil {
			return conn, nil
		}
		if conn, six := dial.DialContext(ctx, "tcp", net.JoinHostPort("::1", port)); six == nil {
			return conn, nil
		}
		return nil, err
	}
	return t
})

// brokerly makes an error of a web page, which no broker answers a program with: a
// network, or a proxy, that wants a sign-in of its own has one for every address.
type brokerly struct{ next http.RoundTripper }

func (a brokerly) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err != nil || resp.StatusCode/100 == 4 { // a host that does not know the path
		return resp, err
	}
	kind := resp.Header.Get("Content-Type")
	if !isPage(kind) && resp.StatusCode/100 != 3 {
		return resp, nil
	}
	_ = resp.Body.Close()
	return nil, notABroker(resp)
}

// notABroker is an answer that is none of a broker's.
func notABroker(resp *http.Response) error {
	return &oauth.RemoteError{
		Status: resp.StatusCode, ContentType: resp.Header.Get("Content-Type"), Sent: true,
		Err: errors.New("the answer is not a broker's"),
	}
}

// brokerProblem is what a broker answers instead of what was asked for: RFC 9457's form,
// and where a device asks, RFC 6749's.
type brokerProblem struct {
	Type   string     `json:"type"`
	Title  string     `json:"title"`
	Detail string     `json:"detail"`
	Code   oauth.Code `json:"error"`
	Words  string     `json:"error_description"`

	status int
	wait   time.Duration // as Retry-After has it; 0: it does not
}

func (p *brokerProblem) Error() string {
	return printable(cmp.Or(p.Detail, p.Title, p.Words, string(p.Code), fmt.Sprintf("status %d", p.status)))
}

// brokerRequest is one request. Its body is opened for each time that it is sent: a
// transport may read on after it has been answered.
type brokerRequest struct {
	method, path string
	kind         string // media type of the body
	size         int64
	open         func() (io.ReadCloser, error) // nil: it has no body
}

func withForm(path string, form url.Values) brokerRequest {
	return withText(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

func withJSON(method, path string, in any) (brokerRequest, error) {
	text, err := json.Marshal(in)
	return withText(method, path, "application/json", string(text)), err
}

func withText(method, path, kind, text string) brokerRequest {
	return brokerRequest{method, path, kind, int64(len(text)), func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

// waitMost is how long a broker's "later" is waited for.
const waitMost = 2 * time.Minute

// do sends a request and decodes the answer into out, if that is not nil. The error is a
// *brokerProblem, an *oauth.RemoteError of what is no broker, or one of the way there.
func (b brokerAPI) do(ctx context.Context, r brokerRequest, out any) error {
	for {
		err := b.once(ctx, r, out)
		var said *brokerProblem
		if b.waiting == nil || !errors.As(err, &said) || said.status != http.StatusTooManyRequests || said.wait == 0 || said.wait > waitMost {
			return err
		}
		b.waiting(said.wait)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(said.wait):
		}
	}
}

func (b brokerAPI) once(ctx context.Context, r brokerRequest, out any) error {
	req, err := b.request(ctx, r)
	if err != nil {
		return err
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, oauth.MaxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 == 2 && (out == nil || json.Unmarshal(text, out) == nil) {
		return nil
	}
	said := &brokerProblem{status: resp.StatusCode, wait: oauth.RetryAfter(resp.Header)}
	problem := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") // whose type may be left out (RFC 9457 section 4.2.1)
	if json.Unmarshal(text, said) != nil || said.Type == "" && said.Code == "" && !problem {
		return notABroker(resp)
	}
	return said
}

func (b brokerAPI) request(ctx context.Context, r brokerRequest) (*http.Request, error) {
	var body io.ReadCloser
	if r.open != nil {
		var err error
		if body, err = r.open(); err != nil {
			return nil, err
		}
	}
	if body != nil && r.size == 0 { // or it would be sent in chunks
		_ = body.Close()
		body = http.NoBody
	}
	// A path may have a name in it that somebody chose, escaped already.
	req, err := http.NewRequestWithContext(ctx, r.method, b.root.String()+r.path, body)
	if err != nil {
		if body != nil {
			_ = body.Close()
		}
		return nil, err
	}
	req.ContentLength = r.size
	if r.kind != "" {
		req.Header.Set("Content-Type", r.kind)
	}
	if !b.bearer.IsZero() {
		req.Header.Set("Authorization", "Bearer "+b.bearer.Reveal())
	}
	req.Header.Set("Accept-Language", "en") // as everything else that the command says
	return req, nil
}

// brokerError is remoteError for what is no Zendesk: why a broker was not spoken to.
func brokerError(host string, err error) error {
	var remote *oauth.RemoteError
	var other *deskauth.RemoteError
	var way *url.Error
	switch {
	case errors.As(err, &remote) && remote.Status/100 != 4 && (isPage(remote.ContentType) || remote.Status/100 == 3):
		return asUnavailable(fmt.Errorf("a web page answers for %s, and not a broker: does this network, or a proxy, want a sign-in of its own first? Open any page in a browser, then try again", host))
	case errors.As(err, &remote):
		return asUnavailable(fmt.Errorf("%s does not answer as a broker does: is the address right? (%w)", host, remote))
	case errors.As(err, &other):
		return asUnavailable(fmt.Errorf("%s does not answer as a broker does: is the address right? (answered with status %d)", host, other.Status))
	case errors.As(err, &way): // without the words of who asked
		return unreached(host, way)
	}
	return unreached(host, err)
}
