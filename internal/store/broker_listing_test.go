package store_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// fillConnections puts n connections of 500 accounts there, one in a thousand of them
// in doubt, beside one that is still pending.
func fillConnections(t *testing.T, dsn string, n int) {
	t.Helper()
	raw := storetest.Raw(t, dsn)
	var client int64
	if err := raw.QueryRowContext(t.Context(), `
		INSERT INTO broker_clients (account, product, identifier, chosen_at, version) VALUES ('', 'support', 'app', 1, 1) RETURNING id`).Scan(&client); err != nil {
		t.Fatal(err)
	}
	sealed := []byte(strings.Repeat("s", 700))
	step := 200
	for from := 0; from <= n; from += step {
		var values, words []string
		var args, wordArgs []any
		for i := from; i < min(from+step, n+1); i++ {
			state, account := "active", fmt.Sprintf("account%d", i%500)
			if n > 50_000 && i%2 == 1 {
				account = "account1"
			}
			name, email := fmt.Sprintf("Person%d Example", i), fmt.Sprintf("p%d@%s.example", i, account)
			switch {
			case i == n:
				state = "pending"
			case i%1000 == 7:
				state = "in_doubt"
			case i == 3:
				name = "Zoë 100%_sure"
			case n > 50_000 && i < 15_000: // the oldest, which a walk from the newest finds last
				name = fmt.Sprintf("Person%d Eldest", i)
			case n > 50_000 && i < 40_000:
				name = fmt.Sprintf("Person%d Grown", i)
			}
			c := broker.Connection{Account: account, User: broker.User{Name: name, Email: email}}
			for _, word := range c.Words() {
				words, wordArgs = append(words, fmt.Sprintf(`(%d, $%d)`, i+1, len(wordArgs)+1)), append(wordArgs, word)
			}
			k := len(args)
			values = append(values, fmt.Sprintf(`($%d, 'support', %d, 'authorization_code', %d, $%d, $%d, 'agent', $%d, '', 1, 'read', 'read', $%d, 1, $%d, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, '', 0, $%d)`,
				k+1, client, i+1, k+2, k+3, k+4, k+5, k+6, k+7))
			args = append(args, account, name, email, state, sealed, sealed, " "+strings.Join(c.Words(), " "))
		}
		if _, err := raw.ExecContext(t.Context(), `INSERT INTO broker_connections (account, product, client_id, grant_type, user_id, user_name, user_email, user_role,
			state, reason, generation, scope_asked, scope_granted, access_sealed, access_key_id, refresh_sealed, refresh_key_id,
			access_issued_at, access_expires_at, refresh_expires_at, forced, created_at, renewed_at, last_used_at,
			failures, retry_at, tend_at, claim_owner, claim_counter, words) VALUES `+strings.Join(values, ","), args...); err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, raw, `INSERT INTO broker_connection_words (connection_id, word) VALUES `+strings.Join(words, ","), wordArgs...)
	}
}

func TestFindConnections(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			dsn := storetest.DSN(t, engine)
			db := storetest.Open(t, dsn)
			if err := db.MigrateBroker(t.Context()); err != nil {
				t.Fatal(err)
			}
			fillConnections(t, dsn, 1200)
			s := db.Broker()
			const top = broker.ConnectionID(1) << 62
			for name, tt := range map[string]struct {
				filter broker.Filter
				before broker.ConnectionID
				want   []string
			}{
				"the newest":              {broker.Filter{}, top, []string{"Person1199 Example", "Person1198 Example", "Person1197 Example"}},
				"the next":                {broker.Filter{}, 3, []string{"Person1 Example", "Person0 Example"}},
				"a state":                 {broker.Filter{State: broker.InDoubt}, top, []string{"Person1007 Example", "Person7 Example"}},
				"never what is pending":   {broker.Filter{State: broker.Pending}, top, nil},
				"an account":              {broker.Filter{Account: "account4"}, top, []string{"Person1004 Example", "Person504 Example", "Person4 Example"}},
				"a product":               {broker.Filter{Product: broker.Chat}, top, nil},
				"a client":                {broker.Filter{Client: 99}, top, nil},
				"the beginning of a name": {broker.Filter{Words: "person119"}, top, []string{"Person1199 Example", "Person1198 Example", "Person1197 Example"}},
				"not its midst":           {broker.Filter{Words: "erson119"}, top, nil},
				"of an address, in parts": {broker.Filter{Words: "p1119 account119"}, top, []string{"Person1119 Example"}},
				"of words of many":        {broker.Filter{Words: "exam account4 p9"}, top, []string{"Person999 Example", "Person998 Example", "Person997 Example"}},
				"and before one":          {broker.Filter{Words: "person119"}, 1191, []string{"Person119 Example"}},
				"with foreign letters":    {broker.Filter{Words: "zoë"}, top, []string{"Zoë 100%_sure"}},
				"of a word of none":       {broker.Filter{Words: "example nobody"}, top, nil},
				"all of it":               {broker.Filter{State: broker.Active, Account: "account3", Product: broker.Support, Words: "sure"}, top, []string{"Zoë 100%_sure"}},
			} {
				found, err := s.FindConnections(t.Context(), tt.filter, tt.before, 3)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				var got []string
				for _, c := range found {
					got = append(got, c.User.Name)
				}
				if diff := gocmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			for name, tt := range map[string]struct {
				filter broker.Filter
				want   map[broker.State]int
			}{
				"all":        {broker.Filter{}, map[broker.State]int{broker.Active: 1198, broker.InDoubt: 2}},
				"an account": {broker.Filter{Account: "account7"}, map[broker.State]int{broker.Active: 1, broker.InDoubt: 2}},
				"none":       {broker.Filter{Product: broker.Chat}, map[broker.State]int{}},
			} {
				got, err := s.CountConnections(t.Context(), tt.filter)
				if diff := gocmp.Diff(tt.want, got); err != nil || diff != "" {
					t.Errorf("count %s: %v (-want +got):\n%s", name, err, diff)
				}
			}
			own, err := s.ConnectionsOfPerson(t.Context(), "account4", 505)
			if err != nil || len(own) != 1 || own[0].User.Name != "Person504 Example" {
				t.Errorf("a person's: %v, %v", own, err)
			}
		})
	}
}

