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
	"github.com/deskauth/deskauth/oauth"
)

func TestAccountsUsersAndClients(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, acme, globex issuer.Plot) {
		ctx := t.Context()
		all, err := s.Accounts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, []issuer.Account{acme.Account, globex.Account}, all)
		one, err := s.Account(ctx, "globex")
		same(t, globex.Account, one)
		if err != nil || one.Name != "Acme Inc." || !one.Created.Equal(noon) {
			t.Errorf("account %+v, %v", one, err)
		}

		for _, in := range []issuer.Plot{acme, globex} {
			users, err := s.Users(ctx, in.Account.ID, 10)
			if err != nil {
				t.Fatal(err)
			}
			same(t, in.Users, users)
			u, err := s.UserByEmail(ctx, in.Account.ID, adminEmail)
			if err != nil {
				t.Fatal(err)
			}
			same(t, in.Users[admin], u)
			if u, err = s.User(ctx, in.Account.ID, in.Users[customer].ID); err != nil || !u.Suspended {
				t.Errorf("user %+v, %v", u, err)
			}
			for _, want := range in.Clients {
				c, err := s.Client(ctx, in.Account.ID, want.Product, want.Identifier)
				if err != nil {
					t.Fatal(err)
				}
				same(t, want, c)
			}
			clients, err := s.Clients(ctx, in.Account.ID, issuer.Support, 10)
			if err != nil || len(clients) != 2 || clients[0].ID != in.Clients[support].ID || clients[1].ID != in.Clients[spa].ID {
				t.Errorf("clients of Support: %+v, %v", clients, err)
			}
		}
		if some, err := s.Users(ctx, acme.Account.ID, 1); err != nil || len(some) != 1 {
			t.Errorf("one user: %+v, %v", some, err)
		}
		if some, err := s.Clients(ctx, acme.Account.ID, issuer.Support, 1); err != nil || len(some) != 1 {
			t.Errorf("one client: %+v, %v", some, err)
		}
	})
}

func TestClientOfAGlobalClientHasItsSecrets(t *testing.T) {
	eachIssuer(t, func(t *testing.T, dsn string, s issuer.Store, acme, globex issuer.Plot) {
		raw := storetest.Raw(t, dsn)
		storetest.Exec(t, raw, `
			INSERT INTO issuer_global_clients (id, product, identifier, name, description, company, kind, redirect_uris, allowed_scopes, created_at, updated_at)
			VALUES (7, 'support', 'zdg-app', 'App', '', '', 'confidential', '', '', 0, 0)`)
		storetest.Exec(t, raw, `INSERT INTO issuer_global_client_secrets (global_client_id, digest, hint, created_at) VALUES (7, $1, 'glo', 0)`,
			digest("global").Bytes())
		storetest.Exec(t, raw, `UPDATE issuer_clients SET global_client_id = 7 WHERE id = $1`, int64(acme.Clients[spa].ID))
		c, err := s.Client(t.Context(), acme.Account.ID, issuer.Support, "spa")
		if err != nil {
			t.Fatal(err)
		}
		if c.Global != 7 || len(c.Secrets) != 1 || !c.Secrets[0].Digest.Equal(digest("global")) {
			t.Errorf("client %+v", c)
		}
		other, err := s.Client(t.Context(), globex.Account.ID, issuer.Support, "spa")
		if err != nil || len(other.Secrets) != 0 {
			t.Errorf("the client of an account that did not approve it: %+v, %v", other, err)
		}
	})
}

