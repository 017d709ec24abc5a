package journey_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// racers is how many present the same code, or the same refresh token, at once.
const racers = 32

// One code, and one refresh token, exchanged by many at once: in every round exactly
// one succeeds, and the winner's token is alive. On PostgreSQL the many are spread
// over two processes of the issuer.
func TestExactlyOneWins(t *testing.T) {
	each(t, func(t *testing.T, engine store.Engine) {
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
		person := journey.NewBrowser()
		for round := range times(50) {
			app := replicas[round%len(replicas)]
			code, err := app.Code(t.Context(), person, town.People[0])
			if err != nil {
				t.Fatal("round", round, err)
			}
			first := race(t, replicas, func(ctx context.Context, a journey.App) (journey.Answer, error) { return a.Exchange(ctx, code) })
			for _, app := range replicas {
				alive(t, app, town.People[0], first)
			}
			next := race(t, replicas, func(ctx context.Context, a journey.App) (journey.Answer, error) {
				return a.Refresh(ctx, first.RefreshToken)
			})
			for _, app := range replicas {
				over(t, app, first) // a replay, which must not harm the winner
				alive(t, app, town.People[0], next)
			}
			if t.Failed() {
				t.Fatal("in round", round)
			}
		}
	})
}

// race lets all racers do the same at once, and returns the only winner's answer.
func race(t *testing.T, replicas []journey.App, do func(context.Context, journey.App) (journey.Answer, error)) journey.Answer {
	t.Helper()
	var all sync.WaitGroup
	answers := make([]journey.Answer, racers)
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
		t.Fatalf("%d of %d won", len(winners), racers)
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

// over fails unless a replaced pair opens nothing any more.
func over(t *testing.T, app journey.App, pair journey.Answer) {
	t.Helper()
	if status, _, err := app.Me(t.Context(), pair.AccessToken); err != nil || status != http.StatusUnauthorized {
		t.Errorf("users/me with a replaced token: status %d, error %v", status, err)
	}
	if again, err := app.Refresh(t.Context(), pair.RefreshToken); err != nil || !again.Refused() {
		t.Errorf("a replaced refresh token: %v, error %v", again, err)
	}
}
