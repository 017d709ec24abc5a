package apihttp

import (
	"context"
	"net"
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
	name := hostname(host)
	if _, err := netip.ParseAddr(name); err == nil || name == "localhost" {
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

// hostname takes the port off, the brackets of an IPv6 address, and the dot
// that may end a DNS name.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
