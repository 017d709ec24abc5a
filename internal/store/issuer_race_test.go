package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestCodeAndTokenRows(t *testing.T) {
	eachIssuer(t, func(t *testing.T, _ string, s issuer.Store, acme, globex issuer.Plot) {
		ctx := t.Context()
		for _, in := range []issuer.Plot{acme, globex} { // the same digests in both
			c := newCode(in, "code")
			if err := s.AddCode(ctx, c); err != nil {
				t.Fatal(err)
			}
			got, err := s.Code(ctx, in.Account.ID, issuer.Support, c.Digest)
			if err != nil {
				t.Fatal(err)
			}
			same(t, c, got)

			first := newToken(in, "first", 1<<53-1)
			if first.ID, err = s.RedeemCode(ctx, c, first); err != nil {
				t.Fatal(err)
			}
			if got, err = s.Code(ctx, in.Account.ID, issuer.Support, c.Digest); err != nil || !got.Redeemed {
				t.Errorf("the redeemed code: %+v, %v", got, err)
			}
			if _, err := s.RedeemCode(ctx, c, newToken(in, "again", 2)); !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("redeemed again: %v", err)
			}
			for _, look := range []func() (issuer.Token, error){
				func() (issuer.Token, error) { return s.TokenByAccess(ctx, in.Account.ID, issuer.Support, first.Access) },
				func() (issuer.Token, error) {
					return s.TokenByRefresh(ctx, in.Account.ID, issuer.Support, first.Refresh)
				},
			} {
				got, err := look()
				if err != nil {
					t.Fatal(err)
				}
				same(t, first, got)
			}

			next := newToken(in, "next", first.Family)
			next.Generation, next.Created = 2, noon.Add(1e6)
			if next.ID, err = s.ReplaceToken(ctx, first, next); err != nil {
				t.Fatal(err)
			}
			if _, err := s.ReplaceToken(ctx, first, newToken(in, "again", 1)); !errors.Is(err, issuer.ErrConflict) {
				t.Errorf("replaced again: %v", err)
			}
			first.Ended, first.EndReason = next.Created, issuer.Replaced
			old, err := s.TokenByRefresh(ctx, in.Account.ID, issuer.Support, first.Refresh)
			if err != nil {
				t.Fatal(err)
			}
			same(t, first, old)

			bare := newToken(in, "bare", 3)
			bare.HasRefresh, bare.Refresh, bare.RefreshHint = false, [32]byte{}, ""
			bare.AccessExpires, bare.RefreshExpires = bare.Ended, bare.Ended
			bare = addToken(t, s, in, bare, "bare")
			gotBare, err := s.TokenByAccess(ctx, in.Account.ID, issuer.Support, bare.Access)
			if err != nil {
				t.Fatal(err)
			}
			same(t, bare, gotBare)
		}
		if _, err := s.RedeemCode(ctx, newCode(acme, "never was"), newToken(acme, "x", 1)); !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("a code that never was: %v", err)
		}
		swapped := newToken(globex, "y", 1)
		ours, err := s.TokenByAccess(ctx, acme.Account.ID, issuer.Support, digest("access next"))
		if err != nil {
			t.Fatal(err)
		}
		ours.Account = globex.Account.ID
		if _, err := s.ReplaceToken(ctx, ours, swapped); !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("replaced by another account: %v", err)
		}
	})
}

// racers is that of the measurements with which other servers were compared, where
// several won, or the winner's token died with the losers'.
const racers = 32

// TestOneWinner swaps one code, then one refresh token, many times at once, by one
// handle and by two, as two replicas would.
func TestOneWinner(t *testing.T) {
	for _, tt := range []struct {
		engine          store.Engine
		handles, rounds int
	}{
		{store.SQLite, 1, 50},
		{store.SQLite, 2, 10},
		{store.Postgres, 1, 10},
		{store.Postgres, 2, 50},
	} {
		t.Run(fmt.Sprintf("%s, %d handles", tt.engine, tt.handles), func(t *testing.T) {
			dsn := storetest.DSN(t, tt.engine)
			stores := []issuer.Store{}
			for range tt.handles {
				stores = append(stores, storetest.Open(t, dsn).Issuer())
			}
			acme := newPlot(t, stores[0], "acme")
			for round := range tt.rounds {
				oneWinner(t, stores, acme, round)
			}
		})
	}
}

