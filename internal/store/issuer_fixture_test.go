package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/oauth"
)

// noon is protocol time in these tests. Rows keep microseconds.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

func digest(name string) secret.Digest { return secret.Of(name).Digest() }

// The places of a plot's things.
const (
	admin, customer     = 0, 1
	support, chat, spa  = 0, 1, 2
	adminEmail, appName = "admin@example.com", "app"
)

// newPlot makes an account with two users and three clients. All accounts have the
// same emails, identifiers and secrets, so that nothing but the account tells
// them apart.
func newPlot(t testing.TB, s issuer.Store, subdomain string) issuer.Plot {
	t.Helper()
	client := func(p issuer.Product, identifier string, kind issuer.Kind, secrets ...issuer.ClientSecret) issuer.Client {
		return issuer.Client{
			Product: p, Identifier: identifier, Name: "App", Description: "An app.", Company: "App & Co.", Kind: kind,
			RedirectURIs:  []string{"http://localhost:8080/callback", "https://app.example/callback?a=b"},
			AllowedScopes: oauth.Scope{"read", "tickets:write"}, Era: issuer.Legacy, AnyLoopbackPort: true, Secrets: secrets,
		}
	}
	plot, err := s.Plant(t.Context(), issuer.Plot{
		Account: issuer.Account{
			Subdomain: subdomain, Name: "Acme Inc.", Era: issuer.Enforced, BasicAuth: issuer.BasicAllowed,
			Chat: issuer.ChatWithSupport, Plan: issuer.PlanNone, Created: noon,
		},
		Users: []issuer.User{
			{Email: adminEmail, Name: "Ada Admin", Role: issuer.Admin, PasswordHash: "$argon2id$…"},
			{Email: "customer@example.com", Name: "Cora Customer", Role: issuer.EndUser, Suspended: true},
		},
		Clients: []issuer.Client{
			client(issuer.Support, appName, issuer.Confidential,
				issuer.ClientSecret{Digest: digest("s3cret"), Hint: "s3c"},
				issuer.ClientSecret{Digest: digest("successor"), Hint: "suc", Expires: noon.Add(time.Hour)}),
			client(issuer.Chat, appName, issuer.Confidential, issuer.ClientSecret{Digest: digest("chat"), Hint: "cha"}),
			client(issuer.Support, "spa", issuer.Public),
		},
	}, adminEmail)
	if err != nil {
		t.Fatal(err)
	}
	return plot
}

// eachIssuer runs f once on each engine, on accounts acme and globex.
func eachIssuer(t *testing.T, f func(t *testing.T, dsn string, s issuer.Store, acme, globex issuer.Plot)) {
	t.Helper()
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		s := db.Issuer()
		f(t, dsn, s, newPlot(t, s, "acme"), newPlot(t, s, "globex"))
	})
}

// newCode is a live code of a plot's app and admin.
func newCode(in issuer.Plot, name string) issuer.Code {
	return issuer.Code{
		Account: in.Account.ID, Product: issuer.Support, Digest: digest(name),
		Client: in.Clients[support].ID, User: in.Users[admin].ID,
		RedirectURI: "http://localhost:8080/callback", RedirectSent: true, Scope: oauth.Scope{"read", "write"},
		Challenge: oauth.S256("verifier"), Created: noon, Expires: noon.Add(2 * time.Minute),
	}
}

// newToken is a live token of a plot's app and admin.
func newToken(in issuer.Plot, name string, family issuer.FamilyID) issuer.Token {
	return issuer.Token{
		Account: in.Account.ID, Product: issuer.Support, Client: in.Clients[support].ID, User: in.Users[admin].ID,
		Family: family, Generation: 1, Origin: "authorization_code",
		Scope: oauth.Scope{"read"}, Consented: oauth.Scope{"read", "write"},
		Access: digest("access " + name), AccessHint: "access", AccessExpires: noon.Add(30 * time.Minute),
		Refresh: digest("refresh " + name), RefreshHint: "refresh", RefreshExpires: noon.Add(30 * 24 * time.Hour),
		HasRefresh: true, Created: noon,
	}
}

// addToken stores a token by redeeming a code of its own for it.
func addToken(t testing.TB, s issuer.Store, in issuer.Plot, v issuer.Token, name string) issuer.Token {
	t.Helper()
	c := newCode(in, "code of "+name)
	c.Product, c.Client, c.User = v.Product, v.Client, v.User
	if err := s.AddCode(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	id, err := s.RedeemCode(t.Context(), c, v)
	if err != nil {
		t.Fatal(err)
	}
	v.ID = id
	return v
}

func same(t testing.TB, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error("stored (-want +got):\n" + diff)
	}
}
