package journey_test

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
)

// Broker and issuer are killed at random moments of a hundred renewals. What was
// lent last is good, unless a renewal of it was under way; a connection that cannot
// be saved says so, and only when the answer to a request that was written down
// never came; and its person heals it by signing in again.
func TestBrokerKilledAmongRenewals(t *testing.T) {
	t.Parallel() // it waits much of the time
	each(t, func(t *testing.T, engine store.Engine) {
		r := startRenewals(t, engine)
		for r.sessions < times(kills) || r.count < times(operations) {
			r.session()
		}
		r.settle()
		t.Logf("%d tokens lent, %d kills, %d answers lost and healed", r.count, r.sessions, r.healed)
	})
}

// renewals are the connections of a town under lenders that are killed.
type renewals struct {
	t      *testing.T
	pair   *pair
	db     *store.DB
	rand   *rand.Rand
	ids    []broker.ConnectionID
	people map[broker.ConnectionID]journey.Person
	last   map[broker.ConnectionID]lent
	count  int
	healed int
	// sessions is how many lenders there were.
	sessions int
	said     map[broker.ConnectionID]string // by whom nothing is lent: why
}

func startRenewals(t *testing.T, engine store.Engine) *renewals {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &renewals{
		t: t, pair: startPair(t, engine, workers), rand: rand.New(rand.NewPCG(seed, 1)),
		people: map[broker.ConnectionID]journey.Person{}, last: map[broker.ConnectionID]lent{}, said: map[broker.ConnectionID]string{},
	}
	r.db = storetest.Open(t, r.pair.dsn)
	for _, who := range r.pair.town.People {
		id := r.signIn(who)
		r.ids, r.people[id] = append(r.ids, id), who
	}
	return r
}

func (r *renewals) signIn(who journey.Person) broker.ConnectionID {
	r.t.Helper()
	page, err := journey.NewBrowser().Connect(r.t.Context(), r.pair.url, journey.Account, who, "allow")
	id := connectedTo(r.t, page, err, who, true)
	if id == 0 {
		r.t.FailNow()
	}
	return id
}

// session lets a lender work, kills it or the issuer or both at a random moment, and
// looks at what is left.
func (r *renewals) session() {
	r.t.Helper()
	r.sessions++
	run := startLender(r.t, lending{
		DSN: r.pair.dsn, Keys: r.pair.keys, IssuerPort: r.pair.issuerPort, Connections: r.ids, Session: r.sessions,
	})
	// The first line tells that it is at work.
	r.read(run, 1+r.rand.IntN(12))
	<-time.After(time.Duration(r.rand.Int64N(int64(20 * time.Millisecond))))
	if r.sessions%3 == 2 {
		r.pair.issuer.Kill()
		r.pair.issuer.Restart()
		r.read(run, 1+r.rand.IntN(4))
	}
	if err := run.cmd.Process.Kill(); err != nil {
		r.t.Errorf("a lender ended by itself: %v", err)
	}
	for line := range run.lines {
		r.take(line)
	}
	for _, id := range r.ids {
		r.check(id)
	}
}

// read takes lines until there were so many tokens.
func (r *renewals) read(run *lender, tokens int) {
	r.t.Helper()
	late := time.After(time.Minute)
	for tokens > 0 {
		select {
		case line, more := <-run.lines:
			if !more {
				r.t.Fatal("a lender ended by itself")
			}
			r.take(line)
			if line.Access != "" {
				tokens--
			}
		case <-late:
			r.t.Fatalf("nothing is lent any more; the last words: %v", r.said)
		}
	}
}

func (r *renewals) take(line lent) {
	r.t.Helper()
	r.said[line.Connection] = line.Err
	switch {
	case line.Access != "":
		testlog.Issued(r.t, line.Access)
		if line.Generation < r.last[line.Connection].Generation {
			r.t.Errorf("connection %d went back from generation %d to %d", line.Connection, r.last[line.Connection].Generation, line.Generation)
		}
		r.last[line.Connection] = line
		r.count++
	case line.Unavailable:
	case line.Unusable == broker.InDoubt:
		if c, unanswered := r.load(line.Connection); c.State == broker.InDoubt { // else an old line
			r.heal(c, unanswered)
		}
	default:
		r.t.Errorf("connection %d: %s", line.Connection, line.Err)
	}
}

// load reads a connection, and whether a request for its next tokens has no answer.
func (r *renewals) load(id broker.ConnectionID) (c broker.Connection, unanswered bool) {
	r.t.Helper()
	c, err := r.db.Broker().Connection(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	attempts, err := r.db.Broker().Attempts(r.t.Context(), id, c.Generation)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range attempts {
		unanswered = unanswered || a.Outcome == broker.Open || a.Outcome == broker.Unanswered
	}
	return c, unanswered
}

// heal has the person of a connection that is in doubt sign in again.
func (r *renewals) heal(c broker.Connection, unanswered bool) {
	r.t.Helper()
	if !unanswered {
		r.t.Errorf("connection %d is %s (%s), with no lost answer to explain it", c.ID, c.State, c.Reason)
	}
	r.healed++
	if again := r.signIn(r.people[c.ID]); again != c.ID {
		r.t.Errorf("connection %d came back as %d", c.ID, again)
	}
}

// check looks at a connection while no lender is at work.
func (r *renewals) check(id broker.ConnectionID) {
	r.t.Helper()
	c, unanswered := r.load(id)
	switch {
	case c.State == broker.InDoubt:
		r.heal(c, unanswered)
	case c.State != broker.Active:
		r.t.Errorf("connection %d is %s (%s)", c.ID, c.State, c.Reason)
	case unanswered: // its token may be over: the next renewal tells
	case c.Generation == r.last[id].Generation:
		status, email, err := r.pair.app().Me(r.t.Context(), r.last[id].Access)
		if err != nil || status != http.StatusOK || email != r.people[id].Email {
			r.t.Errorf("the token that connection %d lent last: status %d, error %v", id, status, err)
		}
	}
}

// settle has each connection lend one more token, long after, or be named and
// healed.
func (r *renewals) settle() {
	r.t.Helper()
	after := time.Duration(r.sessions+2) * sessionHours * time.Hour
	b := openBroker(r.t, r.pair, func() time.Time { return time.Now().Add(after) })
	for _, id := range r.ids {
		if line := lendOnce(r.t.Context(), b, id); line.Access == "" {
			r.take(line)
			r.check(id)
		}
		lends(r.t, b, r.pair.app(), id, r.people[id])
	}
}