func TestNotFound(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, acme, globex issuer.Plot) {
		ctx, a := t.Context(), acme.Account.ID
		mine := addToken(t, s, acme, newToken(acme, "acme", 1), "acme")
		if err := s.AddCode(ctx, newCode(acme, "live")); err != nil {
			t.Fatal(err)
		}
		session := issuer.Session{Account: a, Digest: digest("session"), User: acme.Users[admin].ID, Created: noon, Expires: noon}
		if err := s.StartSession(ctx, session, secret.Digest{}, issuer.Event{Account: a, At: noon}); err != nil {
			t.Fatal(err)
		}
		other := globex.Account.ID
		for name, look := range map[string]func() error{
			"account":                     func() error { return errOf(s.Account(ctx, "nobody")) },
			"user":                        func() error { return errOf(s.User(ctx, a, 1<<40)) },
			"user of another account":     func() error { return errOf(s.User(ctx, other, acme.Users[admin].ID)) },
			"email":                       func() error { return errOf(s.UserByEmail(ctx, a, "nobody@example.com")) },
			"email in no account":         func() error { return errOf(s.UserByEmail(ctx, 1<<40, adminEmail)) },
			"client":                      func() error { return errOf(s.Client(ctx, a, issuer.Support, "nobody")) },
			"client of the other product": func() error { return errOf(s.Client(ctx, a, issuer.Chat, "spa")) },
			"session":                     func() error { return errOf(s.Session(ctx, a, digest("nothing"))) },
			"session of another account":  func() error { return errOf(s.Session(ctx, other, digest("session"))) },
			"code":                        func() error { return errOf(s.Code(ctx, a, issuer.Support, digest("nothing"))) },
			"code of another account":     func() error { return errOf(s.Code(ctx, other, issuer.Support, digest("live"))) },
			"code of the other product":   func() error { return errOf(s.Code(ctx, a, issuer.Chat, digest("live"))) },
			"access token":                func() error { return errOf(s.TokenByAccess(ctx, a, issuer.Support, digest("nothing"))) },
			"access of another account":   func() error { return errOf(s.TokenByAccess(ctx, other, issuer.Support, mine.Access)) },
			"access of the other product": func() error { return errOf(s.TokenByAccess(ctx, a, issuer.Chat, mine.Access)) },
			"access by the refresh token": func() error { return errOf(s.TokenByAccess(ctx, a, issuer.Support, mine.Refresh)) },
			"refresh token":               func() error { return errOf(s.TokenByRefresh(ctx, a, issuer.Support, digest("nothing"))) },
			"refresh of another account":  func() error { return errOf(s.TokenByRefresh(ctx, other, issuer.Support, mine.Refresh)) },
			"refresh of the other product": func() error {
				return errOf(s.TokenByRefresh(ctx, a, issuer.Chat, mine.Refresh))
			},
		} {
			if err := look(); !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func errOf[V any](_ V, err error) error { return err }

// No row can name what belongs to another account: the database itself refuses.
func TestRowsNameTheirOwnAccountAlone(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, acme, globex issuer.Plot) {
		ctx := t.Context()
		for name, spoil := range map[string]func(c *issuer.Code, v *issuer.Token){
			"client of another account": func(c *issuer.Code, v *issuer.Token) {
				c.Client, v.Client = globex.Clients[support].ID, globex.Clients[support].ID
			},
			"client of the other product": func(c *issuer.Code, v *issuer.Token) {
				c.Client, v.Client = acme.Clients[chat].ID, acme.Clients[chat].ID
			},
			"user of another account": func(c *issuer.Code, v *issuer.Token) {
				c.User, v.User = globex.Users[admin].ID, globex.Users[admin].ID
			},
			"account": func(c *issuer.Code, v *issuer.Token) {
				c.Account, v.Account = globex.Account.ID, globex.Account.ID
			},
		} {
			c, v := newCode(acme, "spoiled "+name), newToken(acme, name, 1)
			spoil(&c, &v)
			if err := s.AddCode(ctx, c); err == nil {
				t.Error("code with the", name, "was stored")
			}
			good := newCode(acme, "good "+name)
			if err := s.AddCode(ctx, good); err != nil {
				t.Fatal(err)
			}
			if _, err := s.RedeemCode(ctx, good, v); err == nil || errors.Is(err, issuer.ErrConflict) {
				t.Errorf("token with the %s: %v", name, err)
			}
			// The step that failed undid the redemption too.
			if c, err := s.Code(ctx, acme.Account.ID, issuer.Support, good.Digest); err != nil || c.Redeemed {
				t.Errorf("after the token with the %s was refused, its code: %+v, %v", name, c, err)
			}
		}
		session := issuer.Session{Account: acme.Account.ID, Digest: digest("s"), User: globex.Users[admin].ID}
		if err := s.StartSession(ctx, session, secret.Digest{}, issuer.Event{Account: acme.Account.ID}); err == nil {
			t.Error("session of another account's user was stored")
		}
	})
}

