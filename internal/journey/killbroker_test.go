package journey_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/seal"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
	"github.com/deskauth/deskauth/zendesk"
)

// pair is a broker and its issuer, each a process, with the people of a town.
type pair struct {
	town       journey.Town
	issuer     *journey.Daemon
	broker     *journey.Daemon
	issuerPort string
	url        string // of the broker
	dsn, keys  string // of the broker
}

func startPair(t *testing.T, engine store.Engine, people int) *pair {
	t.Helper()
	dir, port := t.TempDir(), journey.FreePort(t)
	p := &pair{issuerPort: journey.FreePort(t), url: "http://localhost:" + port, keys: filepath.Join(dir, "sealing-keys.json")}
	p.town = journey.NewTown(t, people, p.url)
	p.dsn = storetest.DSN(t, engine)
	dsn := p.dsn // one database for both on PostgreSQL, a file for each on SQLite
	if engine == store.SQLite {
		dsn = storetest.DSN(t, engine)
	}
	p.issuer = p.town.Issuer(t, "issuer", dsn, p.issuerPort)
	p.broker = p.town.Broker(t, p.dsn, dir, port, p.issuerPort)
	return p
}

// app asks the pair's issuer.
func (p *pair) app() journey.App { return p.town.App.At(journey.IssuerURL(p.issuerPort)) }

// greeting is what the page of a success says.
func greeting(who journey.Person) string {
	return fmt.Sprintf("Hi, %s! Your Zendesk Support user role is %s.", who.Name, who.Role)
}

var connectionNumber = regexp.MustCompile(`<dt>Connection</dt><dd><code>(\d+)</code></dd>`)

// connection is the number that a page of success shows; 0 for another page.
func connection(p *journey.Page, who journey.Person) broker.ConnectionID {
	m := connectionNumber.FindStringSubmatch(p.Body)
	if m == nil || p.Status != http.StatusOK || !strings.Contains(p.Text(), greeting(who)) {
		return 0
	}
	id, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	return broker.ConnectionID(id)
}

// Broker and issuer are killed at random moments of a hundred sign-ins. Every
// connection of which a page told that it is there lends a token that works.
func TestBrokerKilledAmongSignIns(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		p := startPair(t, engine, workers)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		moments := newMoments(seed)
		defer moments.ended.Store(true) // also when a restart fails

		told := make([]map[broker.ConnectionID]bool, workers)
		cut := make([]int, workers)
		var running sync.WaitGroup
		for i, who := range p.town.People {
			told[i] = map[broker.ConnectionID]bool{}
			person := journey.NewBrowser()
			running.Go(func() {
				for !moments.over() {
					moments.await()
					before := moments.deaths.Load()
					page, err := person.Connect(t.Context(), p.url, journey.Account, who, "allow")
					quiet := before%2 == 0 && moments.deaths.Load() == before
					testlog.Issued(t, person.Cookies(p.url)...)
					testlog.Issued(t, person.Cookies(journey.IssuerURL(p.issuerPort))...)
					moments.done.Add(1)
					if id := connectedTo(t, page, err, who, quiet); id != 0 {
						told[i][id] = true
					} else {
						cut[i]++
					}
				}
			})
		}
		for n := range times(kills) {
			moments.next()
			moments.close()
			victim := []*journey.Daemon{p.broker, p.issuer}[n%2]
			victim.Kill()
			victim.Restart()
			moments.open()
		}
		moments.enough(times(operations))
		running.Wait()
		p.broker.Terminate()

		b := openBroker(t, p, time.Now)
		total := 0
		for i, who := range p.town.People {
			if len(told[i]) == 0 {
				t.Errorf("not one sign-in of person %d came through", i)
			}
			for id := range told[i] {
				lends(t, b, p.app(), id, who)
			}
			total += cut[i]
		}
		for _, c := range connections(t, b) {
			if c.State != broker.Active && c.State != broker.Pending {
				t.Errorf("connection %d is %s (%s), and nobody ever renewed it", c.ID, c.State, c.Reason)
			}
		}
		t.Logf("%d sign-ins, %d of them cut off, %d kills", moments.done.Load(), total, times(kills))
	})
}

// connectedTo looks at the last page of a sign-in. When nothing was killed
// meanwhile it must tell of a connection; else it may tell of a failure, but not of
// one that is the broker's own fault.
func connectedTo(t *testing.T, page *journey.Page, err error, who journey.Person, quiet bool) broker.ConnectionID {
	t.Helper()
	var wrong *journey.WrongPage
	if errors.As(err, &wrong) {
		page = wrong.Page
	}
	switch {
	case page == nil && quiet:
		t.Errorf("a sign-in that nothing disturbed: %v", err)
	case page == nil:
	case connection(page, who) != 0:
		return connection(page, who)
	case page.Status == http.StatusInternalServerError:
		t.Errorf("the page %q of %s", page.Title(), page.URL.Path)
	case quiet:
		t.Errorf("a sign-in that nothing disturbed ended on the page %q of %s, status %d", page.Title(), page.URL.Path, page.Status)
	}
	return 0
}

// openBroker opens the broker's database in this process, at a time.
func openBroker(t *testing.T, p *pair, now func() time.Time) *broker.Broker {
	t.Helper()
	db := storetest.Open(t, p.dsn)
	b, err := newBroker(t.Context(), db, p.keys, p.issuerPort, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func newBroker(ctx context.Context, db *store.DB, keys, issuerPort string, now func() time.Time) (*broker.Broker, error) {
	ring, err := seal.OpenFile(keys)
	if err != nil {
		return nil, err
	}
	base, err := zendesk.ParseBase("http://{subdomain}.localhost:" + issuerPort)
	if err != nil {
		return nil, err
	}
	return broker.New(ctx, broker.Config{
		Store: db.Broker(), Ring: ring, Base: base, RedirectURI: "http://localhost/unused", Now: now,
		// A process that was killed holds its claims for this long.
		Timing: broker.Timing{Lease: 300 * time.Millisecond, Poll: 20 * time.Millisecond, Other: time.Second},
	})
}

func connections(t *testing.T, b *broker.Broker) []broker.Connection {
	t.Helper()
	all, err := b.Connections(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// lends fails unless a connection lends a token of that person that works.
func lends(t *testing.T, b *broker.Broker, app journey.App, id broker.ConnectionID, who journey.Person) {
	t.Helper()
	g, err := b.Token(t.Context(), id, 0)
	if err != nil {
		t.Errorf("connection %d: %v", id, err)
		return
	}
	testlog.Issued(t, g.Access.Reveal())
	alive(t, app, who, journey.Answer{AccessToken: g.Access.Reveal()})
	if g.Connection.User.Email != who.Email {
		t.Errorf("connection %d is of %s, and should be of %s", id, g.Connection.User.Email, who.Email)
	}
}
