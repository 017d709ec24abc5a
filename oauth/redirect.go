package oauth

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// CheckRedirectURI says in plain words why an address cannot be registered as a
// redirect URI, nil when it can: absolute, https (or http on this machine), no
// fragment (RFC 6749 §3.1.2), no user name, nothing a browser would read
// differently.
func CheckRedirectURI(uri string) error {
	if uri == "" {
		return errors.New("the redirect URL is empty")
	}
	if len(uri) > maxAuthorizeValue {
		return errors.New("the redirect URL is longer than 2048 characters")
	}
	for i := range len(uri) {
		switch c := uri[i]; {
		case c <= ' ' || c == 0x7f:
			return errors.New("the redirect URL holds a space or a control character")
		case c > 0x7f:
			return errors.New("the redirect URL holds a character that must be percent-encoded")
		case strings.IndexByte("\\\"<>^`{|}", c) >= 0:
			return errors.New("the redirect URL holds " + string(c) + ", which must be percent-encoded")
		}
	}
	if strings.Contains(uri, "#") {
		return errors.New("the redirect URL must not have a fragment (#)")
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("the redirect URL cannot be read as a URL")
	}
	return checkRedirectParts(u)
}

func checkRedirectParts(u *url.URL) error {
	switch {
	case u.Scheme == "":
		return errors.New("the redirect URL must be absolute, like https://example.com/callback")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("the redirect URL must use https")
	case u.Opaque != "" || u.Host == "" || u.Hostname() == "":
		return errors.New("the redirect URL must name a host, like https://example.com/callback")
	case u.User != nil:
		return errors.New("the redirect URL must not hold a user name or password")
	case !cleanHost(u):
		return errors.New("the host of the redirect URL is not a plain host name or address")
	case u.Scheme == "http" && !isLoopbackName(u.Hostname()):
		return errors.New("the redirect URL must use https, unless it is for localhost, 127.0.0.1 or [::1]")
	}
	return nil
}

// cleanHost refuses what url.Parse lets pass and a header would not survive:
// the host goes into Content-Security-Policy, where ";" and "," end a rule.
func cleanHost(u *url.URL) bool {
	if _, port, ok := strings.Cut(u.Host[strings.LastIndexByte(u.Host, ']')+1:], ":"); ok {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return false
		}
	}
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	for i := range len(host) {
		if c := host[i]; !alphanumeric(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return host != ""
}

func isLoopbackName(host string) bool {
	return strings.EqualFold(host, "localhost") || host == "127.0.0.1" || host == "::1"
}

// MatchRedirectURI compares exactly, as strings (RFC 9700 §2.1): a trailing
// slash, a port or an upper-case letter more is another address.
func MatchRedirectURI(registered []string, requested string) bool {
	return requested != "" && slices.Contains(registered, requested)
}

// MatchLoopbackAnyPort also lets the port of a loopback IP address differ (RFC
// 8252 §7.3), for native apps that listen where they can. "localhost" does not
// qualify (§8.3). It is for an opt-in: Zendesk compares the port too.
func MatchLoopbackAnyPort(registered []string, requested string) bool {
	if MatchRedirectURI(registered, requested) {
		return true
	}
	origin, rest, ok := cutLoopback(requested)
	if !ok || CheckRedirectURI(requested) != nil {
		return false
	}
	return slices.ContainsFunc(registered, func(r string) bool {
		o, rr, ok := cutLoopback(r)
		return ok && o == origin && rr == rest
	})
}

// cutLoopback splits an http address of a loopback IP round its port.
func cutLoopback(uri string) (origin, rest string, ok bool) {
	for _, origin := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, origin)
		if !ok {
			continue
		}
		if port, found := strings.CutPrefix(rest, ":"); found {
			rest = strings.TrimLeft(port, "0123456789")
		}
		if rest == "" || rest[0] == '/' || rest[0] == '?' {
			return origin, rest, true
		}
	}
	return "", "", false
}

// RedirectURL adds params to a redirect URI, after the query it may have, which
// stays as it was registered (RFC 6749 §3.1.2). Spaces become "+".
func RedirectURL(uri string, params url.Values) string {
	query := params.Encode()
	switch {
	case query == "":
		return uri
	case !strings.Contains(uri, "?"):
		return uri + "?" + query
	case strings.HasSuffix(uri, "?") || strings.HasSuffix(uri, "&"):
		return uri + query
	}
	return uri + "&" + query
}

// FragmentURL puts params into the fragment (RFC 6749 §4.2.2).
func FragmentURL(uri string, params url.Values) string {
	return uri + "#" + params.Encode()
}

// RedirectOrigin is scheme://host[:port] of a redirect URI, for a page's
// Content-Security-Policy. It is "" for what CheckRedirectURI refuses.
func RedirectOrigin(uri string) string {
	if CheckRedirectURI(uri) != nil {
		return ""
	}
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
