package prove_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/oauth"
)

// The bars of a broker with 100,000 connections.
const (
	answerMost = 100 * time.Millisecond // of its pages and its API
	memoryMost = 150                    // MB of the whole process
)

// A broker with 100,000 connections: its list, searched and counted, and its API
// answer in time; the idle ones are kept alive without a peak; and all that takes
// little memory.
func TestManyConnections(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			w := newWorld(t, layout{engine: engine, people: 2, replicas: 1, flags: []string{"--operators", journey.Account}})
			m := &many{world: w, n: sized(600, 100_000)}
			m.plant()
			m.memory("with %d connections", m.n)
			m.lendSome(sized(200, 10_000))
			m.memory("after %d were lent", sized(200, 10_000))
			m.look()
			m.memory("after the pages and the API")
			m.keptAlive(sized(2, 6))
			m.memory("after they were kept alive")
			m.healed()
		})
	}
}

// many is a world with many idle connections beside those of its people.
type many struct {
	*world
	n     int
	began time.Time // by the issuer's clock
	made  []broker.ConnectionID
}

// plant stores connections that were all made on one day, so that looking after them
// begins now, five days later, and takes five days. The issuer knows their tokens.
func (m *many) plant() {
	m.t.Helper()
	ring, err := seal.OpenFile(m.keys)
	if err != nil {
		m.t.Fatal(err)
	}
	raw := storetest.Raw(m.t, m.issuerDSN) // first, because the first are looked after within a minute
	for from := 0; from < m.n; from += 500 {
		m.issue(raw, from, min(from+500, m.n))
	}
	m.began = time.Now().UTC().Truncate(time.Microsecond)
	like := m.connection(m.ids[0])
	made := make([]broker.Connection, m.n)
	var all sync.WaitGroup
	for part := range 64 { // a commit serves many
		all.Go(func() {
			for i := part; i < m.n; i += 64 {
				var err error
				if made[i], err = m.plantOne(ring, like, i); err != nil {
					m.t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if m.t.Failed() {
		m.t.FailNow()
	}
	for _, c := range made {
		m.made = append(m.made, c.ID)
	}
	if strings.HasPrefix(m.dsn, "postgres") { // as autovacuum does within a minute
		storetest.Exec(m.t, storetest.Raw(m.t, m.directDSN), `VACUUM ANALYZE`)
	}
}

var given = []string{"Ada", "Barbara", "Edsger", "Grace", "Kenji", "Łukasz", "Zoë"}

func (m *many) plantOne(ring *seal.Ring, like broker.Connection, i int) (broker.Connection, error) {
	s := m.db.Broker()
	c, err := s.AddPending(m.t.Context(), broker.Connection{
		Account: like.Account, Product: like.Product, Client: like.Client, Grant: oauth.GrantAuthorizationCode, State: broker.Pending, Created: m.began,
	})
	if err != nil {
		return c, err
	}
	issued := m.began.Add(-5 * 24 * time.Hour)
	c.State = broker.Active
	c = c.Next(broker.Pair{Scope: oauth.Scope{"read"}, Issued: issued, AccessExpires: m.began.Add(48 * time.Hour), RefreshExpires: issued.Add(30 * 24 * time.Hour)}, false)
	c.User = broker.User{ID: 1_000_000_000 + int64(i), Name: fmt.Sprintf("%s Agent%d", given[i%len(given)], i), Email: fmt.Sprintf("agent%d@team%d.example", i, i%97), Role: "agent"}
	for column, to := range map[string]*broker.Sealed{"access": &c.Access, "refresh": &c.Refresh} {
		sealed, err := ring.Seal([]byte(token(column, i)), fmt.Sprintf("broker_connections/%d/%s", c.ID, column))
		if err != nil {
			return c, err
		}
		*to = broker.Sealed{Bytes: sealed, Key: ring.KeyID()}
	}
	return c, s.Adopt(m.t.Context(), c, broker.Event{})
}

// token is one of about the length that Zendesk's have.
func token(column string, i int) string {
	return fmt.Sprintf("%s-of-%d-%064d", column, i, i)
}

// issue has the issuer know the tokens of connections, as those of a pair that it
// issued itself.
func (m *many) issue(raw *sql.DB, from, to int) {
	m.t.Helper()
	var account, client, user, accessEnds, refreshEnds, created, over int64
	var scope, consented string
	if err := raw.QueryRowContext(m.t.Context(), `
		SELECT account_id, client_id, user_id, access_expires_at, refresh_expires_at, created_at, over_at, scope, consented_scope
		FROM issuer_tokens WHERE refresh_digest IS NOT NULL AND end_reason = '' ORDER BY id LIMIT 1`).
		Scan(&account, &client, &user, &accessEnds, &refreshEnds, &created, &over, &scope, &consented); err != nil {
		m.t.Fatal(err)
	}
	rows, args := []string{}, []any{scope, consented}
	for i := from; i < to; i++ {
		access, refresh := sha256.Sum256([]byte(token("access", i))), sha256.Sum256([]byte(token("refresh", i)))
		k := len(args)
		rows = append(rows, fmt.Sprintf(`(%d, 'support', %d, %d, %d, 1, 'authorization_code', $1, $2, $%d, 'access-of-', %d, $%d, 'refresh-of', %d, %d, '', %d)`,
			account, client, user, int64(i+1)<<16, k+1, accessEnds, k+2, refreshEnds, created, over))
		args = append(args, access[:], refresh[:])
	}
	if _, err := raw.ExecContext(m.t.Context(), `
		INSERT INTO issuer_tokens (account_id, product, client_id, user_id, family_id, generation, origin, scope, consented_scope,
			access_digest, access_hint, access_expires_at, refresh_digest, refresh_hint, refresh_expires_at, created_at, end_reason, over_at)
		VALUES `+strings.Join(rows, ", "), args...); err != nil {
		m.t.Fatal(err)
	}
}

// lendSome lends that many, each once.
func (m *many) lendSome(n int) {
	m.t.Helper()
	var took []time.Duration
	for range n {
		id := m.made[rand.IntN(m.n)]
		began := time.Now()
		l, err := m.lend(m.t.Context(), m.replicas[0], id)
		took = append(took, time.Since(began))
		if err != nil || l.Status != http.StatusOK {
			m.t.Fatalf("connection %d: %d %s %s, %v", id, l.Status, l.State, l.Reason, err)
		}
	}
	m.t.Logf("%-34s %s", "lent, one after the other", spread(took))
}

// looks are what is opened, by an operator or by a program with a key.
func (m *many) looks() map[string]string {
	board := func(pairs ...string) string {
		q := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		return "/connections?" + q.Encode()
	}
	return map[string]string{
		"the dashboard":                board(),
		"a state of none":              board("state", "in_doubt"),
		"a state of all":               board("state", "active"),
		"an account":                   board("account", journey.Account),
		"a product of none":            board("product", "chat"),
		"a search that one matches":    board("q", fmt.Sprint("agent", m.n-7)),
		"an address":                   board("q", fmt.Sprintf("agent%d@team%d.example", m.n/2, m.n/2%97)),
		"a search that all match":      board("q", "agent"),
		"a search that many match":     board("q", "zoë"),
		"a search that a few match":    board("q", "team42"),
		"two words, of each many":      board("q", "kenji team13"),
		"a search that none matches":   board("q", "nobody"),
		"a search and a state of none": board("q", "agent", "state", "in_doubt"),
		"a connection":                 fmt.Sprint("/connections/", m.made[m.n/2]),
		"the clients":                  "/clients",
		"a client of all":              "/clients/1",
		"the keys":                     "/keys",
		"the API's list":               "/v1/connections",
		"a hundred of the API's list":  "/v1/connections?limit=100",
		"the API's connection":         fmt.Sprint("/v1/connections/", m.made[m.n/2]),
	}
}

// look opens the pages and asks the API, each many times.
func (m *many) look() {
	m.t.Helper()
	browser := journey.NewBrowser()
	page, err := browser.Get(m.t.Context(), m.replicas[0].url+"/sign-in?return_to=%2Fconnections")
	if err == nil {
		page, err = browser.Submit(m.t.Context(), page, "subdomain="+journey.Account)
	}
	if err == nil {
		page, err = browser.SignIn(m.t.Context(), page, m.town.People[0], "allow")
	}
	if err != nil || page.Status != http.StatusOK || !strings.Contains(page.Text(), "agent") {
		m.t.Fatalf("no dashboard: %v\n%+v", err, page)
	}
	looks := m.looks()
	deep := m.deep(browser, page)
	looks["the dashboard, many pages on"] = deep
	for _, name := range slices.Sorted(maps.Keys(looks)) {
		var took []time.Duration
		for range sized(3, 100) {
			began := time.Now()
			if err := m.open(browser, looks[name]); err != nil {
				m.t.Fatalf("%s: %v", name, err)
			}
			took = append(took, time.Since(began))
		}
		m.t.Logf("%-34s %s", name, spread(took))
		if median := took[len(took)/2]; proving() && median > answerMost {
			m.t.Errorf("%s takes %v", name, median)
		}
	}
}

func (m *many) open(browser *journey.Browser, path string) error {
	if !strings.HasPrefix(path, "/v1/") {
		page, err := browser.Get(m.t.Context(), m.replicas[0].url+path)
		if want, _, _ := strings.Cut(path, "?"); err == nil && (page.Status != http.StatusOK || page.URL.Path != want) {
			err = fmt.Errorf("%d at %s", page.Status, page.URL.Path)
		}
		return err
	}
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, strings.Replace(m.replicas[0].url, "localhost", "127.0.0.1", 1)+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+m.key)
	resp, err := calls.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s, %w", resp.Status, err)
	}
	return nil
}

var older = regexp.MustCompile(`href="(/connections\?before=[^"]+)"`)

// deep goes down the list, page by page.
func (m *many) deep(browser *journey.Browser, page *journey.Page) (path string) {
	m.t.Helper()
	for range 10 {
		next := older.FindStringSubmatch(page.Body)
		if next == nil {
			m.t.Fatalf("no older page: %s", page.Body)
		}
		path = next[1]
		var err error
		if page, err = browser.Get(m.t.Context(), m.replicas[0].url+path); err != nil {
			m.t.Fatal(err)
		}
	}
	return path
}

// keptAlive lets hours pass, one by one, and counts the renewals of each.
func (m *many) keptAlive(hours int) {
	m.t.Helper()
	raw := storetest.Raw(m.t, m.directDSN)
	// What is stored: how many are due in which hour.
	var due, peak int
	if err := raw.QueryRowContext(m.t.Context(), `
		SELECT count(*), max(n) FROM (SELECT count(*) AS n FROM broker_connections WHERE id >= $1 AND generation = 1 GROUP BY (tend_at - $2) / 3600000000) AS hours`,
		slices.Min(m.made), m.began.UnixMicro()).Scan(&due, &peak); err != nil {
		m.t.Fatal(err)
	}
	mean := float64(m.n) / float64(due)
	m.t.Logf("due in %d hours: %.0f in an hour on the mean, at most %d", due, mean, peak)
	var renewed []int
	for range hours {
		before := m.journal.count(rotated)
		m.steer("POST", "/clock/advance", map[string]any{"by": "1h"})
		m.noneDue(raw)
		renewed = append(renewed, m.journal.count(rotated)-before)
	}
	m.t.Logf("renewed in each hour: %v", renewed)
	most := slices.Max(renewed)
	if most == 0 {
		m.t.Error("none was renewed")
	}
	if proving() && (float64(peak) > 2*mean || float64(most) > 2*mean) {
		m.t.Errorf("at most %d in an hour, where the mean is %.0f", max(peak, most), mean)
	}
}

// noneDue waits until all that is due was looked after.
func (m *many) noneDue(raw *sql.DB) {
	m.t.Helper()
	late := time.Now().Add(10 * time.Minute)
	for {
		s, err := m.control.Clock(m.t.Context())
		if err != nil {
			m.t.Fatal(err)
		}
		due := storetest.Count(m.t, raw, `SELECT count(*) FROM broker_connections WHERE state = 'active' AND tend_at > 0 AND tend_at <= $1`, s.Now.UnixMicro())
		if due == 0 {
			return
		}
		if time.Now().After(late) {
			m.t.Fatalf("%d are due still", due)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// memory tells how much the broker's process has, and had at most.
func (m *many) memory(when string, args ...any) {
	m.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.replicas[0].PID()))
	if err != nil { // only Linux tells it so
		return
	}
	mb := map[string]int{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.HasPrefix(name, "Vm") {
			kb, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			mb[name] = kb / 1024
		}
	}
	m.t.Logf("%-34s %d MB resident, %d at most", fmt.Sprintf(when, args...), mb["VmRSS"], mb["VmHWM"])
	if proving() && mb["VmHWM"] > memoryMost {
		m.t.Errorf("%d MB", mb["VmHWM"])
	}
}

// spread sorts what something took, and says what half and 99 of 100 took at most.
func spread(took []time.Duration) string {
	slices.Sort(took)
	ms := func(at int) float64 { return took[at].Seconds() * 1e3 }
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, least %.1f ms", ms(len(took)/2), ms(len(took)*99/100), ms(0))
}
