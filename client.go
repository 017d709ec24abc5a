package deskauth

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Client uses a broker by a key of its. URL and Key are needed. It has the methods of an
// embedded.Broker, so that a program can have either behind an interface of its own; what
// a method may do is the key's powers: lend, connect, pass, admin.
//
// A Client is used by pointer, is not copied once it is used, and is safe for concurrent
// use.
type Client struct {
	URL string // the broker's, such as https://broker.example
	Key string

	// PlainHTTP lets URL be http://, whose requests anybody on the way can read. To this
	// machine itself it may be without.
	PlainHTTP bool
	// HTTP sends requests to the broker; nil: a client of this Client's own. Redirects are
	// not followed.
	HTTP *http.Client
	// Zendesk sends the requests of HTTPClient to Zendesk; nil: a transport of this
	// Client's own. An http.Transport is to have an ExpectContinueTimeout, or a long body
	// whose token is refused breaks off instead of telling so.
	Zendesk http.RoundTripper
	// Now tells when a token that is remembered is over; nil: time.Now.
	Now func() time.Time

	once    sync.Once
	made    clientState
	failure error
}

// clientState is what a Client makes of its fields when it is first used.
type clientState struct {
	base   *url.URL
	broker *http.Client
	calls  http.RoundTripper
	own    []*http.Transport
	tokens tokens
}

// expectTime is how long a long body waits for Zendesk to say that it wants it. A token
// that is refused before spares the body; one that is sent too early finds nobody.
const expectTime = 5 * time.Second

// brokerTime bounds a request to the broker. A renewal that waits for Zendesk takes up to
// a minute.
const brokerTime = 90 * time.Second

// Format hides the key from every verb of fmt.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// String hides the key.
func (c *Client) String() string { return fmt.Sprintf("deskauth.Client(%q, [secret])", c.URL) }

// LogValue hides the key from slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// start makes what the fields say, once.
func (c *Client) start() (*clientState, error) {
	c.once.Do(func() {
		m := &c.made
		m.tokens.start(c.now)
		if m.base, c.failure = c.base(); c.failure != nil {
			return
		}
		if c.Key == "" {
			c.failure = &Invalid{Field: "Key", Why: "it is missing"}
			return
		}
		own := http.Client{Timeout: brokerTime}
		if c.HTTP != nil {
			own = *c.HTTP
		} else {
			own.Transport = m.transport()
		}
		own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		m.broker = &own
		if m.calls = c.Zendesk; m.calls == nil {
			m.calls = m.transport()
		}
	})
	return &c.made, c.failure
}

// transport is one that Close closes.
func (m *clientState) transport() http.RoundTripper {
	usual, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // somebody else's
		return http.DefaultTransport
	}
	own := usual.Clone()
	own.ExpectContinueTimeout = expectTime
	m.own = append(m.own, own)
	return own
}

func (c *Client) base() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, &Invalid{Field: "URL", Why: "it is the broker's address, such as https://broker.example"}
	case u.Scheme == "http" && !c.PlainHTTP && !loopback(u.Hostname()):
		return nil, &Invalid{Field: "URL", Why: "anybody on the way could read the key: use https, or say PlainHTTP"}
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close ends what HTTPClient asks the broker for, waits for it, and closes the
// connections that are not in use. The Client is not to be used any more.
func (c *Client) Close() error {
	m, _ := c.start()
	m.tokens.stop()
	for _, t := range m.own {
		t.CloseIdleConnections()
	}
	return nil
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// Token lends a connection's access token, renewed if it is about to expire. The
// error is ErrNotFound, *ReauthorizeError, *Unusable, *Unavailable or ErrAway.
func (c *Client) Token(ctx context.Context, connection int64, options ...TokenOption) (Token, error) {
	q := url.Values{}
	if ttl := WishOf(options...).MinTTL; ttl != 0 {
		q.Set("min_ttl", ttl.String())
	}
	var t Token
	return t, c.ask(ctx, http.MethodGet, record("connections", connection, "token"), q, nil, &t)
}

// refused lends another token than the one of a generation, which Zendesk did not take.
func (c *Client) refused(ctx context.Context, connection, generation int64) (Token, error) {
	var t Token
	return t, c.ask(ctx, http.MethodGet, record("connections", connection, "token"), url.Values{"refused": {fmt.Sprint(generation)}}, nil, &t)
}
