package broker

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Brands are the subdomains of an account's brands, by the account's own. Zendesk
// takes a token of the account at each of them. They are named by whoever runs the
// broker: a subdomain that is somebody else's would be sent tokens.
type Brands map[string][]string

// rootOf is the root of the account, or of the brand's host; nil when the account has
// no such brand.
func (b *Broker) rootOf(account, brand string) *url.URL {
	if brand == "" || brand == account {
		return b.Base.URL(account)
	}
	if !slices.Contains(b.Brands[account], brand) {
		return nil
	}
	return b.Base.URL(brand)
}

// Host returns the root of the connection's account or, with a brand, of that brand's
// host. The error is ErrNotFound, or *Invalid for a brand that the account has not.
func (b *Broker) Host(ctx context.Context, id ConnectionID, brand string) (*url.URL, error) {
	c, _, err := b.Store.Lent(ctx, id)
	if err != nil {
		return nil, err
	}
	root := b.rootOf(c.Account, strings.ToLower(brand))
	if root == nil {
		return nil, &Invalid{"host", fmt.Sprintf("it is no brand of %s that this broker was told of", c.Account)}
	}
	return root, nil
}

// checkHost refuses a request to another host than the account's and its brands'.
func (b *Broker) checkHost(c Connection, u *url.URL) error {
	at := func(root *url.URL) bool {
		return root != nil && u.Scheme == root.Scheme && strings.EqualFold(u.Host, root.Host)
	}
	if at(b.Base.URL(c.Account)) || slices.ContainsFunc(b.Brands[c.Account], func(s string) bool { return at(b.Base.URL(s)) }) {
		return nil
	}
	return fmt.Errorf("connection %d is one to %s and not to %s://%s", c.ID, b.Base.URL(c.Account), u.Scheme, u.Host)
}
