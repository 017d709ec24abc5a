package journey_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// racers are how many present the same code, or the same refresh token, at once.
var racers = []int{2, 32}

// rounds is how often they do.
func rounds() int {
	if proving() {
		return 200
	}
	return 50
}

// One code, and one refresh token, exchanged by many at once: in every round exactly
// one succeeds, and the winner's token is alive. On PostgreSQL the many are spread
// over two processes of the issuer.
func TestExactlyOneWins(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		town, replicas := startReplicas(t, engine)
		person := journey.NewBrowser()
		for round := range rounds() * len(racers) {
			n := racers[round%len(racers)]
			app := replicas[round/len(racers)%len(replicas)]
			code, err := app.Code(t.Context(), person, town.People[0])
			if err != nil {
				t.Fatal("round", round, err)
			}
			first := race(t, n, replicas, func(ctx context.Context, a journey.App) (journey.Answer, error) { return a.Exchange(ctx, code) })
			for _, app := range replicas {
				alive(t, app, town.People[0], first)
			}
			next := race(t, n, replicas, func(ctx context.Context, a journey.App) (journey.Answer, error) {
				return a.Refresh(ctx, first.RefreshToken)
			})
			for _, app := range replicas {
				refused(t, app, first) // a replay, which must not harm the winner
				alive(t, app, town.People[0], next)
			}
			if round < len(racers) { // who the winner was is not known: any of them may be the last to see it
				for _, app := range replicas {
					over(t, app, first)
				}
			}
			if t.Failed() {
				t.Fatalf("in round %d, of %d", round, n)
			}
		}
	})
}

// startReplicas starts an issuer and, on PostgreSQL, another beside it.
func startReplicas(t *testing.T, engine store.Engine) (journey.Town, []journey.App) {
	t.Helper()
	town := journey.NewTown(t, 1, "http://localhost:2")
	dsn := storetest.DSN(t, engine)
	ports := []string{journey.FreePort(t)}
	if engine == store.Postgres {
		ports = append(ports, journey.FreePort(t))
	}
	var replicas []journey.App
	for _, port := range ports {
		town.Issuer(t, "issuer", dsn, port)
		replicas = append(replicas, town.App.At(journey.IssuerURL(port)))
	}
	return town, replicas
}

// A revocation is seen by the next request to the process that was told of it, and
// within a second by the others, whatever they remember.
func TestRevocationIsSeen(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
		town, replicas := startReplicas(t, engine)
		person := journey.NewBrowser()
		for round := range 5 {
			told := replicas[round%len(replicas)]
			code, err := told.Code(t.Context(), person, town.People[0])
			if err != nil {
				t.Fatal(err)
			}
			pair, err := told.Exchange(t.Context(), code)
			if err != nil || !pair.OK() {
				t.Fatalf("exchange: %v, %v", pair, err)
			}
			for _, app := range replicas {
				alive(t, app, town.People[0], pair) // now each of them remembers it
			}
			if err := told.Revoke(t.Context(), pair.AccessToken); err != nil {
				t.Fatal(err)
			}
			if status, _, err := told.Me(t.Context(), pair.AccessToken); err != nil || status != http.StatusUnauthorized {
				t.Errorf("the next request to whom it was told: status %d, error %v", status, err)
			}
			for _, app := range replicas {
				refused(t, app, pair)
				over(t, app, pair)
			}
		}
	})
}

// race lets n racers do the same at once, and returns the only winner's answer.
func race(t *testing.T, n int, replicas []journey.App, do func(context.Context, journey.App) (journey.Answer, error)) journey.Answer {
	t.Helper()
	var all sync.WaitGroup
	answers := make([]journey.Answer, n)
	start := make(chan struct{})
	for i := range answers {
		all.Go(func() {
			<-start
			var err error
			if answers[i], err = do(t.Context(), replicas[i%len(replicas)]); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	var winners []journey.Answer
	for _, a := range answers {
		switch {
		case a.OK():
			winners = append(winners, a)
		case !a.Refused():
			t.Errorf("a loser was answered with %v", a)
		}
	}
	if len(winners) != 1 {
		t.Fatalf("%d of %d won", len(winners), n)
	}
	return winners[0]
}

// alive fails unless the pair's access token opens the API as that person.
func alive(t *testing.T, app journey.App, who journey.Person, pair journey.Answer) {
	t.Helper()
	status, email, err := app.Me(t.Context(), pair.AccessToken)
	if err != nil || status != http.StatusOK || email != who.Email {
		t.Errorf("users/me with an issued token: status %d, email %q, error %v", status, email, err)
	}
}

// refused fails unless a replaced pair's refresh token is refused, at once.
func refused(t *testing.T, app journey.App, pair journey.Answer) {
	t.Helper()
	if again, err := app.Refresh(t.Context(), pair.RefreshToken); err != nil || !again.Refused() {
		t.Errorf("a refresh token that was replaced or revoked: %v, error %v", again, err)
	}
}

// over fails unless an ended pair's access token opens nothing within a second.
func over(t *testing.T, app journey.App, pair journey.Answer) {
	t.Helper()
	for deadline := time.Now().Add(time.Second); ; {
		asked := time.Now()
		status, _, err := app.Me(t.Context(), pair.AccessToken)
		if err != nil {
			t.Error(err)
			return
		}
		if status == http.StatusUnauthorized {
			return
		}
		if asked.After(deadline) {
			t.Errorf("users/me with a token that has ended: status %d, a second later", status)
			return
		}
	}
}