func TestSessions(t *testing.T) {
	eachIssuer(t, func(t *testing.T, dsn string, s issuer.Store, acme, globex issuer.Plot) {
		ctx, a := t.Context(), acme.Account.ID
		start := func(in issuer.Plot, name, follows string) {
			t.Helper()
			v := issuer.Session{Account: in.Account.ID, Digest: digest(name), User: in.Users[admin].ID, Created: noon, Expires: noon.Add(time.Hour)}
			e := issuer.Event{
				Account: in.Account.ID, At: noon, Actor: v.User, Action: "session.started", Object: "user",
				Detail: name, Origin: issuer.Origin{Address: "192.0.2.1", RequestID: "r1"},
			}
			if err := s.StartSession(ctx, v, digest(follows), e); err != nil {
				t.Fatal(err)
			}
			got, err := s.Session(ctx, in.Account.ID, v.Digest)
			if err != nil {
				t.Fatal(err)
			}
			same(t, v, got)
		}
		alive := func(in issuer.Plot, name string, want bool) {
			t.Helper()
			_, err := s.Session(ctx, in.Account.ID, digest(name))
			if want && err != nil || !want && !errors.Is(err, issuer.ErrNotFound) {
				t.Errorf("session %q of %s: %v", name, in.Account.Subdomain, err)
			}
		}
		start(acme, "one", "")
		start(globex, "one", "") // browsers do not share sessions between accounts
		start(acme, "two", "one")
		alive(acme, "one", false)
		alive(globex, "one", true)
		if err := errors.Join(s.EndSession(ctx, a, digest("two"), eventOf(a, "two.ended")), s.EndSession(ctx, a, digest("never was"), eventOf(a, "never.ended"))); err != nil {
			t.Error(err)
		}
		alive(acme, "two", false)
		raw := storetest.Raw(t, dsn)
		if n := storetest.Count(t, raw, `
			SELECT count(*) FROM issuer_events WHERE action = 'session.started' AND account_id = $1 AND actor_id = $2
			AND address = '192.0.2.1' AND request_id = 'r1' AND detail IN ('one', 'two')`, int64(a), int64(acme.Users[admin].ID)); n != 2 {
			t.Errorf("%d events of two sessions", n)
		}
		if n := storetest.Count(t, raw, `SELECT count(*) FROM issuer_events WHERE action LIKE '%.ended' AND action <> 'session.ended'`); n != 1 {
			t.Errorf("%d events of the end of one session", n)
		}
	})
}

func TestFailures(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, _, _ issuer.Plot) {
		ctx := t.Context()
		count := func(at time.Duration) {
			t.Helper()
			if err := s.CountFailures(ctx, []string{"ada"}, noon.Add(at), noon.Add(at+time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		look := func(at time.Duration, want int, ends time.Duration) {
			t.Helper()
			n, until, err := s.Failures(ctx, "ada", noon.Add(at))
			if err != nil || n != want || want > 0 && !until.Equal(noon.Add(ends)) {
				t.Errorf("at %v: %d until %v, %v; want %d until %v", at, n, until, err, want, noon.Add(ends))
			}
		}
		look(0, 0, 0)
		count(0)
		count(time.Second)
		look(0, 2, time.Minute)
		look(time.Minute-time.Microsecond, 2, time.Minute)
		look(time.Minute, 0, 0)
		count(time.Minute) // the window is over: a new one
		look(time.Minute, 1, 2*time.Minute)
		look(0, 0, 0) // time was set back to before the window: it does not lock out for long
		count(0)
		look(0, 1, time.Minute)
		if n, _, err := s.Failures(ctx, "bob", noon); err != nil || n != 0 {
			t.Errorf("another subject: %d, %v", n, err)
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { count(time.Second) })
		}
		all.Wait()
		look(time.Second, 51, time.Minute)
	})
}

