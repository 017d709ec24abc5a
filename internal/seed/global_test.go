package seed_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

const twoAccounts = `accounts:
  - {subdomain: acme, name: A, users: [{email: a@b.c, name: A, role: admin}]}
  - {subdomain: two, name: B}
`

const everywhere = `global_clients:
  - identifier: zdg-everywhere
    name: Everywhere
    description: Is
    company: E
    secret: e1
    redirect_uri: ["https://e.example/cb"]
    allowed_scopes: [read]
    accounts: [acme]
  - {identifier: zdg-nowhere, name: Nowhere, kind: public}
`

func TestParseGlobalClients(t *testing.T) {
	for _, text := range []string{twoAccounts + everywhere, everywhere + twoAccounts} {
		got, err := seed.Parse("s.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		want := []issuer.PlantedGlobalClient{{
			GlobalClient: issuer.GlobalClient{
				Product: issuer.Support, Identifier: "zdg-everywhere", Name: "Everywhere", Description: "Is", Company: "E",
				Kind: issuer.Confidential, RedirectURIs: []string{"https://e.example/cb"}, AllowedScopes: oauth.Scope{"read"},
			},
			Secret: secret.Of("e1"), Accounts: []string{"acme"},
		}, {GlobalClient: issuer.GlobalClient{Product: issuer.Support, Identifier: "zdg-nowhere", Name: "Nowhere", Kind: issuer.Public}}}
		if diff := cmp.Diff(want, got.GlobalClients, cmp.AllowUnexported(secret.Plain{})); diff != "" {
			t.Errorf("parsed (-want +got):\n%s", diff)
		}
	}
}

func TestParseRefusesGlobalClients(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"another identifier", "{identifier: app, name: A, secret: hunter2}", "s.yaml:5: identifier of a global client must begin with zdg-"},
		{"no secret", "{identifier: zdg-a, name: A}", "s.yaml:5: secret is missing: a confidential client has one"},
		{"another account", "{identifier: zdg-a, name: A, kind: public, accounts: [three]}", `s.yaml:5: accounts: there is no account "three" in this file`},
		{"nobody to approve", "{identifier: zdg-a, name: A, kind: public, accounts: [two]}", `s.yaml:5: accounts: "two" has no user whose role is admin to approve it`},
		{"an account twice", "{identifier: zdg-a, name: A, kind: public, accounts: [acme, acme]}", "s.yaml:5: this entry of accounts is there twice, first on line 5"},
		{"twice", "{identifier: zdg-a, name: A, kind: public}\n  - {identifier: zdg-a, name: B, kind: public}", `s.yaml:6: identifier "zdg-a" is there twice, first on line 5`},
		{"unknown scope", "{identifier: zdg-a, name: A, kind: public, allowed_scopes: [reed]}", `s.yaml:5: allowed_scopes: there is no scope "reed"`},
		{"unknown key", "{identifier: zdg-a, name: A, kind: public, era: legacy}", `s.yaml:5: unknown key "era" in a global client; expected identifier, name, description, company, kind, secret, redirect_uri, allowed_scopes or accounts`},
		{"a word", "zdg-a", "s.yaml:5: a global client must be a mapping with identifier, name, description, company, kind, secret, redirect_uri, allowed_scopes and accounts, not text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := seed.Parse("s.yaml", []byte(twoAccounts+"global_clients:\n  - "+tt.text+"\n"))
			if err == nil || err.Error() != tt.want {
				t.Errorf("error:\n%v\nwant:\n%s", err, tt.want)
			}
		})
	}
	_, err := seed.Parse("s.yaml", []byte("accounts:\n  - subdomain: acme\n    name: A\n    users: [{email: a@b.c, name: A, role: admin}]\n    clients: [{identifier: zdg-a, name: A, kind: public}]\n"))
	if want := "s.yaml:5: identifier must not begin with zdg-, which is for global_clients"; err == nil || err.Error() != want {
		t.Errorf("a client of an account: %v", err)
	}
}

func TestApplyGlobalClients(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		f, err := seed.Parse("s.yaml", []byte(twoAccounts+everywhere))
		if err != nil {
			t.Fatal(err)
		}
		if notes := apply(t, db, f); len(notes) != 0 {
			t.Errorf("notes %q", notes)
		}
		once := dump(t, dsn)
		if notes := apply(t, db, f); len(notes) != 0 {
			t.Errorf("notes %q", notes)
		}
		if diff := cmp.Diff(once, dump(t, dsn)); diff != "" {
			t.Errorf("applied again, it changed:\n%s", diff)
		}
		acme, err := db.Issuer().Account(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		c, err := db.Issuer().Client(t.Context(), acme.ID, issuer.Support, "zdg-everywhere")
		if err != nil || c.Global == 0 || len(c.Secrets) != 1 || !c.Secrets[0].Digest.Equal(secret.Of("e1").Digest()) {
			t.Errorf("approved is %+v, %v", c, err)
		}
	})
}
