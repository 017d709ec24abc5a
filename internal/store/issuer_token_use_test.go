package store_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestClientUse(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, acme, globex issuer.Plot) {
		ctx, app := t.Context(), acme.Clients[support]
		use := func(at time.Time, most int) issuer.ClientUse {
			t.Helper()
			u, err := s.ClientUse(ctx, app, at, most)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		var tokens []issuer.Token
		for n := range 4 {
			name := fmt.Sprint("use ", n)
			v := newToken(acme, name, issuer.FamilyID(n+1))
			if n == 3 {
				v.HasRefresh, v.RefreshExpires = false, time.Time{}
			}
			tokens = append(tokens, addToken(t, s, acme, v, name))
		}
		same(t, issuer.ClientUse{Tokens: 4}, use(noon, 4))
		same(t, issuer.ClientUse{Tokens: 2, More: true}, use(noon, 2))
		same(t, issuer.ClientUse{Tokens: 3}, use(noon.Add(time.Hour), 4))
		same(t, issuer.ClientUse{}, use(noon.Add(31*24*time.Hour), 4))

		marks := map[issuer.TokenRef]time.Time{
			{Account: acme.Account.ID, Client: app.ID, ID: tokens[0].ID}: noon.Add(2 * time.Minute),
			{Account: acme.Account.ID, Client: app.ID, ID: tokens[1].ID}: noon.Add(time.Minute),
		}
		if err := s.MarkUsed(ctx, marks, nil); err != nil {
			t.Fatal(err)
		}
		next := newToken(acme, "next", tokens[0].Family)
		if _, err := s.ReplaceToken(ctx, tokens[0], next); err != nil {
			t.Fatal(err)
		}
		same(t, issuer.ClientUse{Tokens: 4, Used: noon.Add(2 * time.Minute)}, use(noon, 9))
		uses, err := s.UsesOf(ctx, acme.Account.ID, issuer.Support, acme.Users[admin].ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, map[issuer.ClientID]time.Time{app.ID: noon.Add(2 * time.Minute)}, uses)

		// What has been pruned was used all the same.
		if _, err := s.Prune(ctx, issuer.Over{Ended: noon.Add(90 * 24 * time.Hour)}, 100); err != nil {
			t.Fatal(err)
		}
		same(t, issuer.ClientUse{Used: noon.Add(2 * time.Minute)}, use(noon, 9))

		for _, other := range []issuer.Client{acme.Clients[chat], globex.Clients[support]} {
			if u, err := s.ClientUse(ctx, other, noon, 9); err != nil || u != (issuer.ClientUse{}) {
				t.Errorf("client %d of account %d: %+v, %v", other.ID, other.Account, u, err)
			}
		}
		if uses, err := s.UsesOf(ctx, globex.Account.ID, issuer.Support, acme.Users[admin].ID); err != nil || len(uses) != 0 {
			t.Errorf("of another account: %v, %v", uses, err)
		}
	})
}

// More uses than one statement takes, of tokens that are there, gone, and another
// account's: what is there is marked, and goes with its token.
func TestManyUses(t *testing.T) {
	eachIssuer(t, func(t *testing.T, dsn string, s issuer.Store, acme, globex issuer.Plot) {
		ctx, raw := t.Context(), storetest.Raw(t, dsn)
		const many = 2*store.UsesAtOnce + 1
		uses := map[issuer.TokenRef]time.Time{}
		for n := range many {
			name := fmt.Sprint("many ", n)
			v := addToken(t, s, acme, newToken(acme, name, issuer.FamilyID(n+1)), name)
			uses[issuer.TokenRef{Account: v.Account, Client: v.Client, ID: v.ID}] = noon.Add(time.Duration(n) * time.Second)
		}
		uses[issuer.TokenRef{Account: acme.Account.ID, Client: acme.Clients[support].ID, ID: 1 << 40}] = noon
		theirs := addToken(t, s, globex, newToken(globex, "theirs", 1), "theirs")
		uses[issuer.TokenRef{Account: acme.Account.ID, Client: theirs.Client, ID: theirs.ID}] = noon
		if err := s.MarkUsed(ctx, uses, nil); err != nil {
			t.Fatal(err)
		}
		for ref, at := range uses {
			if v, err := s.Token(ctx, acme.Account.ID, issuer.Support, ref.ID); err == nil && !v.Used.Equal(at) {
				t.Errorf("token %d was used %v, want %v", v.ID, v.Used, at)
			}
		}
		rows := func() int { return storetest.Count(t, raw, `SELECT count(*) FROM issuer_token_uses`) }
		if n := rows(); n != many {
			t.Errorf("%d tokens are marked as used, want %d", n, many)
		}
		storetest.Exec(t, raw, `DELETE FROM issuer_tokens WHERE account_id = $1`, int64(acme.Account.ID))
		if n := rows(); n != 0 {
			t.Errorf("%d uses are left of tokens that are gone", n)
		}
	})
}

// SQLite goes from each use to its token, not through all tokens.
func TestUsesFindTheirTokens(t *testing.T) {
	db := storetest.Open(t, storetest.DSN(t, store.SQLite))
	plan := planOf(t, db, regexp.MustCompile(`\$\d+`).ReplaceAllString(store.MarkUses, "1"))
	if !strings.Contains(plan, "SEARCH t USING INTEGER PRIMARY KEY") {
		t.Error(plan)
	}
}
