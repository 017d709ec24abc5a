package store_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// newLender is a database that is held, and lends from memory.
func newLender(t testing.TB, dsn string) (broker.Store, broker.Client) {
	t.Helper()
	db := storetest.Open(t, dsn)
	if err := errors.Join(db.Hold(t.Context(), "broker"), db.MigrateBroker(t.Context())); err != nil {
		t.Fatal(err)
	}
	s := db.Broker()
	return s, newClient(t, s)
}

func lent(t testing.TB, s broker.Store, id broker.ConnectionID) (broker.Connection, bool) {
	t.Helper()
	c, remembered, err := s.Lent(t.Context(), id)
	if err != nil && !errors.Is(err, broker.ErrNotFound) {
		t.Fatal(err)
	}
	return c, remembered
}

// steps are what can become of a connection. Each names a state that it begins in.
var lentSteps = map[string]func(ctx context.Context, s broker.Store, c broker.Connection) error{
	"disable": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		c.State, c.Reason = broker.Disabled, broker.SwitchedOff
		return s.Move(ctx, c, broker.Active, broker.Event{})
	},
	"disable and remove": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		c.State = broker.Disabled
		if err := s.Move(ctx, c, broker.Active, broker.Event{}); err != nil {
			return err
		}
		if _, _, err := s.Lent(ctx, c.ID); err != nil {
			return err
		}
		return s.Remove(ctx, c, broker.Event{})
	},
	"disable and enable": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		c.State = broker.Disabled
		if err := s.Move(ctx, c, broker.Active, broker.Event{}); err != nil {
			return err
		}
		c.State = broker.Active
		return s.Move(ctx, c, broker.Disabled, broker.Event{})
	},
	"claim": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		_, err := s.Claim(ctx, c, "me")
		return err
	},
	"hold a claim": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		if _, err := s.Claim(ctx, c, "me"); err != nil {
			return err
		}
		if _, _, err := s.Lent(ctx, c.ID); err != nil {
			return err
		}
		return s.HoldClaim(ctx, c.ID, "me")
	},
	"renew": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		if _, err := s.Claim(ctx, c, "me"); err != nil {
			return err
		}
		a, err := s.OpenAttempt(ctx, broker.Attempt{Connection: c.ID, Generation: c.Generation, Owner: "me", SentAt: brokerNow, Outcome: broker.Open})
		if err != nil {
			return err
		}
		if _, _, err := s.Lent(ctx, c.ID); err != nil {
			return err
		}
		a.Outcome, a.ClosedAt = broker.Answered, brokerNow
		return s.Renew(ctx, withTokens(c), a)
	},
	"postpone": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		if _, err := s.Claim(ctx, c, "me"); err != nil {
			return err
		}
		c.Reason, c.RetryAt, c.Failures = broker.ToldToWait, brokerNow.Add(time.Minute), 1
		return s.Postpone(ctx, c, "me")
	},
	"condemn": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		c.State, c.Reason = broker.InDoubt, broker.AnswerLost
		return s.Condemn(ctx, c, broker.Event{})
	},
	"correct the expiry": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		c.AccessExpires = brokerNow.Add(time.Minute)
		return s.SetExpiry(ctx, c)
	},
	"remove with its client": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		_, err := s.RemoveClientAndConnections(ctx, c.Client, broker.Event{})
		return err
	},
	"tend": func(ctx context.Context, s broker.Store, c broker.Connection) error {
		return s.Tended(ctx, c, brokerNow.Add(time.Hour))
	},
}

// What is lent from memory is what the row says, the moment that a step is answered,
// whether this process took it or another.
func TestLentIsTheRow(t *testing.T) {
	t.Parallel()
	for name, step := range lentSteps {
		for _, by := range []string{"this process", "another"} {
			t.Run(name+" by "+by, func(t *testing.T) {
				t.Parallel()
				dsn := storetest.DSN(t, store.SQLite)
				s, client := newLender(t, dsn)
				writer := s
				if by == "another" {
					writer = storetest.Open(t, dsn).Broker()
				}
				c := newActive(t, s, client, 7)
				lent(t, s, c.ID)
				if _, remembered := lent(t, s, c.ID); !remembered {
					t.Fatal("it is not lent from memory")
				}
				if err := step(t.Context(), writer, c); err != nil {
					t.Fatal(err)
				}
				for range 3 {
					got, _ := lent(t, s, c.ID)
					want, err := s.Connection(t.Context(), c.ID)
					if err != nil && !errors.Is(err, broker.ErrNotFound) {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatal("(-row +lent):\n" + diff)
					}
				}
			})
		}
	}
}

// A person who authorizes again gives the connection new tokens.
func TestLentAfterAMerge(t *testing.T) {
	t.Parallel()
	s, client := newLender(t, storetest.DSN(t, store.SQLite))
	c := newActive(t, s, client, 7)
	pending, flow := newPending(t, s, client, "again")
	pending = withTokens(pending)
	if err := s.KeepTokens(t.Context(), pending); err != nil {
		t.Fatal(err)
	}
	lent(t, s, c.ID)
	next := withTokens(c)
	if err := s.MergeConnection(t.Context(), next, broker.Connection{ID: pending.ID}, flow.ID, broker.Event{}); err != nil {
		t.Fatal(err)
	}
	if got, _ := lent(t, s, c.ID); got.Generation != next.Generation || string(got.Access.Bytes) != string(next.Access.Bytes) {
		t.Errorf("generation %d is lent, not %d", got.Generation, next.Generation)
	}
}

