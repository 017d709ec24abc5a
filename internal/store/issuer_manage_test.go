package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func eventOf(a issuer.AccountID, action string) issuer.Event {
	return issuer.Event{Account: a, At: plantedAt, Action: issuer.Action(action), Object: "thing"}
}

// events lists the actions and objects of the audit trail since the planting.
func events(t *testing.T, dsn string) (all []string) {
	t.Helper()
	rows, err := storetest.Raw(t, dsn).QueryContext(t.Context(), `SELECT action, object FROM issuer_events WHERE detail <> 'planted' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var action, object string
		if err := rows.Scan(&action, &object); err != nil {
			t.Fatal(err)
		}
		all = append(all, action+" "+object)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Every change of a thing is a swap on when it was last changed: who read it
// before another's change changes nothing, and leaves no event.
func TestChangesAreSwaps(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		s, have := db.Issuer(), plant(t, db, "acme")
		a, c, u := have.Account.ID, have.Clients[0], have.Users[0]
		v, err := s.AddAPIToken(t.Context(), issuer.APIToken{Account: a, Digest: secret.Of("v").Digest(), Created: plantedAt, Updated: plantedAt}, eventOf(a, "added"))
		if err != nil {
			t.Fatal(err)
		}
		later := plantedAt.Add(time.Second)
		nextClient, nextUser, nextToken := c, u, v
		nextClient.Name, nextClient.Updated = "New", later
		nextUser.Name, nextUser.Updated = "New", later
		nextToken.Description, nextToken.Updated = "New", later
		for name, change := range map[string]func() error{
			"client":    func() error { return s.ReplaceClient(t.Context(), c, nextClient, eventOf(a, "client")) },
			"user":      func() error { return s.ReplaceUser(t.Context(), u, nextUser, 0, eventOf(a, "user")) },
			"API token": func() error { return s.ReplaceAPIToken(t.Context(), v, nextToken, eventOf(a, "token")) },
		} {
			if err := change(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := change(); !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("%s, changed again: %v", name, err)
			}
		}
		if err := s.ReplaceSecrets(t.Context(), c, nextClient, eventOf(a, "secrets")); !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("secrets: %v", err)
		}
		if got := events(t, dsn); len(got) != 4 {
			t.Errorf("events %q", got)
		}
		if got, err := s.ClientByID(t.Context(), a, issuer.Support, c.ID); err != nil || got.Name != "New" || len(got.Secrets) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// What must be one's own is refused with the step that would have taken it.
func TestTaken(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		s, have := db.Issuer(), plant(t, db, "acme")
		other := plant(t, db, "globex")
		a, c := have.Account.ID, have.Clients[0]
		again := issuer.Client{Account: a, Product: issuer.Support, Identifier: "app", Kind: issuer.Public, User: have.Users[0].ID, Created: plantedAt, Updated: plantedAt}
		if _, err := s.AddClient(t.Context(), again, eventOf(a, "x")); !errors.Is(err, issuer.ErrTaken) {
			t.Errorf("client: %v", err)
		}
		again.Product = issuer.Chat // another product's clients are others
		second, err := s.AddClient(t.Context(), again, eventOf(a, "client"))
		if err != nil {
			t.Fatal(err)
		}
		again.Identifier, again.Product = "two", issuer.Support
		third, err := s.AddClient(t.Context(), again, eventOf(a, "client"))
		if err != nil {
			t.Fatal(err)
		}
		renamed := third
		renamed.Identifier, renamed.Updated = c.Identifier, plantedAt.Add(time.Second)
		if err := s.ReplaceClient(t.Context(), third, renamed, eventOf(a, "x")); !errors.Is(err, issuer.ErrTaken) {
			t.Errorf("renamed client: %v", err)
		}
		if _, err := s.AddUser(t.Context(), issuer.User{Account: a, Email: "admin@acme.example"}, eventOf(a, "x")); !errors.Is(err, issuer.ErrTaken) {
			t.Errorf("user: %v", err)
		}
		if _, err := s.AddAccount(t.Context(), issuer.Account{Subdomain: "acme"}, eventOf(0, "x")); !errors.Is(err, issuer.ErrTaken) {
			t.Errorf("account: %v", err)
		}
		// A client of another account's user is no conflict but a mistake.
		again.Identifier, again.User = "three", other.Users[0].ID
		if _, err := s.AddClient(t.Context(), again, eventOf(a, "x")); err == nil || errors.Is(err, issuer.ErrTaken) {
			t.Errorf("a client of somebody else: %v", err)
		}
		want := fmt.Sprintf("[client thing %d client thing %d]", second.ID, third.ID)
		if got := fmt.Sprint(events(t, dsn)); got != want {
			t.Errorf("events %s, want %s", got, want)
		}
	})
}

// Many change different things of one client at once: nobody's change is lost.
func TestChangesAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		have := plant(t, db, "acme")
		at := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC) // it stands still
		i := &issuer.Issuer{
			Store: db.Issuer(), Now: func() time.Time { return at },
			Policies: map[issuer.Product]issuer.Policy{issuer.Support: {Known: func(string) bool { return true }, Covers: nil}},
		}
		name, company, description, kind := "N", "C", "D", "public"
		var wg sync.WaitGroup
		for _, change := range []issuer.ClientChange{{Name: &name}, {Company: &company}, {Description: &description}, {Kind: &kind}} {
			wg.Go(func() {
				if _, err := i.UpdateClient(t.Context(), have.Account, issuer.Support, have.Clients[0].ID, change, issuer.By{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got, err := db.Issuer().ClientByID(t.Context(), have.Account.ID, issuer.Support, have.Clients[0].ID)
		if err != nil || got.Name != name || got.Company != company || got.Description != description || got.Kind != issuer.Public {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Of an erased user nothing is left but the number.
func TestEraseUser(t *testing.T) {
	eachDSN(t, func(t *testing.T, dsn string, db *store.DB) {
		s, have := db.Issuer(), plant(t, db, "acme")
		a, u := have.Account.ID, have.Users[0]
		acted := eventOf(a, "acted")
		acted.Actor, acted.Origin.Address = u.ID, "192.0.2.7"
		if err := s.StartSession(t.Context(), issuer.Session{Account: a, Digest: secret.Of("s").Digest(), User: u.ID, Created: plantedAt, Expires: plantedAt}, secret.Digest{}, acted); err != nil {
			t.Fatal(err)
		}
		if err := s.AddCode(t.Context(), issuer.Code{Account: a, Product: issuer.Support, Client: have.Clients[0].ID, User: u.ID, Created: plantedAt, Expires: plantedAt}); err != nil {
			t.Fatal(err)
		}
		token := issuer.Token{Account: a, Product: issuer.Support, Client: have.Clients[0].ID, User: u.ID, Created: plantedAt}
		var err error
		if token.ID, err = s.AddToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		erased := acted
		erased.Action = "erased"
		if err := s.EraseUser(t.Context(), u, plantedAt, 0, erased); err != nil {
			t.Fatal(err)
		}
		if err := s.EraseUser(t.Context(), u, plantedAt, 0, erased); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("erased again: %v", err)
		}
		raw := storetest.Raw(t, dsn)
		for query, want := range map[string]int{
			`SELECT count(*) FROM issuer_sessions`:                                                     0,
			`SELECT count(*) FROM issuer_codes`:                                                        0,
			`SELECT count(*) FROM issuer_events WHERE address <> ''`:                                   0,
			`SELECT count(*) FROM issuer_events WHERE action IN ('acted', 'erased')`:                   2,
			`SELECT count(*) FROM issuer_users WHERE email LIKE '%@%' OR name LIKE '%Ada%'`:            0,
			`SELECT count(*) FROM issuer_tokens WHERE ended_at IS NOT NULL AND refresh_digest IS NULL`: 1,
		} {
			if got := storetest.Count(t, raw, query); got != want {
				t.Errorf("%s: %d, want %d", query, got, want)
			}
		}
		if got, err := s.User(t.Context(), a, u.ID); err != nil || !got.Erased || got.MaySignIn() || got.Name != issuer.ErasedName {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := s.Token(t.Context(), a, issuer.Support, token.ID); err != nil || got.EndReason != issuer.UserErased {
			t.Errorf("%+v, %v", got, err)
		}
		page, err := s.UserPage(t.Context(), a, issuer.Range{Limit: 10, Count: true})
		if err != nil || len(page.Items) != 0 || page.Total != 0 {
			t.Errorf("%+v, %v", page, err)
		}
		if all, err := s.Users(t.Context(), a, 10); err != nil || len(all) != 0 {
			t.Errorf("%+v, %v", all, err)
		}
		next := u
		next.Name, next.Updated = "Back", plantedAt.Add(time.Second)
		if err := s.ReplaceUser(t.Context(), u, next, 0, eventOf(a, "x")); !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("changed: %v", err)
		}
		// The address is free: a restart with the same seed brings the person back.
		if again := plant(t, db, "acme"); again.Users[0].ID == u.ID || again.Users[0].Erased {
			t.Errorf("planted %+v", again.Users[0])
		}
	})
}

// Nothing of one account can be had, listed, changed or deleted through another.
func TestManagementStaysInItsAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, acme, globex := db.Issuer(), plant(t, db, "acme"), plant(t, db, "globex")
		c, b := acme.Clients[0], globex.Account.ID
		token := issuer.Token{Account: acme.Account.ID, Product: issuer.Support, Client: c.ID, User: acme.Users[0].ID, Created: plantedAt}
		id, err := s.AddToken(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Token(t.Context(), b, issuer.Support, id); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("token: %v", err)
		}
		if _, err := s.Token(t.Context(), acme.Account.ID, issuer.Chat, id); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("token of another product: %v", err)
		}
		if page, err := s.Tokens(t.Context(), b, issuer.Support, issuer.TokenFilter{Expired: true}, plantedAt, issuer.Range{Limit: 9, Count: true}); err != nil || len(page.Items)+page.Total != 0 {
			t.Errorf("tokens: %+v, %v", page, err)
		}
		foreign := c
		foreign.Account = b
		if err := s.DeleteClient(t.Context(), foreign, eventOf(b, "x")); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("delete client: %v", err)
		}
		keys, err := s.APITokens(t.Context(), acme.Account.ID, issuer.Range{Limit: 9})
		if err != nil || len(keys.Items) != 1 {
			t.Fatal(keys, err)
		}
		if _, err := s.APITokenByID(t.Context(), b, keys.Items[0].ID); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("API token: %v", err)
		}
		if err := s.DeleteAPIToken(t.Context(), b, keys.Items[0].ID, eventOf(b, "x")); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("delete API token: %v", err)
		}
		if page, err := s.ClientPage(t.Context(), b, issuer.Support, issuer.ClientFilter{}, issuer.Range{Limit: 9}); err != nil || len(page.Items) != 1 || page.Items[0].Account != b {
			t.Errorf("clients: %+v, %v", page, err)
		}
	})
}
