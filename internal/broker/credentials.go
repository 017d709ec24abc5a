package broker

import (
	"context"
	"slices"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// credentials are a client and its secrets, in their order.
func (b *Broker) credentials(ctx context.Context, id ClientID) (Client, []secret.Plain, error) {
	client, err := b.Store.Client(ctx, id)
	if err != nil {
		return client, nil, err
	}
	secrets, err := b.secrets(ctx, client)
	return client, secrets, err
}

// secrets opens the client's secrets.
func (b *Broker) secrets(ctx context.Context, c Client) ([]secret.Plain, error) {
	var all []secret.Plain
	for _, one := range c.Secrets {
		s, err := b.open(ctx, one.Sealed, c.secretPlace(one.Number))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// SecretRefused tells whether Zendesk gave tokens for another of a client's secrets
// lately, in this process, and not for s, which has that number.
func (b *Broker) SecretRefused(ctx context.Context, id ClientID, s secret.Plain) (number int64, refused bool, err error) {
	c, all, err := b.credentials(ctx, id)
	at := place(all, s)
	if err != nil || at < 0 {
		return 0, false, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	worked := func(one ClientSecret) bool { return !b.worked[SecretID{id, one.Number}].IsZero() }
	return c.Secrets[at].Number, slices.ContainsFunc(c.Secrets, worked) && !worked(c.Secrets[at]), nil
}

// exchange posts a grant with each of the client's secrets until one is accepted.
// A refused client leaves the grant unspent.
func (b *Broker) exchange(ctx context.Context, account string, p Product, client Client, secrets []secret.Plain, r oauth.TokenRequest) Reply {
	for i := 0; ; i++ {
		reply := b.postAs(ctx, account, p, client, secrets, i, r)
		if reply.Result != ClientRejected || i+1 >= len(secrets) {
			return reply
		}
	}
}

// postAs posts with the client's secret at a place in their order, or none for a
// public client, and notes when it worked.
func (b *Broker) postAs(ctx context.Context, account string, p Product, client Client, secrets []secret.Plain, i int, r oauth.TokenRequest) Reply {
	if i >= len(secrets) {
		return b.post(ctx, account, p, client, secret.Plain{}, r)
	}
	reply := b.post(ctx, account, p, client, secrets[i], r)
	if reply.Result == Renewed {
		b.mu.Lock()
		b.worked[SecretID{client.ID, client.Secrets[i].Number}] = b.now()
		b.mu.Unlock()
	}
	return reply
}