// Readers beside a writer never see a generation that was replaced before they asked.
func TestLentUnderWrites(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"this process", "another"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			dsn := storetest.DSN(t, store.SQLite)
			s, client := newLender(t, dsn)
			c := newActive(t, s, client, 7)
			writer, rounds := s, 60
			if by == "another" {
				writer, rounds = storetest.Open(t, dsn).Broker(), 8
			}
			id := c.ID
			var answered atomic.Int64
			answered.Store(c.Generation)
			var readers sync.WaitGroup
			done := make(chan struct{})
			for range 4 {
				readers.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
						}
						least := answered.Load()
						got, _, err := s.Lent(t.Context(), id)
						if err != nil || got.Generation < least {
							t.Errorf("lent generation %d after %d was there (%v)", got.Generation, least, err)
							return
						}
					}
				})
			}
			for range rounds {
				if err := lentSteps["renew"](t.Context(), writer, c); err != nil {
					t.Error(err)
					break
				}
				next, err := s.Connection(t.Context(), id)
				if err != nil {
					t.Error(err)
					break
				}
				c = next
				answered.Store(c.Generation)
			}
			close(done)
			readers.Wait()
		})
	}
}

// Who does not hold the file, and every replica on PostgreSQL, reads rows.
func TestLentWithoutHold(t *testing.T) {
	eachBroker(t, func(t *testing.T, s broker.Store, client broker.Client) {
		c := newActive(t, s, client, 7)
		for range 3 {
			got, remembered := lent(t, s, c.ID)
			if remembered {
				t.Error("it is lent from memory")
			}
			if diff := cmp.Diff(c, got, cmpopts.IgnoreFields(broker.Connection{}, "Claim")); diff != "" {
				t.Error(diff)
			}
		}
	})
}

// What cannot be lent is not remembered, and what is not there neither.
func TestLentRemembersTheActive(t *testing.T) {
	t.Parallel()
	s, client := newLender(t, storetest.DSN(t, store.SQLite))
	pending, _ := newPending(t, s, client, "state")
	for range 3 {
		if _, remembered := lent(t, s, pending.ID); remembered {
			t.Error("a pending connection is remembered")
		}
		if _, _, err := s.Lent(t.Context(), 999); !errors.Is(err, broker.ErrNotFound) {
			t.Error(err)
		}
	}
}

// The mark, for which others wait, goes with its database.
func TestLentMarkGoes(t *testing.T) {
	t.Parallel()
	dsn := storetest.DSN(t, store.SQLite)
	db := storetest.Open(t, dsn)
	if err := errors.Join(db.Hold(t.Context(), "broker"), db.MigrateBroker(t.Context())); err != nil {
		t.Fatal(err)
	}
	raw := storetest.Raw(t, dsn)
	marks := func() int {
		return storetest.Count(t, raw, `SELECT count(*) FROM broker_settings WHERE name = 'lent from memory'`)
	}
	if n := marks(); n != 1 {
		t.Errorf("%d marks while it is held", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := marks(); n != 0 {
		t.Errorf("%d marks afterwards", n)
	}
}

var writesConnection = regexp.MustCompile(`(UPDATE|DELETE FROM) broker_connections\b`)

// unforgetting names the functions that write connections past brokerStore.change.
func unforgetting(t *testing.T, name, source string) (all []string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		text := source[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset]
		if writesConnection.MatchString(text) && !strings.Contains(text, "s.change(ctx") && !strings.Contains(text, "s.changeThose(ctx") {
			all = append(all, f.Name.Name)
		}
	}
	return all
}

// A step that changes a connection drops it from memory.
func TestStepsOnConnectionsForget(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	// Used alters what Lent does not promise, and so does fillWordsOf; holdClaim and
	// keepFormer run inside of steps; Prune removes what has no tokens.
	excepted := []string{"Used", "fillWordsOf", "holdClaim", "keepFormer", "Prune"}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		source, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range unforgetting(t, e.Name(), string(source)) {
			if !slices.Contains(excepted, f) {
				t.Errorf("%s: %s writes broker_connections and does not go through change", e.Name(), f)
			}
		}
	}
	made := "package store\nfunc (s brokerStore) Wrong() { s.db.step(ctx, `UPDATE broker_connections SET state = 1`) }"
	if got := unforgetting(t, "made_up.go", made); !slices.Equal(got, []string{"Wrong"}) {
		t.Errorf("a step made up to forget nothing: %v", got)
	}
}

func BenchmarkLent(b *testing.B) {
	ctx := b.Context()
	s, client := newLender(b, storetest.DSN(b, store.SQLite))
	c := newActive(b, s, client, 7)
	b.Run("from memory", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = s.Lent(ctx, c.ID)
		}
	})
	b.Run("of the row", func(b *testing.B) {
		for b.Loop() {
			_, _ = s.Connection(ctx, c.ID)
		}
	})
}
