package intercept

import (
	"net"
	"net/netip"
	"strings"
)

// domain is Zendesk's own: every account is one label below it.
const domain = "zendesk.com"

// Zendesk tells whether a host, with or without a port, is one of Zendesk's. The apex
// and names with several labels are, too: none of them may be reached for real.
func Zendesk(host string) bool {
	name := hostname(host)
	return name == domain || strings.HasSuffix(name, "."+domain)
}

// loopback tells whether a host is this machine, by its name alone. RFC 6761 section
// 6.3 keeps everything below localhost on it.
func loopback(host string) bool {
	name := hostname(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

// hostname takes the port off, the brackets of an IPv6 address and the dot that may end
// a DNS name, and lowers it: names that differ in these are one.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
