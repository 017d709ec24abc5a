package zendesk

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// Retry says how a request is tried again:
//
//	429                        any request, after what Retry-After says
//	503 with Retry-After       those that come to the same when they are sent twice
//	no answer, or half of one  the same
//
// The rest is not: it would be answered the same again, or do something twice. Where
// Zendesk does not say how long to wait, it is a second, then two, four and so on. A
// little chance is added, so that many programs do not come back at once. The zero Retry
// can be used.
type Retry struct {
	// Most is how often a request is sent again; 0: five times.
	Most int
	// Within is how long a request may take with all its waits; 0: two minutes. A wait
	// that would go beyond it does not begin: the caller gets the error at once.
	Within time.Duration

	// Waiting is told before each wait; nil: nobody is.
	Waiting func(Wait)
	// Now is the time, and Sleep waits until it has passed, or the context ends; nil:
	// the machine's. A test gives those of its own clock.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// Chance is between 0 and 1; nil: random.
	Chance func() float64
}

// Wait is a pause before a request is sent again.
type Wait struct {
	Method, Path string
	Try          int           // which failed, from 1
	For          time.Duration // at least as long as Zendesk said
	Err          error         // what was answered
}

const (
	usualTries  = 5
	usualWithin = 2 * time.Minute
	firstWait   = time.Second
	longestWait = 30 * time.Second // where Zendesk says nothing
)

// decide tells whether a request that failed is sent again, and after how long. No Retry
// sends none.
func (r *Retry) decide(c call, tries int, err error) (time.Duration, bool) {
	if r == nil || err == nil || tries > cmp.Or(r.Most, usualTries) {
		return 0, false
	}
	var said *APIError
	safe := c.safe()
	switch {
	case errors.As(err, &said) && said.Status == http.StatusTooManyRequests:
		return r.pause(tries, said.RetryAfter), true
	case said != nil && said.Status == http.StatusServiceUnavailable && said.RetryAfter > 0 && safe:
		return r.pause(tries, said.RetryAfter), true
	case lost(err) && safe:
		return r.pause(tries, 0), true
	}
	return 0, false
}

// safe tells of a request that it comes to the same when it is sent twice (RFC 9110
// section 9.2.2), but for a PUT of which Zendesk makes something new each time.
func (c call) safe() bool {
	return c.method == http.MethodGet || c.method == http.MethodDelete || c.method == http.MethodPut && !c.twice
}

// pause is what was said, or doubles, and up to a quarter more.
func (r *Retry) pause(tries int, said time.Duration) time.Duration {
	wait := said
	if wait == 0 {
		wait = min(firstWait<<min(tries-1, 10), longestWait)
	}
	chance := rand.Float64
	if r.Chance != nil {
		chance = r.Chance
	}
	return wait + time.Duration(chance()*float64(min(wait, longestWait))/4)
}

// wait passes the time, unless that would take too long: then the error of the last try
// stays.
func (r *Retry) wait(ctx context.Context, w Wait, begun time.Time) error {
	if r.now().Add(w.For).Sub(begun) > cmp.Or(r.Within, usualWithin) {
		return w.Err
	}
	if r.Waiting != nil {
		r.Waiting(w)
	}
	sleep := r.Sleep
	if sleep == nil {
		sleep = pass
	}
	return sleep(ctx, w.For)
}

func (r *Retry) now() time.Time {
	if r == nil || r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func pass(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lost tells of an error that the request may have been carried out, and that nobody
// heard of it. An error of API.HTTP's own, which is not the network's, says with a method
// Retryable that it is not.
func lost(err error) bool {
	var remote *oauth.RemoteError
	if !errors.As(err, &remote) {
		return false
	}
	var own interface{ Retryable() bool }
	if errors.As(err, &own) {
		return own.Retryable()
	}
	var stranger *tls.CertificateVerificationError
	if errors.As(err, &stranger) {
		return false
	}
	var half *brokenOff
	return remote.Status == 0 || errors.As(err, &half)
}

// statusOf is the status of an *APIError, 0 of other errors.
func statusOf(err error) int {
	var said *APIError
	if !errors.As(err, &said) {
		return 0
	}
	return said.Status
}
