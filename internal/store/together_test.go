package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// crowd is callers who present a token each at the same time, of two accounts, more
// than go on one trip.
type crowd struct {
	*testing.T
	db     *store.DB
	s      issuer.Store
	acme   issuer.Plot
	tokens []issuer.Token
	lock   *sql.Tx
}

const crowded = store.FlightsMost + store.PassengersMost + 20

func newCrowd(t *testing.T, dsn string) *crowd {
	db := storetest.Open(t, dsn)
	c := &crowd{T: t, db: db, s: db.Issuer()}
	c.acme = newPlot(t, c.s, "acme")
	other := newPlot(t, c.s, "globex")
	for n := range crowded {
		in := c.acme
		if n%2 == 1 {
			in = other
		}
		name := fmt.Sprint("crowd ", n)
		c.tokens = append(c.tokens, addToken(t, c.s, in, newToken(in, name, issuer.FamilyID(n+1)), name))
	}
	return c
}

// hold keeps every reader of tokens waiting.
func (c *crowd) hold(dsn string) {
	lock, err := storetest.Raw(c.T, dsn).BeginTx(context.Background(), nil)
	if err == nil {
		_, err = lock.ExecContext(context.Background(), `LOCK TABLE issuer_tokens IN ACCESS EXCLUSIVE MODE`)
	}
	if err != nil {
		c.Fatal(err)
	}
	c.lock = lock
	c.Cleanup(func() { _ = lock.Rollback() })
}

// come lets all of them ask, and returns when none is left who could fly at once.
// The function it returns waits for their answers.
func (c *crowd) come(ctx context.Context) func() ([]issuer.Token, []error) {
	got, errs := make([]issuer.Token, crowded), make([]error, crowded)
	var all sync.WaitGroup
	for n, v := range c.tokens {
		all.Go(func() { got[n], errs[n] = c.s.TokenByAccess(ctx, v.Account, v.Product, v.Access) })
	}
	for c.db.Passengers() < crowded-store.FlightsMost {
		runtime.Gosched()
	}
	return func() ([]issuer.Token, []error) { all.Wait(); return got, errs }
}

// leave ends the lock.
func (c *crowd) leave() {
	if err := c.lock.Rollback(); err != nil {
		c.Fatal(err)
	}
}

func TestEachGetsTheirOwnToken(t *testing.T) {
	dsn := storetest.DSN(t, store.Postgres)
	c := newCrowd(t, dsn)
	c.hold(dsn)
	unknown := c.tokens[7]
	unknown.Access = digest("nobody's")
	known := c.tokens[7]
	c.tokens[7] = unknown
	answers := c.come(t.Context())
	c.leave()
	got, errs := answers()
	for n := range got {
		switch {
		case n == 7:
			if !errors.Is(errs[n], issuer.ErrNotFound) {
				t.Errorf("an unknown token: %+v, %v", got[n], errs[n])
			}
		case errs[n] != nil:
			t.Errorf("token %d: %v", n, errs[n])
		default:
			same(t, c.tokens[n], got[n])
		}
	}
	// Another account's token is nobody's here.
	if _, err := c.s.TokenByAccess(t.Context(), c.acme.Account.ID, issuer.Support, c.tokens[1].Access); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("a token of another account: %v", err)
	}
	if v, err := c.s.TokenByAccess(t.Context(), known.Account, known.Product, known.Access); err != nil || v.ID != known.ID {
		t.Errorf("afterwards: %+v, %v", v, err)
	}
}

// Who leaves does not take others along, on their trip or before it.
func TestWhoLeavesLeavesAlone(t *testing.T) {
	dsn := storetest.DSN(t, store.Postgres)
	c := newCrowd(t, dsn)
	c.hold(dsn)
	gone, leave := context.WithCancel(t.Context())
	answers := c.come(gone)
	stay := c.tokens[0]
	stays := make(chan error)
	go func() {
		v, err := c.s.TokenByAccess(t.Context(), stay.Account, stay.Product, stay.Access)
		if err == nil && v.ID != stay.ID {
			err = fmt.Errorf("token %d, want %d", v.ID, stay.ID)
		}
		stays <- err
	}()
	for c.db.Passengers() <= crowded-store.FlightsMost {
		runtime.Gosched()
	}
	leave()
	_, errs := answers()
	for n, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("caller %d left and got %v", n, err)
		}
	}
	c.leave()
	if err := <-stays; err != nil {
		t.Errorf("who stayed: %v", err)
	}
}

// A trip that ends badly is made anew by each alone, and nobody waits for ever.
func TestTripThatIsCutOff(t *testing.T) {
	dsn := storetest.DSN(t, store.Postgres)
	line, through := storetest.NewLine(t, dsn)
	c := newCrowd(t, through)
	c.hold(dsn)
	answers := c.come(t.Context())
	line.Cut(0)
	c.leave()
	got, errs := answers()
	for n, err := range errs {
		if err == nil {
			same(t, c.tokens[n], got[n])
		} else if !c.s.Away(err) {
			t.Errorf("token %d: %v", n, err)
		}
	}
	for n, v := range c.tokens {
		now, err := c.s.TokenByAccess(t.Context(), v.Account, v.Product, v.Access)
		if err != nil {
			t.Fatalf("token %d, afterwards: %v", n, err)
		}
		same(t, v, now)
	}
}
