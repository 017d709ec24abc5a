package httpd

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// ParseTrustedProxies reads addresses and CIDR prefixes of reverse proxies.
func ParseTrustedProxies(list []string) ([]netip.Prefix, error) {
	var trusted []netip.Prefix
	for _, s := range list {
		p, err := parsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q: want an address or a CIDR prefix, as in 10.0.0.0/8", s)
		}
		trusted = append(trusted, p)
	}
	return trusted, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("no address: %q", s)
		}
		return a.Unmap().Prefix(a.Unmap().BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // as peers are compared
	}
	return p.Masked(), nil
}

// ClientAddress learns the client's address and scheme. X-Forwarded-For and
// X-Forwarded-Proto are believed when the peer is one of trusted, and then
// only as far as trusted proxies wrote them: from the right. Afterwards no
// handler sees these headers, so that none can believe what a client wrote.
func ClientAddress(trusted []netip.Prefix) Middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r := enter(w, r)
			if from := peer(r); isTrusted(trusted, from) {
				x.from(forwardedFor(r.Header, from, trusted))
				x.scheme = forwardedProto(r.Header, x.scheme)
			}
			r.Header = withoutForwarded(r.Header)
			next.ServeHTTP(w, r)
		})
	}
}

// Address returns the client's address, never an IPv4 one in IPv6 form and
// never with a zone. It is the zero Addr outside of a request and on sockets
// that have none.
func Address(ctx context.Context) netip.Addr {
	if x := exchangeFrom(ctx); x != nil {
		return x.address
	}
	return netip.Addr{}
}

// AddressText is Address as text, "" where there is none.
func AddressText(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.said
	}
	return ""
}

// Scheme returns "https" or "http": how the client's request came in, at the
// proxy if there is a trusted one.
func Scheme(r *http.Request) string {
	if x := exchangeFrom(r.Context()); x != nil {
		return x.scheme
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// peer is who opened the connection.
func peer(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return plain(ap.Addr())
}

func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func isTrusted(trusted []netip.Prefix, a netip.Addr) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwardedFor walks from the proxy that called us towards the client. Each
// trusted hop vouches for the one on its left; the first that is not trusted
// is the client. What it wrote itself, further left, is worth nothing.
func forwardedFor(h http.Header, from netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(trusted, from); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		from = hop
	}
	return from
}

// parseHop also takes the port that some proxies add.
func parseHop(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	return plain(a), err == nil
}

// forwardedProto takes the last word, which is that of the nearest proxy.
func forwardedProto(h http.Header, otherwise string) string {
	all := strings.Split(strings.Join(h.Values("X-Forwarded-Proto"), ","), ",")
	switch last := strings.ToLower(strings.TrimSpace(all[len(all)-1])); last {
	case "http", "https":
		return last
	}
	return otherwise
}

func withoutForwarded(h http.Header) http.Header {
	if !hasForwarded(h) {
		return h
	}
	kept := make(http.Header, len(h))
	for name, values := range h {
		if !isForwarded(name) {
			kept[name] = values
		}
	}
	return kept
}

func hasForwarded(h http.Header) bool {
	for name := range h {
		if isForwarded(name) {
			return true
		}
	}
	return false
}

func isForwarded(name string) bool {
	return name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-")
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
