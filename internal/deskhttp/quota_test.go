package deskhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

// told checks headers; one that is wanted to be empty must not be there.
func (r *reply) told(pairs ...string) *reply {
	r.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := r.Header.Get(pairs[i]); got != pairs[i+1] {
			r.t.Errorf("%s: %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
	return r
}

// What an account's plan allows, on the wire.
func TestPlan(t *testing.T) {
	w := newWorld(t, store.SQLite)
	free := w.call(call{As: ada, Path: "/tickets"}).want(http.StatusOK)
	for name := range free.Header {
		if strings.Contains(strings.ToLower(name), "rate") {
			t.Errorf("an account without a plan is told %s", name)
		}
	}
	// As it was recorded: in the midst of a minute, what is left of it.
	w.pass(18 * time.Second)
	atGlobex := call{As: hank, Host: "globex.localhost", Path: "/tickets"}
	w.call(atGlobex).want(http.StatusOK).told(
		"X-Rate-Limit", "200", "X-Rate-Limit-Remaining", "199", "Rate-Limit", "200", "Rate-Limit-Remaining", "199", "Rate-Limit-Reset", "42",
		"Ratelimit-Limit", "200", "Ratelimit-Remaining", "199", "Ratelimit-Reset", "42",
		"Zendesk-Ratelimit-Tickets-Index", "total=100; remaining=99; resets=42", "Retry-After", "")
	for range 99 {
		w.call(atGlobex).want(http.StatusOK)
	}
	w.call(atGlobex).want(http.StatusTooManyRequests, `"APIRateLimitExceeded"`).told(
		"Retry-After", "42", "X-Rate-Limit-Remaining", "99", "Ratelimit-Remaining", "99", "Zendesk-Ratelimit-Tickets-Index", "total=100; remaining=0; resets=42")
	// Everybody spends the account's: whoever is not let in, too.
	nobody := call{Host: "globex.localhost", Path: "/tickets/1"}
	for range 99 {
		w.call(nobody).want(http.StatusUnauthorized)
	}
	me := call{As: hank, Host: "globex.localhost", Path: "/users/me"}
	w.pass(500 * time.Millisecond)
	over := w.call(me).want(http.StatusTooManyRequests).told(
		"Retry-After", "42", "X-Rate-Limit-Remaining", "0", "Rate-Limit-Remaining", "0", "Ratelimit-Reset", "42", "Content-Type", "text/plain; charset=utf-8")
	if over.Body != zendesk.TooManyRequests {
		t.Errorf("it says %q", over.Body)
	}
	w.call(call{As: ada, Path: "/tickets"}).want(http.StatusOK) // another account's is not touched
	w.pass(41 * time.Second)
	w.call(me).want(http.StatusTooManyRequests).told("Retry-After", "1")
	// The next minute of the clock has all of it.
	w.pass(500 * time.Millisecond)
	w.call(me).want(http.StatusOK).told("X-Rate-Limit-Remaining", "199", "Ratelimit-Reset", "60")
	w.call(atGlobex).want(http.StatusOK).told("Zendesk-Ratelimit-Tickets-Index", "total=100; remaining=99; resets=60")
}

// Each plan has its quota, and Chat one of its own beside it, whatever the plan.
func TestPlans(t *testing.T) {
	w := newWorld(t, store.SQLite)
	for plan, c := range map[issuer.Plan]struct{ support, index, update string }{
		issuer.PlanTeam: {"200", "100", "100"}, issuer.PlanGrowth: {"400", "100", "100"}, issuer.PlanProfessional: {"400", "100", "100"},
		issuer.PlanEnterprise: {"700", "100", "100"}, issuer.PlanEnterprisePlus: {"2500", "300", "300"},
	} {
		t.Run(string(plan), func(*testing.T) {
			subdomain := strings.ReplaceAll(string(plan), "_", "-")
			w.plant(subdomain, plan, "admin@"+subdomain+".example")
			as, host := "admin@"+subdomain+".example", subdomain+".localhost"
			w.call(call{As: as, Host: host, Path: "/tickets"}).want(http.StatusOK).told(
				"X-Rate-Limit", c.support, "Zendesk-Ratelimit-Tickets-Index", fmt.Sprintf("total=%s; remaining=%s; resets=60", c.index, less(c.index)))
			w.call(call{As: as, Host: host, Method: http.MethodPut, Path: "/tickets/1", Body: `{"ticket":{}}`}).want(http.StatusNotFound).told(
				"Zendesk-Ratelimit-Tickets-Update", fmt.Sprintf("total=%s; remaining=%s; resets=60", c.update, less(c.update)), "X-Rate-Limit-Remaining", less(less(c.support)))
			w.call(call{Host: host, Path: "/chat/account"}).want(http.StatusUnauthorized).told("X-Rate-Limit", "200", "X-Rate-Limit-Remaining", "199")
		})
	}
}

// less is a number in digits less one.
func less(digits string) string {
	var n int
	_, _ = fmt.Sscan(digits, &n)
	return fmt.Sprint(n - 1)
}

// One person may change one ticket thirty times in ten minutes.
func TestSameTicketLimit(t *testing.T) {
	w := newWorld(t, store.SQLite)
	w.plant("corp", issuer.PlanEnterprise, "ann@corp.example", "bob@corp.example")
	for range 2 {
		w.call(call{As: "ann@corp.example", Host: "corp.localhost", Method: http.MethodPost, Path: "/tickets", Body: map[string]any{"ticket": map[string]any{"comment": said("x")}}}).want(http.StatusCreated)
	}
	change := func(as string, ticket int) *reply {
		return w.call(call{As: as, Host: "corp.localhost", Method: http.MethodPut, Path: fmt.Sprintf("/tickets/%d", ticket), Body: map[string]any{"ticket": map[string]any{"priority": "low"}}})
	}
	w.pass(3 * time.Minute)
	for range 30 {
		change("ann@corp.example", 1).want(http.StatusOK)
	}
	change("ann@corp.example", 1).want(http.StatusTooManyRequests, `"APIRateLimitExceeded"`).told(
		"Retry-After", "420", "Zendesk-Ratelimit-Tickets-Update", "total=100; remaining=69; resets=60")
	change("ann@corp.example", 2).want(http.StatusOK)
	change("bob@corp.example", 1).want(http.StatusOK)
	w.pass(7*time.Minute - time.Nanosecond)
	change("ann@corp.example", 1).want(http.StatusTooManyRequests).told("Retry-After", "1")
	w.pass(time.Nanosecond)
	change("ann@corp.example", 1).want(http.StatusOK)
	// Those in bulk count, too: the job is not begun.
	many := func(words string, status int) {
		w.call(call{As: "bob@corp.example", Host: "corp.localhost", Method: http.MethodPut, Path: "/tickets/update_many", Body: `{"tickets":[` + words + `]}`}).want(status)
	}
	many(strings.Repeat(`{"id":2},`, 29)+`{"id":2}`, http.StatusOK)
	many(`{"id":1},{"id":2}`, http.StatusTooManyRequests)
	// Without a plan nobody counts.
	w.open(ada, map[string]any{"comment": said("x")})
	for range 31 {
		w.update(ada, 1, map[string]any{"priority": "low"}).want(http.StatusOK)
	}
}

// Deletions have a quota without a header of its own.
func TestDeletionLimit(t *testing.T) {
	w := newWorld(t, store.SQLite)
	w.plant("corp", issuer.PlanEnterprise, "ann@corp.example")
	gone := call{As: "ann@corp.example", Host: "corp.localhost", Method: http.MethodDelete, Path: "/tickets/1"}
	for range 400 {
		w.call(gone).want(http.StatusNotFound)
	}
	over := w.call(gone).want(http.StatusTooManyRequests, `"APIRateLimitExceeded"`).told("Retry-After", "60", "X-Rate-Limit-Remaining", "299")
	for name := range over.Header {
		if strings.HasPrefix(name, "Zendesk-Ratelimit") {
			t.Errorf("it tells %s", name)
		}
	}
}

// Users have limits without a header, and without a plan there are none: one
// change a second of any of an account's users, five a minute of the same.
func TestUserChangeLimits(t *testing.T) {
	type step struct {
		pass       time.Duration
		user       int // of the account's
		retryAfter string
	}
	again := func(n int, s step) (all []step) {
		for range n {
			all = append(all, s)
		}
		return all
	}
	for _, c := range []struct {
		name  string
		plan  issuer.Plan
		steps []step
	}{
		{"a second of any user", issuer.PlanEnterprise, []step{{0, 1, ""}, {0, 1, "1"}, {0, 2, "1"}, {999 * time.Millisecond, 2, "1"}, {time.Millisecond, 2, ""}}},
		{"a minute of the same", issuer.PlanEnterprise, append(again(5, step{time.Second, 1, ""}),
			step{time.Second, 1, "54"}, step{time.Second, 2, ""}, step{53 * time.Second, 1, ""})},
		{"no plan", issuer.PlanNone, again(8, step{0, 1, ""})},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, store.SQLite)
			w.plant("corp", c.plan, "ann@corp.example", "bob@corp.example", "eve@corp.example")
			users := w.idsOf("corp", "ann@corp.example", "bob@corp.example", "eve@corp.example")
			for n, s := range c.steps {
				w.pass(s.pass)
				got := w.call(call{
					As: "ann@corp.example", Host: "corp.localhost", Method: http.MethodPut, Path: fmt.Sprintf("/users/%d", users[s.user]),
					Body: map[string]any{"user": map[string]any{"name": fmt.Sprintf("Name %d", n)}},
				})
				want := http.StatusOK
				if s.retryAfter != "" {
					want = http.StatusTooManyRequests
				}
				if got.Status != want {
					t.Fatalf("change %d: %d, want %d: %s", n, got.Status, want, got.Body)
				}
				got.told("Retry-After", s.retryAfter)
				for name := range got.Header {
					if strings.HasPrefix(name, "Zendesk-Ratelimit") {
						t.Errorf("it tells %s", name)
					}
				}
			}
		})
	}
}
