package prove_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/testlog"
)

// The strategies that programs have for renewing, written for the comparison, under
// the load of TestOneRefreshPerExpiry. All of them renew when five minutes are left,
// store what they got, and give a connection up when its refresh token is refused.

// strategy is how a program keeps others from renewing at the same time.
type strategy struct {
	name    string
	process bool          // a lock in each process
	lease   time.Duration // a lease in the database, never renewed; 0: none
}

var strategies = []strategy{
	{name: "no lock"},
	{name: "a lock in the process", process: true},
	{name: "a lease of two seconds", process: true, lease: 2 * time.Second},
}

// TestNaiveStrategies shows that the load is one that loses connections: each of the
// strategies does.
func TestNaiveStrategies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, layout{engine: store.Postgres, people: 1, replicas: 1}) // the broker looks on
	for _, s := range strategies {
		n := newNaive(t, w, s, sized(6, 50))
		w.calm()
		w.disturb(beforeCommit(0.05)...)
		// An answer that is late for longer than the lease.
		w.disturb(control.Fault{Kind: control.Latency, Probability: float64(sized(30, 5)) / 100, Delay: control.Duration(2500 * time.Millisecond)})
		w.rate(fast)
		n.run(sized(24, 200), sized(4, 20))
		w.rate(1)
		if n.lost.Load() == 0 {
			t.Errorf("%s lost nothing: the load is none", s.name)
		}
		t.Logf("%s: %d of %d connections given up after %d refreshes, %d refusals; %d dead tokens used, %d twice in a row",
			s.name, n.lost.Load(), len(n.rows), n.refreshed.Load(), n.refused.Load(), n.dead.Load(), n.deadTwice.Load())
	}
}

// naive is a program with three replicas and a database.
type naive struct {
	w *world
	strategy
	now  func() time.Time
	rows []*row

	refreshed, refused, lost, dead, deadTwice atomic.Int64
}

// row is a connection as such a program stores it. Reading and writing it is atomic,
// as in a database.
type row struct {
	mu              sync.Mutex
	access, refresh string
	expires         time.Time
	leased          time.Time // until then; machine time
	givenUp         bool
	locks           [3]sync.Mutex // of each replica
}

func newNaive(t *testing.T, w *world, s strategy, connections int) *naive {
	t.Helper()
	clock, err := control.Follow(t.Context(), w.controlAddr)
	if err != nil {
		t.Fatal(err)
	}
	go clock.Run(t.Context(), func() {}, func(error) {})
	n := &naive{w: w, strategy: s, now: clock.Now}
	w.calm()
	app := w.town.App.At(journey.IssuerURL(w.issuerPort))
	browser := journey.NewBrowser()
	for range connections {
		code, err := app.Code(t.Context(), browser, w.town.People[0])
		if err != nil {
			t.Fatal(err)
		}
		answer, err := app.Exchange(t.Context(), code)
		if err != nil || !answer.OK() {
			t.Fatalf("%v, %v", answer, err)
		}
		n.rows = append(n.rows, &row{access: answer.AccessToken, refresh: answer.RefreshToken})
	}
	return n
}

// run has callers use the connections until so many expiries are over.
func (n *naive) run(callers, expiries int) {
	ctx, stop := context.WithTimeout(n.w.t.Context(), time.Duration(expiries)*30*time.Minute/fast)
	defer stop()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				n.call(ctx, n.rows[rand.IntN(len(n.rows))], rand.IntN(3))
				select {
				case <-time.After(time.Duration(10+rand.IntN(90)) * time.Millisecond):
				case <-ctx.Done():
				}
			}
		})
	}
	all.Wait()
}

func (n *naive) call(ctx context.Context, r *row, replica int) {
	for try := range 2 {
		access, err := n.token(ctx, r, replica)
		if err != nil {
			return
		}
		alive, err := n.w.alive(ctx, access)
		if alive || err != nil {
			return
		}
		if n.dead.Add(1); try == 1 {
			n.deadTwice.Add(1)
		}
	}
}

var errGivenUp = errors.New("given up")

// token is what such programs do.
func (n *naive) token(ctx context.Context, r *row, replica int) (string, error) {
	if n.process {
		r.locks[replica].Lock()
		defer r.locks[replica].Unlock()
	}
	for {
		r.mu.Lock()
		access, refresh, fresh, givenUp := r.access, r.refresh, n.now().Add(5*time.Minute).Before(r.expires), r.givenUp
		free := n.lease == 0 || time.Now().After(r.leased)
		if !fresh && free {
			r.leased = time.Now().Add(n.lease)
		}
		r.mu.Unlock()
		switch {
		case givenUp:
			return "", errGivenUp
		case fresh:
			return access, nil
		case free:
			return n.refresh(ctx, r, refresh)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (n *naive) refresh(ctx context.Context, r *row, refresh string) (string, error) {
	form := url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_id": {n.w.town.App.ID}, "client_secret": {n.w.town.App.Secret},
		"expires_in": {"1800"}, "refresh_token_expires_in": {"2592000"},
	}
	address := fmt.Sprintf("http://127.0.0.1:%s/oauth/tokens", n.w.issuerPort)
	// Not the caller's context: it would cut requests off that nobody cut off.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Host = journey.Account + ".localhost:" + n.w.issuerPort
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := calls.Do(req)
	if err != nil {
		return "", err // the next caller tries again
	}
	defer resp.Body.Close()
	var answer journey.Answer
	if json.NewDecoder(resp.Body).Decode(&answer) != nil {
		return "", errors.New("no JSON")
	}
	answer.Status = resp.StatusCode
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case answer.OK():
		testlog.Issued(n.w.t, answer.AccessToken, answer.RefreshToken)
		n.refreshed.Add(1)
		r.access, r.refresh, r.expires, r.leased = answer.AccessToken, answer.RefreshToken, n.now().Add(30*time.Minute), time.Time{}
		return r.access, nil
	case answer.Refused():
		n.refused.Add(1)
		if !r.givenUp {
			n.lost.Add(1)
		}
		r.givenUp = true
		return "", errGivenUp
	}
	r.leased = time.Time{}
	return "", errors.New("told to wait")
}
