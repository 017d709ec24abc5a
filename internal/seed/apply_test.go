package seed_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// each runs f on a fresh database of each engine.
func each(t *testing.T, f func(t *testing.T, dsn string)) {
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) { f(t, storetest.DSN(t, engine)) })
	}
}

// clock is a time that moves on with each look, so that a row that was written
// again would show it.
func clock() func() time.Time {
	var mu sync.Mutex
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
}

func issuerOn(db *store.DB) *issuer.Issuer {
	return &issuer.Issuer{Store: db.Issuer(), Passwords: issuer.CheapPasswords(), Now: clock(), Rand: rand.Reader}
}

func apply(t *testing.T, db *store.DB, f seed.File) []string {
	t.Helper()
	notes, err := f.Apply(t.Context(), issuerOn(db), db.Desk())
	if err != nil {
		t.Fatal(err)
	}
	return notes
}

// dump returns every row of every table of issuer and desk.
func dump(t *testing.T, dsn string) map[string][]string {
	t.Helper()
	driver, source, catalog := "pgx", dsn, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, source, catalog = "sqlite", path, `SELECT name FROM sqlite_schema WHERE type = 'table'`
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := map[string][]string{}
	for _, table := range names(t, db, catalog) {
		if strings.HasSuffix(table, "_migrations") {
			continue // the schema's own bookkeeping
		}
		if strings.HasPrefix(table, "issuer_") || strings.HasPrefix(table, "desk_") {
			rows[table] = slices.Sorted(slices.Values(lines(t, db, `SELECT * FROM `+table)))
		}
	}
	if len(rows["issuer_accounts"]) == 0 {
		t.Fatal("the dump has no account: it proves nothing")
	}
	return rows
}

func names(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	var all []string
	for _, line := range lines(t, db, query) {
		all = append(all, strings.Trim(line, "[]"))
	}
	return all
}

func lines(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values := make([]any, len(columns))
		for n := range values {
			values[n] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatal(err)
		}
		for n, v := range values {
			values[n] = *v.(*any)
			if b, ok := values[n].([]byte); ok {
				values[n] = fmt.Sprintf("%x", b)
			}
		}
		all = append(all, fmt.Sprint(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSeedBuiltInOpens(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		f := seed.BuiltIn()
		if notes := apply(t, db, f); len(notes) != 0 {
			t.Errorf("an empty database differs: %q", notes)
		}
		i := issuerOn(db)
		accounts, err := i.Store.Accounts(t.Context())
		if err != nil || len(accounts) != 2 || accounts[0].Subdomain != "acme" || accounts[1].Subdomain != "globex" {
			t.Fatalf("accounts %v, %v", accounts, err)
		}
		for n, a := range accounts {
			checkPeople(t, i, a, f.Accounts[n])
			checkClients(t, i, a, f.Accounts[n])
		}
		if got := len(dump(t, dsn)["desk_tickets"]); got != 3 {
			t.Errorf("%d tickets, want 3", got)
		}
	})
}

func checkPeople(t *testing.T, i *issuer.Issuer, a issuer.Account, planted seed.Account) {
	t.Helper()
	for _, u := range planted.Users {
		got, err := i.Store.UserByEmail(t.Context(), a.ID, u.Email)
		if err != nil || got.Name != u.Name || got.Role != u.Role {
			t.Errorf("user %+v, %v; want %+v", got, err, u.User)
		}
		if right, err := i.Passwords.Verify(t.Context(), u.Password, got.PasswordHash); err != nil || !right {
			t.Errorf("%s cannot sign in: %v", u.Email, err)
		}
	}
}

// checkClients looks that each secret is the account's own.
func checkClients(t *testing.T, i *issuer.Issuer, a issuer.Account, planted seed.Account) {
	t.Helper()
	for _, c := range planted.Clients {
		got, err := i.Store.Client(t.Context(), a.ID, c.Product, c.Identifier)
		if err != nil || got.Kind != c.Kind || !slices.Equal(got.RedirectURIs, c.RedirectURIs) {
			t.Errorf("client %+v, %v; want %+v", got, err, c.Client)
		}
		if creator, err := i.Store.User(t.Context(), a.ID, got.User); err != nil || creator.Role != issuer.Admin {
			t.Errorf("%s belongs to %+v, %v; want an admin", c.Identifier, creator, err)
		}
		var want []secret.Digest
		if !c.Secret.IsZero() {
			want = []secret.Digest{c.Secret.Digest()}
		}
		var have []secret.Digest
		for _, s := range got.Secrets {
			have = append(have, s.Digest)
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s at %s has %d secrets, and not its own", c.Identifier, a.Subdomain, len(have))
		}
	}
}

func TestSeedTwiceChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		apply(t, db, seed.BuiltIn())
		first := dump(t, dsn)
		if notes := apply(t, db, seed.BuiltIn()); len(notes) != 0 {
			t.Errorf("notes of a second time: %q", notes)
		}
		if diff := cmp.Diff(first, dump(t, dsn)); diff != "" {
			t.Errorf("a second time changed rows (-first +second):\n%s", diff)
		}
	})
}

func TestSeedTwoProcessesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		// Two pools: on PostgreSQL two issuers are two processes.
		dbs := []*store.DB{storetest.Open(t, dsn), storetest.Open(t, dsn)}
		var wait sync.WaitGroup
		for n := range 8 {
			wait.Go(func() {
				db := dbs[n%len(dbs)]
				if _, err := seed.BuiltIn().Apply(t.Context(), issuerOn(db), db.Desk()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		got := map[string]int{}
		for table, rows := range dump(t, dsn) {
			if len(rows) > 0 {
				got[table] = len(rows)
			}
		}
		want := map[string]int{
			"issuer_accounts": 2, "issuer_users": 6, "issuer_clients": 4, "issuer_client_secrets": 3, "issuer_api_tokens": 1,
			"issuer_events": 2 + 6 + 4 + 1, "desk_counters": 1, "desk_tickets": 3, "desk_audits": 3, "desk_events": 18, "desk_comments": 3,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
}

func TestSeedAddsWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		f := seed.BuiltIn()
		f.Accounts[0].Users, f.Accounts[0].Clients = f.Accounts[0].Users[:1], f.Accounts[0].Clients[:1]
		f.Accounts[0].APITokens, f.Accounts[0].Tickets, f.Accounts = nil, nil, f.Accounts[:1]
		apply(t, db, f)
		before := dump(t, dsn)
		apply(t, db, seed.BuiltIn())
		after := dump(t, dsn)
		for table, rows := range before {
			for _, row := range rows {
				if !slices.Contains(after[table], row) {
					t.Errorf("%s lost %s", table, row)
				}
			}
		}
		if got := len(after["issuer_users"]); got != 6 {
			t.Errorf("%d users, want 6", got)
		}
		if got := len(after["desk_tickets"]); got != 3 {
			t.Errorf("%d tickets, want 3", got)
		}
	})
}

func TestSeedNotesDifferences(t *testing.T) {
	read := func(t *testing.T, name string) seed.File {
		t.Helper()
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := seed.Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	each(t, func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		apply(t, db, read(t, "before.yaml"))
		before := dump(t, dsn)
		notes := apply(t, db, read(t, "after.yaml"))
		want := []string{
			"account acme differs from the database in name, era, basic_auth, chat, plan and was left as it is",
			"user admin@acme.example of account acme differs from the database in name and was left as it is",
			"user agent@acme.example of account acme differs from the database in role and was left as it is",
			"client app of account acme differs from the database in name, description, company, kind, secret, redirect_uri, allowed_scopes and was left as it is",
			"chat client app of account acme differs from the database in secret, redirect_uris and was left as it is",
			`API token "renamed" of account acme differs from the database in description and was left as it is`,
		}
		if diff := cmp.Diff(want, notes); diff != "" {
			t.Errorf("notes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, dump(t, dsn)); diff != "" {
			t.Errorf("rows changed (-before +after):\n%s", diff)
		}
		for _, note := range notes {
			if strings.Contains(note, "hunter2") {
				t.Errorf("a note shows a secret: %s", note)
			}
		}
	})
}

// A database is asked for a demo's clients only where an account could be a demo's.
func TestBuiltInNamesItsAccounts(t *testing.T) {
	for _, a := range seed.BuiltIn().Accounts {
		if !seed.BuiltInNames(a.Account.Subdomain) {
			t.Errorf("it does not name %s", a.Account.Subdomain)
		}
	}
	if seed.BuiltInNames("somebody-elses") {
		t.Error("it names what it does not have")
	}
}
