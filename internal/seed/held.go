package seed

import (
	"context"
	"errors"

	"github.com/deskauth/deskauth/internal/issuer"
)

// HeldBy tells whether a store has a client of the file with the secret that the
// file gives it.
func (f File) HeldBy(ctx context.Context, s issuer.Store) (bool, error) {
	for _, a := range f.Accounts {
		have, err := s.Account(ctx, a.Account.Subdomain)
		if errors.Is(err, issuer.ErrNotFound) {
			continue
		} else if err != nil {
			return false, err
		}
		for _, c := range a.Clients {
			client, err := s.Client(ctx, have.ID, c.Product, c.Identifier)
			if errors.Is(err, issuer.ErrNotFound) {
				continue
			} else if err != nil {
				return false, err
			}
			for _, kept := range client.Secrets {
				if !c.Secret.IsZero() && kept.Digest.Equal(c.Secret.Digest()) {
					return true, nil
				}
			}
		}
	}
	return false, nil
}
