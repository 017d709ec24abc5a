package control

import (
	"context"
	"errors"

	"github.com/deskauth/deskauth/internal/issuer"
)

// AddFault takes a rule in that concerns somebody there is: one for a mistyped
// account or client would never fire, and a test that waits for it would pass for
// the wrong reason. Of a token's hint nothing is known beforehand.
func (c *Controls) AddFault(ctx context.Context, f Fault) (Fault, error) {
	if err := f.check(); err != nil {
		return Fault{}, err
	}
	if err := c.checkWhom(ctx, f); err != nil {
		return Fault{}, err
	}
	return c.Faults.Add(f)
}

func (c *Controls) checkWhom(ctx context.Context, f Fault) error {
	if f.Account == "" && f.Client == "" {
		return nil
	}
	accounts, err := c.accountsOf(ctx, f)
	if err != nil || f.Client == "" {
		return err
	}
	for _, a := range accounts {
		there, err := c.hasClient(ctx, a, f)
		if err != nil || there {
			return err
		}
	}
	return &Invalid{"client", "there is no such client: name its unique identifier"}
}

// accountsOf are those that a rule concerns.
func (c *Controls) accountsOf(ctx context.Context, f Fault) ([]issuer.Account, error) {
	if f.Account == "" {
		return c.Issuer.Store.Accounts(ctx)
	}
	a, err := c.Issuer.Store.Account(ctx, f.Account)
	if errors.Is(err, issuer.ErrNotFound) {
		return nil, &Invalid{"account", "there is no such account: name its subdomain"}
	}
	return []issuer.Account{a}, err
}

func (c *Controls) hasClient(ctx context.Context, a issuer.Account, f Fault) (bool, error) {
	for _, p := range []issuer.Product{issuer.Support, issuer.Chat} {
		if f.Product != "" && f.Product != p {
			continue
		}
		if _, err := c.Issuer.Store.Client(ctx, a.ID, p, f.Client); !errors.Is(err, issuer.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}
