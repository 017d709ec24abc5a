package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

var plantedAt = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

// plotOf is an account with an admin and a client.
func plotOf(subdomain string) issuer.Plot {
	return issuer.Plot{
		Account: issuer.Account{
			Subdomain: subdomain, Name: subdomain, Era: issuer.Enforced, BasicAuth: issuer.BasicAllowed,
			Chat: issuer.ChatWithSupport, Plan: issuer.PlanNone, Created: plantedAt,
		},
		Users: []issuer.User{{Email: "admin@" + subdomain + ".example", Name: "Ada", Role: issuer.Admin}},
		Clients: []issuer.Client{{
			Product: issuer.Support, Identifier: "app", Name: "App", Kind: issuer.Confidential, RedirectURIs: []string{"https://a.example/cb"},
			Secrets: []issuer.ClientSecret{{Digest: secret.Of("of " + subdomain).Digest(), Hint: "of"}},
		}},
		APITokens: []issuer.APIToken{{Digest: secret.Of("token").Digest(), Hint: "to", Description: "d", Active: true}},
	}
}

func plant(t *testing.T, db *store.DB, subdomain string) issuer.Plot {
	t.Helper()
	have, err := db.Issuer().Plant(t.Context(), plotOf(subdomain), "admin@"+subdomain+".example")
	if err != nil {
		t.Fatal(err)
	}
	return have
}

func TestPlantReturnsWhatIsThere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first := plant(t, db, "acme")
		if first.Account.ID == 0 || !first.Account.Created.Equal(plantedAt) {
			t.Errorf("account %+v", first.Account)
		}
		c, err := db.Issuer().Client(t.Context(), first.Account.ID, issuer.Support, "app")
		if err != nil || c.ID != first.Clients[0].ID || c.User != first.Users[0].ID || len(c.Secrets) != 1 {
			t.Errorf("client %+v, %v", c, err)
		}
		// Another name and another secret: what is there stays, and is returned.
		want := plotOf("acme")
		want.Account.Name, want.Clients[0].Name = "Other", "Other"
		want.Clients[0].Secrets[0].Digest = secret.Of("other").Digest()
		second, err := db.Issuer().Plant(t.Context(), want, "admin@acme.example")
		if err != nil {
			t.Fatal(err)
		}
		if got, was := fmt.Sprintf("%+v", second), fmt.Sprintf("%+v", first); got != was {
			t.Errorf("the second time returned\n%s\nwant\n%s", got, was)
		}
		if d := second.Clients[0].Secrets[0].Digest; !d.Equal(secret.Of("of acme").Digest()) {
			t.Error("the second time gave another secret")
		}
	})
}

func TestPlantKeepsAccountsApart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		acme, globex := plant(t, db, "acme"), plant(t, db, "globex")
		if acme.Clients[0].ID == globex.Clients[0].ID || acme.Users[0].ID == globex.Users[0].ID {
			t.Error("two accounts share a row")
		}
		// A creator from another account is nobody here, and nothing is planted.
		want := plotOf("acme")
		want.Clients[0].Identifier = "second"
		want.Users = append(want.Users, issuer.User{Email: "new@acme.example", Role: issuer.Agent})
		if _, err := db.Issuer().Plant(t.Context(), want, "admin@globex.example"); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("a creator of another account: %v", err)
		}
		if _, err := db.Issuer().UserByEmail(t.Context(), acme.Account.ID, "new@acme.example"); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("a planting that failed left a user: %v", err)
		}
	})
}

func TestPlantTickets(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		acme, globex := plant(t, db, "acme"), plant(t, db, "globex")
		ticket := func(u issuer.UserID) []desk.Opening {
			one := desk.NewTicket(plantedAt, desk.UserID(u), "One", "One.")
			return []desk.Opening{one, one}
		}
		add := func(a issuer.AccountID, tickets []desk.Opening) (int, error) {
			return db.Desk().PlantTickets(t.Context(), desk.AccountID(a), tickets)
		}
		// Foreign keys name the account: its ticket cannot have a stranger's requester.
		if n, err := add(acme.Account.ID, ticket(globex.Users[0].ID)); err == nil || n != 0 {
			t.Errorf("a requester of another account: %d tickets, %v", n, err)
		}
		foreign := ticket(acme.Users[0].ID)
		foreign[1].Audit = ticket(globex.Users[0].ID)[0].Audit
		if n, err := add(acme.Account.ID, foreign); err == nil || n != 0 {
			t.Errorf("an author of another account: %d tickets, %v", n, err)
		}
		// What failed left nothing, so both go in; then no more do.
		for n, want := range []int{2, 0} {
			if got, err := add(acme.Account.ID, ticket(acme.Users[0].ID)); err != nil || got != want {
				t.Errorf("time %d: %d tickets, %v; want %d", n+1, got, err, want)
			}
		}
		// Another account counts from 1 by itself.
		if got, err := add(globex.Account.ID, ticket(globex.Users[0].ID)); err != nil || got != 2 {
			t.Errorf("another account: %d tickets, %v", got, err)
		}
	})
}
