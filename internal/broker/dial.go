package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/deskauth/deskauth/zendesk"
)

// HTTPConfig says how Zendesk is reached.
type HTTPConfig struct {
	Base zendesk.Base
	// Proxy is asked for the proxy of each request; nil means none. The
	// environment is not read. It is the proxy that resolves names then: where they
	// lead is not looked at here, and the proxy must refuse private addresses.
	Proxy func(*http.Request) (*url.URL, error)
	// AllowPrivate lets Base's names lead to private addresses, for an issuer of
	// one's own inside a network.
	AllowPrivate bool
	// Streams leaves out the bound on a whole request, for bodies of any length.
	Streams bool
}

// requestTimeout bounds a whole request to Zendesk, its answer's body included.
const requestTimeout = 15 * time.Second

// streamTimeout bounds how long Zendesk may take to begin its answer where whole
// requests are not bounded: an export may take its time.
const streamTimeout = time.Minute

// expectTime is how long a long body waits for Zendesk to say that it wants it. A token
// that is refused before spares the body; one that is sent too early finds nobody.
const expectTime = 5 * time.Second

// NewHTTPClient returns a client for Base's hosts and no others. It follows no
// redirect. Names under localhost lead to this machine, whatever a resolver says,
// if Base is there; else an address of this machine or of its network is refused,
// so that no subdomain can make the broker talk to what only it can reach (SSRF).
func NewHTTPClient(c HTTPConfig) *http.Client {
	client := &http.Client{
		Transport: &within{base: c.Base, next: newTransport(c)},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	if !c.Streams {
		client.Timeout = requestTimeout
	}
	return client
}

func newTransport(c HTTPConfig) *http.Transport {
	t := &http.Transport{
		Proxy:                  c.Proxy,
		DialContext:            dialer(c),
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		MaxIdleConns:           64,
		IdleConnTimeout:        60 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  expectTime,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if c.Streams { // others bound the whole request
		t.ResponseHeaderTimeout = streamTimeout
		t.MaxIdleConnsPerHost, t.MaxIdleConns = 64, 256
		// As large as what is copied at a time.
		t.WriteBufferSize, t.ReadBufferSize = 32<<10, 32<<10
	}
	return t
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func dialer(c HTTPConfig) dialFunc {
	plain := &net.Dialer{Timeout: 10 * time.Second}
	guarded := &net.Dialer{Timeout: 10 * time.Second, Control: refusePrivate}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		switch {
		case err != nil:
			return nil, err
		case !under(c.Base, host): // the proxy: within lets no request through to another host
			return plain.DialContext(ctx, network, address)
		case c.Base.IsLocal():
			return dialLoopback(ctx, plain, port)
		case c.AllowPrivate:
			return plain.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// dialLoopback reaches this machine without asking a resolver (RFC 6761 §6.3),
// which on many systems does not know *.localhost.
func dialLoopback(ctx context.Context, d *net.Dialer, port string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
	if err == nil {
		return conn, nil
	}
	if conn, six := d.DialContext(ctx, "tcp", net.JoinHostPort("::1", port)); six == nil {
		return conn, nil
	}
	return nil, err
}

// errPrivate is why an address was refused.
var errPrivate = errors.New("the name leads to an address inside this network")

// refusePrivate looks at the resolved address just before the connection is made,
// so that a name cannot change between the look and the call.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(at.Addr()) {
		return fmt.Errorf("%w: %s", errPrivate, at.Addr())
	}
	return nil
}

// specialPrefixes are the IPv4 ranges, and those within IPv6's global unicast,
// that IANA's registries of special-purpose addresses keep for something else
// than a host of the internet (RFC 6890). Some of the IPv6 ones carry an IPv4
// address that a gateway may reach.
var specialPrefixes = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link local
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays, given up
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),       // protocol assignments: Teredo, benchmarks, ORCHID
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4
	netip.MustParsePrefix("3fff::/20"),       // documentation
}

// globalUnicast is the one part of IPv6 that is given out to hosts of the internet
// (RFC 4291 §2.4, IANA's registry); NAT64, private and link-local addresses are
// outside.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// public tells an address of the internet from one of this machine or network.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	for _, p := range specialPrefixes {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

// under tells whether a host is an account of base.
func under(base zendesk.Base, host string) bool {
	label, _, _ := strings.Cut(host, ".")
	u := base.URL(label)
	return u != nil && u.Hostname() == host
}

// within lets requests through to the accounts of a base alone.
type within struct {
	base zendesk.Base
	next http.RoundTripper
}

func (t *within) RoundTrip(r *http.Request) (*http.Response, error) {
	label, _, _ := strings.Cut(r.URL.Hostname(), ".")
	if u := t.base.URL(label); u == nil || u.Scheme != r.URL.Scheme || u.Host != r.URL.Host {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("%s is not a host of %s", r.URL.Host, t.base)
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections serves http.Client's method of that name.
func (t *within) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