func oneWinner(t *testing.T, stores []issuer.Store, acme issuer.Plot, round int) {
	t.Helper()
	ctx := t.Context()
	c := newCode(acme, fmt.Sprint("code ", round))
	if err := stores[0].AddCode(ctx, c); err != nil {
		t.Fatal(err)
	}
	first := winner(t, stores, acme, fmt.Sprint(round, " code"), func(s issuer.Store, v issuer.Token) (issuer.TokenID, error) {
		return s.RedeemCode(ctx, c, v)
	})
	second := winner(t, stores, acme, fmt.Sprint(round, " refresh"), func(s issuer.Store, v issuer.Token) (issuer.TokenID, error) {
		return s.ReplaceToken(ctx, first, v)
	})
	if old, err := stores[0].TokenByAccess(ctx, first.Account, first.Product, first.Access); err != nil || old.EndReason != issuer.Replaced {
		t.Errorf("round %d: the token that was refreshed: %+v, %v", round, old, err)
	}
	if second.Family != first.Family {
		t.Errorf("round %d: families %d and %d", round, first.Family, second.Family)
	}
}

// winner runs swap by all racers at once and returns the one token that it made,
// after a look that it lives and that no other was stored.
func winner(t *testing.T, stores []issuer.Store, in issuer.Plot, name string, swap func(s issuer.Store, v issuer.Token) (issuer.TokenID, error)) issuer.Token {
	t.Helper()
	tokens, ids, errs := make([]issuer.Token, racers), make([]issuer.TokenID, racers), make([]error, racers)
	var all sync.WaitGroup
	start := make(chan struct{})
	for n := range racers {
		tokens[n] = newToken(in, fmt.Sprint(name, n), 1)
		all.Go(func() {
			<-start
			ids[n], errs[n] = swap(stores[n%len(stores)], tokens[n])
		})
	}
	close(start)
	all.Wait()
	var won []issuer.Token
	for n, err := range errs {
		switch {
		case err == nil:
			tokens[n].ID = ids[n]
			won = append(won, tokens[n])
		case !errors.Is(err, issuer.ErrConflict):
			t.Errorf("%s: racer %d: %v", name, n, err)
		}
		got, lookErr := stores[(n+1)%len(stores)].TokenByAccess(t.Context(), in.Account.ID, issuer.Support, tokens[n].Access)
		if (err == nil) != (lookErr == nil) || err == nil && !got.Opens(noon) {
			t.Errorf("%s: racer %d was answered %v; its token: %+v, %v", name, n, err, got, lookErr)
		}
	}
	if len(won) != 1 {
		t.Fatalf("%s: %d winners", name, len(won))
	}
	return won[0]
}

// benchmarkDB is a database of its own for a benchmark.
func benchmarkDB(b *testing.B, engine store.Engine) (issuer.Store, issuer.Plot) {
	b.Helper()
	s := storetest.Open(b, storetest.DSN(b, engine)).Issuer()
	return s, newPlot(b, s, "acme")
}

// BenchmarkIssueAndRefresh measures what a sign-in and its first refresh write:
// a code, its redemption, and a replacement.
func BenchmarkIssueAndRefresh(b *testing.B) {
	for _, engine := range storetest.Engines {
		b.Run(string(engine), func(b *testing.B) {
			s, acme := benchmarkDB(b, engine)
			var mu sync.Mutex
			names := 0
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					names++
					name := fmt.Sprint("bench ", names)
					mu.Unlock()
					v := addToken(b, s, acme, newToken(acme, name, 1), name)
					if _, err := s.ReplaceToken(b.Context(), v, newToken(acme, name+" next", 1)); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
