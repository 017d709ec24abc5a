package issuer

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

func TestPlantingCreator(t *testing.T) {
	client := []PlantedClient{{Client: Client{Identifier: "app"}}}
	user := func(email string, role Role) PlantedUser { return PlantedUser{User: User{Email: email, Role: role}} }
	for _, tt := range []struct {
		name     string
		planting Planting
		want     string
		fails    bool
	}{
		{"no clients", Planting{}, "", false},
		{"clients and nobody", Planting{Clients: client}, "", true},
		{"clients and no admin", Planting{Clients: client, Users: []PlantedUser{user("a@x", Agent), user("e@x", EndUser)}}, "", true},
		{"the first admin", Planting{Clients: client, Users: []PlantedUser{user("a@x", Agent), user("One@X", Admin), user("two@x", Admin)}}, "one@x", false},
	} {
		got, err := tt.planting.creator()
		var invalid *Invalid
		if got != tt.want || errors.As(err, &invalid) != tt.fails {
			t.Errorf("%s: %q, %v; want %q, invalid %v", tt.name, got, err, tt.want, tt.fails)
		}
	}
}

func TestPlantingPlot(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	long := secret.Of("0123456789abcdef0123456789abcdef")
	p := Planting{
		Account:   Account{ID: 7, Subdomain: "acme"},
		Users:     []PlantedUser{{User: User{Email: " Ada@ACME.example "}, Password: secret.Of("x")}, {User: User{Email: "b@x"}}},
		Clients:   []PlantedClient{{Client: Client{Identifier: "a", Kind: Confidential}, Secret: long}, {Client: Client{Identifier: "b", Kind: Public}}},
		APITokens: []PlantedAPIToken{{Description: "d", Token: secret.Of("short")}},
	}
	got, err := p.plot(now, map[string]string{"ada@acme.example": "hash"})
	if err != nil {
		t.Fatal(err)
	}
	want := Plot{
		Account: Account{Subdomain: "acme", Created: now, PasswordAccess: true, TokenAccess: true},
		Users: []User{
			{Email: "ada@acme.example", PasswordHash: "hash", Created: now, Updated: now},
			{Email: "b@x", Created: now, Updated: now},
		},
		Clients: []Client{
			{
				Identifier: "a", Kind: Confidential, Created: now, Updated: now,
				Secrets: []ClientSecret{{Digest: long.Digest(), Hint: "012345678", Created: now}},
			},
			{Identifier: "b", Kind: Public, Created: now, Updated: now},
		},
		// A hint of ten characters would have shown all of the token.
		APITokens: []APIToken{{Digest: secret.Of("short").Digest(), Hint: "sh", Description: "d", Active: true, Created: now, Updated: now}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plot (-want +got):\n%s", diff)
	}
}

func TestPlantingPlotNeedsSecret(t *testing.T) {
	p := Planting{Clients: []PlantedClient{{Client: Client{Identifier: "a", Kind: Confidential}}}}
	var invalid *Invalid
	if _, err := p.plot(time.Now(), nil); !errors.As(err, &invalid) {
		t.Errorf("a confidential client without a secret: %v", err)
	}
}

func TestPlotNotes(t *testing.T) {
	digest := func(s string) []ClientSecret { return []ClientSecret{{Digest: secret.Of(s).Digest()}} }
	plot := func() Plot {
		return Plot{
			Account:   Account{Subdomain: "acme", Name: "Acme"},
			Users:     []User{{Email: "a@x", Name: "A", Role: Agent, PasswordHash: "one"}},
			Clients:   []Client{{Product: Support, Identifier: "app", Secrets: digest("s"), AllowedScopes: oauth.Scope{"read", "write"}}},
			APITokens: []APIToken{{Description: "d", Active: true}},
		}
	}
	for _, tt := range []struct {
		name   string
		change func(have *Plot)
		want   []string
	}{
		{"the same", func(*Plot) {}, nil},
		{"another password is not looked at", func(p *Plot) { p.Users[0].PasswordHash = "two" }, nil},
		{"another number and time", func(p *Plot) { p.Account.ID, p.Account.Created = 9, time.Now() }, nil},
		{"scopes in another order", func(p *Plot) { p.Clients[0].AllowedScopes = oauth.Scope{"write", "read"} }, nil},
		{"one more secret", func(p *Plot) { p.Clients[0].Secrets = append(digest("t"), p.Clients[0].Secrets...) }, nil},
		{"the secret replaced", func(p *Plot) { p.Clients[0].Secrets = digest("t") }, []string{
			"client app of account acme differs from the database in secret and was left as it is",
		}},
		{"no secret", func(p *Plot) { p.Clients[0].Secrets = nil }, []string{
			"client app of account acme differs from the database in secret and was left as it is",
		}},
		{"client", func(p *Plot) {
			p.Clients[0].RedirectURIs, p.Clients[0].Era, p.Clients[0].AnyLoopbackPort = []string{"x"}, Legacy, true
		}, []string{
			"client app of account acme differs from the database in redirect_uri, era, any_loopback_port and was left as it is",
		}},
		{"suspended, inactive", func(p *Plot) { p.Users[0].Suspended, p.APITokens[0].Active = true, false }, []string{
			"user a@x of account acme differs from the database in suspended and was left as it is",
			`API token "d" of account acme differs from the database in active and was left as it is`,
		}},
	} {
		have := plot()
		tt.change(&have)
		var got []string
		for _, n := range plot().notes(have) {
			got = append(got, n.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
