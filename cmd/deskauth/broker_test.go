package main

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// It is said once, at the start, when tokens may cross a network in the clear.
func TestUnproxied(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	for _, c := range []struct {
		name    string
		serving serving
		edge    edge
		address string
		want    bool
	}{
		{"open to others", serving{PlainHTTP: true}, edge{}, "0.0.0.0:4002", true},
		{"open to others, IPv6", serving{PlainHTTP: true}, edge{}, "[::]:4002", true},
		{"behind a proxy", serving{PlainHTTP: true}, edge{trusted: proxy}, "0.0.0.0:4002", false},
		{"with TLS all the same", serving{PlainHTTP: true}, edge{tls: &tls.Config{MinVersion: tls.VersionTLS12}}, "0.0.0.0:4002", false},
		{"on this machine", serving{PlainHTTP: true}, edge{}, "127.0.0.1:4002", false},
		{"without the flag", serving{}, edge{}, "127.0.0.1:4002", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, err := netip.ParseAddrPort(c.address)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.serving.unproxied(c.edge, net.TCPAddrFromAddrPort(at)); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// A scope that is newer than this program is Zendesk's to refuse; a typo is not.
func TestCheckScope(t *testing.T) {
	for scope, want := range map[string]string{
		"read tickets:write": "", "quantum_entanglement:read": "", "": "",
		"raed": `--scope: Zendesk has no scope "raed": did you mean read?`, "read tickts:write": `Zendesk has no scope "tickts:write": did you mean tickets:write?`,
		"read\n": "character that no scope has", `"read"`: "character that no scope has",
	} {
		if err := checkScope(scope); (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", scope, err, want)
		}
	}
}
