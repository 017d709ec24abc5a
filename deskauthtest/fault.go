package deskauthtest

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
)

// Kind is what a fault does to a request.
type Kind string

// The kinds.
const (
	Latency            Kind = "latency"              // waits for Delay before the request is served
	RefuseBeforeCommit Kind = "refuse_before_commit" // cuts the connection; nothing happened
	DropAfterCommit    Kind = "drop_after_commit"    // serves the request, then cuts the connection: the answer is lost
	TooManyRequests    Kind = "too_many_requests"    // 429, with Retry-After unless RetryAfter is negative
	ServerError        Kind = "server_error"         // Status, 503 unless said otherwise
	HTML               Kind = "html"                 // a page where JSON is expected, with Status 200 unless said otherwise
	MalformedJSON      Kind = "malformed_json"       // serves the request, and answers with half of the body
	SlowBody           Kind = "slow_body"            // serves the request, and takes Delay to send the body
	NarrowedScope      Kind = "narrowed_scope"       // a new token has at most Scope
	ShortenedLife      Kind = "shortened_life"       // a new token lives at most AccessLife, its refresh token RefreshLife
	RevokeNow          Kind = "revoke_now"           // the token that the request presents is revoked
	DeleteClient       Kind = "delete_client"        // the client that makes the request is deleted
	SuspendUser        Kind = "suspend_user"         // the user whose token or code the request presents is suspended
)

// Fault says which requests are disturbed, how often, and how. Of the fields that
// choose requests, empty ones match any.
type Fault struct {
	Kind Kind

	Route   string // a path, or a method and a path, as http.ServeMux has them: "POST /oauth/tokens", "/api/v2/"
	Account string // the subdomain
	Chat    bool   // those of Chat alone
	Client  string // the identifier
	Grant   string // the grant_type of a token request
	Token   string // the hint of a token, as lists of tokens show it

	Probability float64 // 0: always
	Count       int     // 0: no end
	Seed        uint64  // of the dice of Probability; 0: the fault's number

	Delay       time.Duration
	Status      int
	RetryAfter  time.Duration // whole seconds; 0: one, negative: no such header
	Scope       string
	AccessLife  time.Duration
	RefreshLife time.Duration
}

func (f Fault) rule() control.Fault {
	rule := control.Fault{
		Kind: control.Kind(f.Kind), Route: f.Route, Account: f.Account, Client: f.Client, Grant: oauth.GrantType(f.Grant), Token: f.Token,
		Probability: f.Probability, Count: f.Count, Seed: f.Seed,
		Delay: control.Duration(f.Delay), Status: f.Status, RetryAfter: int(f.RetryAfter / time.Second), Scope: f.Scope,
		AccessLife: control.Duration(f.AccessLife), RefreshLife: control.Duration(f.RefreshLife),
	}
	if f.RetryAfter < 0 {
		rule.RetryAfter = -1
	}
	if f.Chat {
		rule.Product = issuer.Chat
	}
	return rule
}

// Faults are those that disturb requests now.
type Faults struct{ z *Zendesk }

// Add adds one and returns its number. A fault that makes no sense fails the test, and
// so does one for an account or a client that is not there.
func (f *Faults) Add(fault Fault) (number int64) {
	f.z.helper()
	rule, err := f.z.controls.AddFault(context.Background(), fault.rule())
	f.z.check(err)
	return rule.ID
}

// AddChaos adds a mild mix, which disturbs about this part of all requests (0.05
// is a twentieth) by what passes when one tries again; lost answers are among it.
func (f *Faults) AddChaos(part float64, seed uint64) {
	f.z.helper()
	for _, rule := range control.Chaos(part, seed) {
		_, err := f.z.controls.Faults.Add(rule)
		f.z.check(err)
	}
}

// Fired is how often a fault has disturbed a request.
func (f *Faults) Fired(number int64) int {
	for _, rule := range f.z.controls.Faults.List() {
		if rule.ID == number {
			return rule.Fired
		}
	}
	return 0
}

// Remove removes one. Removing one that is gone is no error.
func (f *Faults) Remove(number int64) { _ = f.z.controls.Faults.Remove(number) }

// Clear removes all.
func (f *Faults) Clear() { f.z.controls.Faults.Clear() }
