package apihttp

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
)

// Hosts tells which account a request is for, by the host name it was sent to.
type Hosts struct {
	Store issuer.Store
	// BaseDomains are the names below which an account is one label:
	// "localhost" makes acme.localhost the account acme.
	BaseDomains []string
	// Default is the account of an IP address or a bare localhost, for clients
	// that cannot resolve names below localhost; empty: the first account.
	Default string
}

// Account returns the account of a Host header, or issuer.ErrNotFound for any
// host that this server does not answer to.
func (h Hosts) Account(ctx context.Context, host string) (issuer.Account, error) {
	name, isAddress := hostname(host)
	if isAddress || name == "localhost" {
		return h.fallback(ctx)
	}
	label, base, found := strings.Cut(name, ".")
	if !found || !slices.Contains(h.BaseDomains, base) {
		return issuer.Account{}, issuer.ErrNotFound
	}
	return h.Store.Account(ctx, label)
}

func (h Hosts) fallback(ctx context.Context) (issuer.Account, error) {
	if h.Default != "" {
		return h.Store.Account(ctx, h.Default)
	}
	accounts, err := h.Store.Accounts(ctx)
	if err != nil {
		return issuer.Account{}, err
	}
	if len(accounts) == 0 {
		return issuer.Account{}, issuer.ErrNotFound
	}
	return accounts[0], nil
}

// hostname takes the port off, and the dot that may end a DNS name; isAddress
// tells that it is an IP address. Brackets hold an IPv6 address and nothing else
// (RFC 3986 section 3.2.2); what is written otherwise is no name of ours.
func hostname(host string) (name string, isAddress bool) {
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host = host[:colon]
	}
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return host, closed && err == nil && a.Is6()
	}
	name = strings.ToLower(strings.TrimSuffix(host, "."))
	_, err := netip.ParseAddr(name)
	return name, err == nil
}
