package brokerhttp

import (
	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
)

// PublishedClient is a client as other programs see it.
func PublishedClient(c broker.ClientState) deskauth.OAuthClient {
	out := deskauth.OAuthClient{
		ID: int64(c.ID), Account: c.Account, Product: string(c.Product), Identifier: c.Identifier, Public: c.Public(),
		Secrets: []deskauth.ClientSecret{}, Circuits: []deskauth.Circuit{}, Connections: c.Connections,
	}
	for _, s := range c.Secrets {
		out.Secrets = append(out.Secrets, deskauth.ClientSecret{Number: s.Number, AddedAt: orNil(s.Added), WorkedAt: orNil(s.Worked)})
	}
	for _, one := range c.Circuits {
		out.Circuits = append(out.Circuits, deskauth.Circuit{
			Account: one.Account, OpenedAt: one.OpenedAt, RetryAt: one.RetryAt, Failures: one.Failures, Reason: string(one.Reason),
		})
	}
	return out
}