// pruned runs Prune until nothing is left to delete, and returns how much each
// round deleted.
func pruned(t testing.TB, s issuer.Store, before time.Time, limit int) (rounds []int) {
	t.Helper()
	for len(rounds) < 100 {
		n, err := s.Prune(t.Context(), issuer.Over{Ended: before, Failures: before}, limit)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return rounds
		}
		rounds = append(rounds, n)
	}
	t.Fatal("Prune finds no end:", rounds)
	return nil
}

func TestPrune(t *testing.T) {
	eachIssuer(t, func(t *testing.T, dsn string, s issuer.Store, acme, globex issuer.Plot) {
		ctx, raw := t.Context(), storetest.Raw(t, dsn)
		later := noon.Add(time.Hour)
		// The same digests in two accounts: what lives in one is not what ended in the other.
		for n := range 7 {
			old, young := newCode(acme, fmt.Sprint("code ", n)), newCode(globex, fmt.Sprint("code ", n))
			young.Expires = later.Add(time.Second)
			if err := errors.Join(s.AddCode(ctx, old), s.AddCode(ctx, young)); err != nil {
				t.Fatal(err)
			}
			for _, v := range []issuer.Session{
				{Account: acme.Account.ID, Digest: digest(fmt.Sprint("session ", n)), User: acme.Users[admin].ID, Created: noon, Expires: noon},
				{Account: globex.Account.ID, Digest: digest(fmt.Sprint("session ", n)), User: globex.Users[admin].ID, Created: noon, Expires: later.Add(1e9)},
			} {
				if err := s.StartSession(ctx, v, secret.Digest{}, issuer.Event{Account: v.Account, At: noon}); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(
				s.CountFailures(ctx, []string{fmt.Sprint("old ", n)}, noon, noon.Add(time.Minute)),
				s.CountFailures(ctx, []string{fmt.Sprint("young ", n)}, noon, later.Add(time.Minute)),
			); err != nil {
				t.Fatal(err)
			}
		}
		if rounds := pruned(t, s, later, 5); len(rounds) != 2 || rounds[0] != 15 || rounds[1] != 6 {
			t.Errorf("21 rows, up to 5 of each kind at once: %v", rounds)
		}
		for table, column := range map[string]string{
			"issuer_codes": "expires_at", "issuer_sessions": "expires_at", "issuer_failures": "ends_at",
		} {
			all := storetest.Count(t, raw, `SELECT count(*) FROM `+table)
			young := storetest.Count(t, raw, `SELECT count(*) FROM `+table+` WHERE `+column+` >= $1`, later.UnixMicro())
			if all != 7 || young != 7 {
				t.Errorf("%s: %d rows are left, %d of them young, want 7", table, all, young)
			}
		}
	})
}

// A token that ended is kept for as long as its family lives: a replay must be
// told from a token that never was.
func TestPruneKeepsFamilies(t *testing.T) {
	long := 365 * 24 * time.Hour
	eachIssuer(t, func(t *testing.T, dsn string, s issuer.Store, acme, _ issuer.Plot) {
		raw := storetest.Raw(t, dsn)
		family := issuer.FamilyID(0)
		grow := func(name string, generations int, last func(*issuer.Token)) (first issuer.Token) {
			t.Helper()
			family++
			v := newToken(acme, name, family)
			if generations == 1 {
				last(&v)
			}
			v = addToken(t, s, acme, v, name)
			first = v
			for g := 2; g <= generations; g++ {
				next := newToken(acme, fmt.Sprint(name, g), family)
				next.Generation = g
				if g == generations {
					last(&next)
				}
				id, err := s.ReplaceToken(t.Context(), v, next)
				if err != nil {
					t.Fatal(err)
				}
				next.ID = id
				v = next
			}
			return first
		}
		kept := func(v issuer.Token) bool {
			t.Helper()
			_, err := s.TokenByRefresh(t.Context(), acme.Account.ID, issuer.Support, v.Refresh)
			if err != nil && !errors.Is(err, issuer.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		never := func(v *issuer.Token) { v.AccessExpires = time.Time{} }
		living := grow("refreshes still", 4, func(v *issuer.Token) { v.RefreshExpires = noon.Add(2 * long) })
		legacy := grow("never expires", 3, never)
		single := grow("never expires, without refresh", 1, func(v *issuer.Token) { never(v); v.HasRefresh = false })
		dead := grow("died", 12, func(*issuer.Token) {})
		deadSingle := grow("died without refresh", 1, func(v *issuer.Token) { v.HasRefresh = false; v.RefreshExpires = time.Time{} })
		revoked := grow("revoked", 3, never)
		if err := s.EndFamily(t.Context(), revoked, noon, issuer.Revoked, issuer.Event{Account: acme.Account.ID, At: noon, Action: "test"}); err != nil {
			t.Fatal(err)
		}

		if rounds := pruned(t, s, noon.Add(-time.Second), 100); len(rounds) != 0 {
			t.Errorf("nothing had ended, and was deleted: %v", rounds)
		}
		// The codes of six families are gone in the first round; of the dead families
		// up to 10 tokens that were replaced, and up to 10 that were the last.
		rounds, all := pruned(t, s, noon.Add(long), 10), 0
		for _, n := range rounds {
			all += n
		}
		if len(rounds) != 2 || rounds[0] > 6+10+10 || all != 6+12+1+3 {
			t.Errorf("three families of 12, 1 and 3 that are dead, up to 10 at once, and 6 codes: %v", rounds)
		}
		for name, family := range map[string]struct {
			v     issuer.Token
			count int
		}{"living": {living, 4}, "legacy": {legacy, 3}, "single": {single, 1}, "dead": {dead, 0}, "dead single": {deadSingle, 0}, "revoked": {revoked, 0}} {
			if n := storetest.Count(t, raw, `SELECT count(*) FROM issuer_tokens WHERE family_id = $1`, int64(family.v.Family)); n != family.count {
				t.Errorf("%s: %d tokens are left, want %d", name, n, family.count)
			}
		}
		if !kept(living) || kept(dead) {
			t.Errorf("the first refresh token of the family that lives is known: %v; of the dead one: %v", kept(living), kept(dead))
		}
	})
}

// Two replicas that tell of the same uses at once must not lock each other out.
func TestReplicasMarkTheSameTokens(t *testing.T) {
	dsn := storetest.DSN(t, store.Postgres)
	first := storetest.Open(t, dsn)
	acme := newPlot(t, first.Issuer(), "acme")
	uses := map[issuer.TokenRef]time.Time{}
	for n := range 40 {
		name := fmt.Sprint("token ", n)
		v := addToken(t, first.Issuer(), acme, newToken(acme, name, issuer.FamilyID(n)), name)
		uses[issuer.TokenRef{Account: v.Account, ID: v.ID}] = noon
	}
	raw := storetest.Raw(t, dsn)
	second, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, db := range []*store.DB{first, second} {
		for n := range 20 {
			all.Go(func() {
				mine := map[issuer.TokenRef]time.Time{}
				for ref := range uses {
					mine[ref] = noon.Add(time.Duration(n) * time.Second)
				}
				if err := db.Issuer().MarkUsed(t.Context(), mine, nil); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if n := storetest.Count(t, raw, `SELECT count(*) FROM issuer_token_uses WHERE used_at = $1`, noon.Add(19*time.Second).UnixMicro()); n != len(uses) {
		t.Errorf("%d of %d tokens tell their latest use", n, len(uses))
	}
	// A connection tells the statistics of its deadlocks at the latest when it ends.
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	patience := patiently(t)
	// Only clients: PostgreSQL's own vacuum comes and goes as it likes.
	for storetest.Count(t, raw, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`) > 0 {
		if patience.Err() != nil {
			t.Fatal("the connections do not end")
		}
	}
	if n := storetest.Count(t, raw, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}

func TestMarkUsed(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, acme, globex issuer.Plot) {
		ctx := t.Context()
		v := addToken(t, s, acme, newToken(acme, "used", 1), "used")
		ref := issuer.TokenRef{Account: v.Account, ID: v.ID}
		for _, step := range []struct {
			ref  issuer.TokenRef
			at   time.Time
			want time.Time
		}{
			{issuer.TokenRef{Account: globex.Account.ID, ID: v.ID}, noon, time.Time{}},
			{ref, noon, noon},
			{ref, noon.Add(time.Second), noon.Add(time.Second)},
			{ref, noon, noon.Add(time.Second)}, // an older time changes nothing
		} {
			if err := s.MarkUsed(ctx, map[issuer.TokenRef]time.Time{step.ref: step.at}, nil); err != nil {
				t.Fatal(err)
			}
			got, err := s.Token(ctx, acme.Account.ID, issuer.Support, v.ID)
			if err != nil || !got.Used.Equal(step.want) {
				t.Errorf("after %v of account %d: used %v, %v", step.at, step.ref.Account, got.Used, err)
			}
		}
		if err := s.MarkUsed(ctx, nil, nil); err != nil {
			t.Error("no uses:", err)
		}
	})
}

func TestConsented(t *testing.T) {
	eachIssuer(t, func(t *testing.T, dsn string, s issuer.Store, acme, globex issuer.Plot) {
		add := func(name string, alter func(*issuer.Token)) issuer.Token {
			t.Helper()
			v := newToken(acme, name, 1)
			v.Consented = oauth.ParseScope(name)
			alter(&v)
			return addToken(t, s, acme, v, name)
		}
		hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
		add("read", func(v *issuer.Token) { v.AccessExpires = hour(1); v.RefreshExpires = hour(2) })
		add("read write", func(v *issuer.Token) { v.AccessExpires = hour(4); v.HasRefresh = false; v.RefreshExpires = time.Time{} })
		add("write", func(v *issuer.Token) { v.AccessExpires = time.Time{}; v.RefreshExpires = hour(1) })
		ended := add("tickets:read", func(*issuer.Token) {})
		add("users:read", func(v *issuer.Token) { v.User = acme.Users[customer].ID })
		add("apps:read", func(v *issuer.Token) { v.Client = acme.Clients[spa].ID })
		storetest.Exec(t, storetest.Raw(t, dsn), `UPDATE issuer_tokens SET ended_at = 1, end_reason = 'revoked' WHERE id = $1`, int64(ended.ID))
		for _, tt := range []struct {
			at   time.Time
			want map[string]bool
		}{
			{noon, map[string]bool{"read": true, "read write": true, "write": true}},
			{hour(1), map[string]bool{"read": true, "read write": true, "write": true}},
			{hour(2), map[string]bool{"read write": true, "write": true}},
			{hour(4), map[string]bool{"write": true}},
		} {
			scopes, err := s.Consented(t.Context(), acme.Clients[support], acme.Users[admin].ID, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, scope := range scopes {
				got[scope.String()] = true
			}
			same(t, tt.want, got)
		}
		scopes, err := s.Consented(t.Context(), globex.Clients[support], globex.Users[admin].ID, noon)
		if err != nil || len(scopes) != 0 {
			t.Errorf("the same client in another account: %v, %v", scopes, err)
		}
	})
}
