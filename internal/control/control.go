package control

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
)

// Controls steer one demo issuer. Its fields are set once, before use.
type Controls struct {
	Store   Store
	Issuer  *issuer.Issuer
	Hosts   apihttp.Hosts
	Clock   *Timekeeper
	Faults  *Faults
	Journal *Journal

	// Seed plants the accounts of a YAML file and returns notes for a person. Nil:
	// it cannot.
	Seed func(ctx context.Context, yaml []byte) (notes []string, err error)
	// Start puts an issuer whose rows were all deleted back to how it was started.
	Start func(ctx context.Context) error
	// Quiet breaks off what is done in the background, before all rows are put back;
	// nil: nothing is.
	Quiet func()
	// Done ends what follows the journal; nil: it follows until the client leaves.
	Done <-chan struct{}
}

// New takes an issuer over: from now on it keeps the clock's time and tells the
// journal. The issuer must not be in use yet.
func New(ctx context.Context, s Store, i *issuer.Issuer, hosts apihttp.Hosts) (*Controls, error) {
	clock, err := NewTimekeeper(ctx, s)
	if err != nil {
		return nil, err
	}
	c := &Controls{
		Store: s, Issuer: i, Hosts: hosts, Clock: clock, Faults: &Faults{}, Journal: NewJournal(0, clock.Now),
	}
	i.Now, i.Tell = clock.Now, c.tell
	return c, nil
}

// tell notes a verdict of the issuer.
func (c *Controls) tell(ctx context.Context, v issuer.Verdict) {
	account, user := v.Account, int64(v.User)
	if visit := visitOf(ctx); visit != nil {
		if account == "" {
			account = visit.account.Subdomain
		}
		if user == 0 { // the one whose token or code it was
			user = int64(visit.user)
		}
	}
	c.Journal.add(Entry{
		Event: Event(v.Name), RequestID: httpd.RequestIDFrom(ctx), Account: account, Product: string(v.Product),
		Client: v.Client, User: user, Grant: string(v.Grant), Token: v.Token, Reason: v.Reason,
	})
}

// Bend tells how faults bend the decision on a request: issuerhttp.Server.Bend.
func (c *Controls) Bend(r *http.Request) issuer.Bent {
	if v := visitOf(r.Context()); v != nil {
		return v.bent
	}
	return issuer.Bent{}
}

// Wrap puts faults and journal round the public surface.
func (c *Controls) Wrap(surface http.Handler) http.Handler {
	surface = httpd.Route(surface) // the request is copied here
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, v := time.Now(), c.look(r)
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		fired := c.Faults.pick(v)
		v.bent = bent(fired)
		for _, f := range fired {
			e := v.entry(r, FaultFired)
			e.Fault, e.Kind, e.Route = f.ID, f.Kind, pathOf(f.Route)
			c.Journal.add(e)
		}
		seen := &seen{ResponseWriter: w}
		ended := false
		defer func() { // also for what cuts the connection
			e := v.entry(r, RequestAnswered)
			e.Millis, e.Status = time.Since(start).Milliseconds(), seen.status
			if !ended {
				e.Event, e.Status = RequestAborted, 0
			} else if e.Status == 0 {
				e.Status = http.StatusOK
			}
			c.Journal.add(e)
		}()
		c.disturbed(surface, fired).ServeHTTP(seen, r)
		ended = true
	})
}

// entry begins an entry about a visit. Its route is the pattern that served it, or
// else nothing: a path may hold what somebody mistyped.
func (v *visit) entry(r *http.Request, e Event) Entry {
	entry := Entry{
		Event: e, RequestID: httpd.RequestIDFrom(r.Context()), Account: v.account.Subdomain, Product: string(v.product),
		Client: v.client, User: int64(v.user), Grant: string(v.grant), Method: r.Method, Route: pathOf(r.Pattern),
	}
	if len(v.hints) > 0 {
		entry.Token = v.hints[0]
	}
	return entry
}

// seen remembers the status of an answer.
type seen struct {
	http.ResponseWriter
	status int
}

func (s *seen) WriteHeader(status int) {
	if s.status == 0 && status >= 200 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *seen) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// pathOf takes off a pattern its method, and its end where that is marked.
func pathOf(pattern string) string {
	if _, path, found := strings.Cut(pattern, " "); found {
		pattern = path
	}
	return strings.TrimSuffix(pattern, "{$}")
}