// dashboardMost is what a page may take of the database with 100,000 connections
// (must show 9 of the broker is 100 ms for the whole of it).
const dashboardMost = 80 * time.Millisecond

// dashboards are what is asked of the list of 100,000.
var dashboards = map[string]struct {
	filter broker.Filter
	before broker.ConnectionID
}{
	"all":                          {},
	"all, from the middle":         {before: 50_000},
	"all, the oldest":              {before: 40},
	"a state of few":               {filter: broker.Filter{State: broker.InDoubt}},
	"an account":                   {filter: broker.Filter{Account: "account7"}},
	"the account of half of them":  {filter: broker.Filter{Account: "account1"}},
	"of them, those in doubt":      {filter: broker.Filter{Account: "account1", State: broker.InDoubt}},
	"the client of all":            {filter: broker.Filter{Client: 1}},
	"a state of all":               {filter: broker.Filter{State: broker.Active}},
	"no product":                   {filter: broker.Filter{Product: broker.Chat}},
	"a word of one":                {filter: broker.Filter{Words: "p77777"}},
	"a whole address":              {filter: broker.Filter{Words: "p77777 account277 example"}},
	"a word of all":                {filter: broker.Filter{Words: "example"}},
	"a word of all, the oldest":    {filter: broker.Filter{Words: "example"}, before: 40},
	"a beginning of all":           {filter: broker.Filter{Words: "p"}},
	"a beginning of 11,000":        {filter: broker.Filter{Words: "p7"}},
	"a word of the oldest 15,000":  {filter: broker.Filter{Words: "eldest"}},
	"of the eldest, in doubt":      {filter: broker.Filter{Words: "eldest", State: broker.InDoubt}},
	"a word of 25,000 old ones":    {filter: broker.Filter{Words: "grown"}},
	"two words, of each many":      {filter: broker.Filter{Words: "grown account27"}},
	"two words, of both none":      {filter: broker.Filter{Words: "eldest grown"}},
	"a word of none":               {filter: broker.Filter{Words: "nobody"}},
	"a word and a client of none":  {filter: broker.Filter{Words: "example", Client: 99}},
	"a word and a product of none": {filter: broker.Filter{Words: "eldest", Product: broker.Chat}},
}

// TestDashboardOfMany measures what the list of 100,000 connections asks of the
// database, the counts by state and a page: where DESKAUTH_PROVE is 1.
func TestDashboardOfMany(t *testing.T) {
	if os.Getenv("DESKAUTH_PROVE") != "1" {
		t.Skip("DESKAUTH_PROVE is not 1")
	}
	for _, engine := range []store.Engine{store.SQLite, store.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			dsn := storetest.DSN(t, engine)
			fillConnections(t, dsn, 100_000)
			raw := storetest.Raw(t, dsn)
			if engine == store.Postgres { // as autovacuum does within a minute
				storetest.Exec(t, raw, `VACUUM ANALYZE`)
			}
			// So many change before it comes again.
			storetest.Exec(t, raw, `UPDATE broker_connections SET last_used_at = 2 WHERE id % 50 = 7`)
			s := storetest.Open(t, dsn).Broker()
			for _, name := range slices.Sorted(maps.Keys(dashboards)) {
				asked := dashboards[name]
				var counts, lists, both []time.Duration
				for range 100 {
					begun := time.Now()
					if _, err := s.CountConnections(t.Context(), asked.filter); err != nil {
						t.Fatal(err)
					}
					counted := time.Now()
					if _, err := s.FindConnections(t.Context(), asked.filter, cmp.Or(asked.before, 1<<62), 51); err != nil {
						t.Fatal(err)
					}
					over := time.Now()
					counts, lists, both = append(counts, counted.Sub(begun)), append(lists, over.Sub(counted)), append(both, over.Sub(begun))
				}
				t.Logf("%-30s %v; the counts %v, the list %v", name, spread(both), spread(counts), spread(lists))
				// SQLite is Go here, too, which the race detector slows down.
				if median := both[len(both)/2]; median > dashboardMost && !watched {
					t.Errorf("%s takes %v, more than %v", name, median, dashboardMost)
				}
			}
		})
	}
}

// spread sorts what something took, and says half and 99 of 100 took at most.
func spread(took []time.Duration) string {
	slices.Sort(took)
	return fmt.Sprintf("least %.1f, p50 %.1f ms, p99 %.1f ms", took[0].Seconds()*1e3, took[len(took)/2].Seconds()*1e3, took[len(took)*99/100].Seconds()*1e3)
}
