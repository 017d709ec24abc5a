package zendesk_test

import (
	"context"
	"iter"
	"log"
	"net/url"
	"testing"
	"time"

	"github.com/deskauth/deskauth/deskauthtest"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// acting is an API that acts as the default account's admin at a local Zendesk.
func acting(ctx context.Context, z *deskauthtest.Zendesk) *zendesk.API {
	answer, err := oauth.Exchange(ctx, z.Client(), "https://acme.zendesk.com"+zendesk.TokenPath, oauth.TokenRequest{
		GrantType: oauth.GrantClientCredentials, ClientID: deskauthtest.ClientID, ClientSecret: deskauthtest.ClientSecret,
		ClientAuth: oauth.ClientAuthBody, Scope: "read write", HasScope: true,
	}, oauth.JSON)
	if err != nil {
		log.Fatal(err)
	}
	return &zendesk.API{
		Base: &url.URL{Scheme: "https", Host: "acme.zendesk.com"}, HTTP: z.Client(), Bearer: answer.AccessToken,
	}
}

// start is a local Zendesk for an example, and an API that acts as its admin.
func start(options ...deskauthtest.Option) (z *deskauthtest.Zendesk, api *zendesk.API, end func()) {
	z, err := deskauthtest.Start(options...)
	if err != nil {
		log.Fatal(err)
	}
	return z, acting(context.Background(), z), func() {
		if err := z.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

// all gathers a list.
func all[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	var got []T
	for v, err := range list {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	return got
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// named is the client of an identifier.
func named(ctx context.Context, api *zendesk.API, identifier string) zendesk.Client {
	for c, err := range api.Clients(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if c.Identifier == identifier {
			return c
		}
	}
	log.Fatal("no client ", identifier)
	return zendesk.Client{}
}

// seedWithPlan is an account on the plan with 200 requests a minute, with an API token.
const seedWithPlan = `accounts:
  - subdomain: acme
    name: Acme Inc.
    plan: team
    api_tokens: [{description: nightly export, token: an-api-token-of-acme-for-this-test-0123}]
    users: [{email: ada@acme.example, name: Ada Admin, role: admin}]
    clients: [{identifier: app, name: App, kind: confidential, secret: secret-of-the-app-at-acme, redirect_uri: ["http://localhost:8080/callback"]}]
`

// passing lets the local Zendesk's time pass instead of waiting.
func passing(z *deskauthtest.Zendesk) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		z.Clock.Advance(d) //nolint:contextcheck // the clock of a test knows none
		return ctx.Err()
	}
}
