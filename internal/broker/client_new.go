package broker

import (
	"fmt"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// NewClient is a client that is to be added. Without an account it is global, without
// a secret public.
type NewClient struct {
	Account    string  // subdomain, or an address of the account as a person pastes it
	Product    Product // "": Support
	Identifier string
	Secret     secret.Plain
}

// What a client's words may be, in bytes.
const (
	identifierMost = 255
	secretMost     = 1024
)

// secretsMost bounds how many secrets a client has: each costs a request when those
// before it are refused.
const secretsMost = 5

// clean checks what somebody typed. The error is *Invalid and repeats nothing, since
// a secret may stand where something else should.
func (n NewClient) clean(base zendesk.Base) (NewClient, error) {
	if n.Product == "" {
		n.Product = Support
	}
	if _, ok := policies[n.Product]; !ok {
		return n, &Invalid{"product", "it is support or chat"}
	}
	if n.Account = strings.TrimSpace(n.Account); n.Account != "" {
		account, err := base.CleanSubdomain(n.Account)
		if err != nil {
			return n, &Invalid{"account", "it is a subdomain such as acme, or empty for a client that serves every account"}
		} else if zendesk.Reserved(account) {
			return n, &Invalid{"account", "it is a name of Zendesk's own, and no account"}
		}
		n.Account = account
	}
	n.Identifier = strings.TrimSpace(n.Identifier)
	switch {
	case n.Identifier == "" || len(n.Identifier) > identifierMost || strings.ContainsFunc(n.Identifier, notVisible):
		return n, &Invalid{"identifier", fmt.Sprintf("it is the client's unique identifier, 1 to %d characters without spaces", identifierMost)}
	case n.Product == Chat && n.Secret.IsZero():
		// Chat knows no PKCE (facts §8), by which alone a public client proves itself.
		return n, &Invalid{"secret", "a client of Chat has one"}
	case n.Secret.IsZero():
		return n, nil
	}
	return n, checkSecret(n.Secret)
}

// notVisible tells what is no part of an identifier or a secret (RFC 6749 appendix A.1
// and A.2 also allow spaces, which no Zendesk makes and every paste may add).
func notVisible(r rune) bool { return r <= ' ' || r > '~' }

func checkSecret(s secret.Plain) error {
	text := s.Reveal()
	if text == "" || len(text) > secretMost || strings.ContainsFunc(text, notVisible) {
		return &Invalid{"secret", fmt.Sprintf("it is one word of 1 to %d characters", secretMost)}
	}
	return nil
}

func tooMany(c Client) error {
	if len(c.Secrets) > secretsMost {
		return &Invalid{"secret", fmt.Sprintf("client %d has %d already: remove those that Zendesk does not take any more, or roll with drop-old", c.ID, secretsMost)}
	}
	return nil
}
