package control

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
)

// Kind is what a fault does to a request.
type Kind string

// The kinds. The first group is middleware; the second changes what is decided;
// the third changes what is stored, just before the request is served.
const (
	Latency            Kind = "latency"              // waits for Delay before the request is served
	RefuseBeforeCommit Kind = "refuse_before_commit" // cuts the connection; nothing happened
	DropAfterCommit    Kind = "drop_after_commit"    // serves the request, then cuts the connection: the answer is lost
	TooManyRequests    Kind = "too_many_requests"    // 429, with Retry-After unless RetryAfter is -1
	ServerError        Kind = "server_error"         // Status, 503 unless said otherwise
	HTML               Kind = "html"                 // a page where JSON is expected, with Status 200 unless said otherwise
	MalformedJSON      Kind = "malformed_json"       // serves the request, and answers with half of the body
	SlowBody           Kind = "slow_body"            // serves the request, and takes Delay to send the body

	NarrowedScope Kind = "narrowed_scope" // a new token has at most Scope
	ShortenedLife Kind = "shortened_life" // a new token lives at most AccessLife, its refresh token RefreshLife

	RevokeNow    Kind = "revoke_now"    // the token that the request presents is revoked
	DeleteClient Kind = "delete_client" // the client that makes the request is deleted
	SuspendUser  Kind = "suspend_user"  // the user whose token or code the request presents is suspended
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{
		Latency, RefuseBeforeCommit, DropAfterCommit, TooManyRequests, ServerError, HTML, MalformedJSON, SlowBody,
		NarrowedScope, ShortenedLife, RevokeNow, DeleteClient, SuspendUser,
	}
}

// Fault is a rule: which requests it disturbs, how often, and how. What is left
// empty of the first group matches any request.
type Fault struct {
	ID   int64 `json:"id"`
	Kind Kind  `json:"kind"`

	Route   string          `json:"route,omitempty"` // as http.ServeMux has patterns: "POST /oauth/tokens", "/api/v2/"
	Account string          `json:"account,omitempty"`
	Product issuer.Product  `json:"product,omitempty"`
	Client  string          `json:"client,omitempty"` // the identifier
	Grant   oauth.GrantType `json:"grant_type,omitempty"`
	Token   string          `json:"token,omitempty"` // the hint of an access or a refresh token, as lists of tokens show it

	// Probability is how often a request that matches is disturbed; 0 is always.
	Probability float64 `json:"probability,omitempty"`
	// Count is how many are disturbed before the rule is spent; 0: no end.
	Count int `json:"count,omitempty"`
	// Seed makes the dice of Probability fall the same way again; 0: the rule's number.
	Seed uint64 `json:"seed,omitempty"`

	Delay       Duration `json:"delay,omitempty"`
	Status      int      `json:"status,omitempty"`
	RetryAfter  int      `json:"retry_after,omitempty"` // seconds; 0: one, -1: no header
	Scope       string   `json:"scope,omitempty"`
	AccessLife  Duration `json:"access_life,omitempty"`
	RefreshLife Duration `json:"refresh_life,omitempty"`

	// Fired is how often it has been.
	Fired int `json:"fired"`
}

// Duration is a time.Duration whose text is "1m30s".
type Duration time.Duration

// MarshalText writes it as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// delayMost keeps a demo from hanging for longer than its clients wait.
const delayMost = 10 * time.Minute

// grants are those that the issuer's token endpoints take.
var grants = []oauth.GrantType{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials, oauth.GrantPassword}

// check refuses what could not do what it says.
func (f Fault) check() error {
	switch {
	case !slices.Contains(Kinds(), f.Kind):
		return &Invalid{"kind", fmt.Sprintf("there is no fault %q; there are %v", clip(string(f.Kind)), Kinds())}
	case f.Probability < 0 || f.Probability > 1 || f.Probability != f.Probability:
		return &Invalid{"probability", "is a number from 0 to 1"}
	case f.Count < 0:
		return &Invalid{"count", "is not negative"}
	case f.Product != "" && f.Product != issuer.Support && f.Product != issuer.Chat:
		return &Invalid{"product", "is support or chat"}
	case f.Grant != "" && !slices.Contains(grants, f.Grant):
		return &Invalid{"grant_type", fmt.Sprintf("is one of %v", grants)}
	case f.Delay < 0 || time.Duration(f.Delay) > delayMost:
		return &Invalid{"delay", "is at most " + delayMost.String()}
	case (f.Kind == Latency || f.Kind == SlowBody) && f.Delay == 0:
		return &Invalid{"delay", "is missing: how long?"}
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return &Invalid{"status", "is from 200 to 599"}
	case f.Kind == ServerError && f.Status != 0 && f.Status < 500:
		return &Invalid{"status", "of a server error is from 500 to 599"}
	case f.Seed >= 1<<53:
		return &Invalid{"seed", "is below 2^53, as numbers in JSON are"}
	case f.RetryAfter < -1:
		return &Invalid{"retry_after", "is seconds, or -1 for no such header"}
	case f.AccessLife < 0:
		return &Invalid{"access_life", "is not negative"}
	case f.RefreshLife < 0:
		return &Invalid{"refresh_life", "is not negative"}
	case f.Kind == ShortenedLife && f.AccessLife == 0 && f.RefreshLife == 0:
		return &Invalid{"access_life", "is missing, or refresh_life: how short?"}
	}
	_, err := f.pattern()
	return err
}

// pattern compiles Route, by the rules of those who serve routes; nil: any.
func (f Fault) pattern() (_ *http.ServeMux, err error) {
	if f.Route == "" {
		return nil, nil
	}
	wrong := &Invalid{"route", "is a path, or a method and a path, such as \"POST /oauth/tokens\""}
	defer func() {
		if p := recover(); p != nil { // how ServeMux refuses a pattern
			err = wrong
		}
	}()
	if !strings.HasPrefix(pathOf(f.Route), "/") { // a host would be the account's
		return nil, wrong
	}
	mux := http.NewServeMux()
	mux.Handle(f.Route, http.NotFoundHandler())
	return mux, nil
}

// rule is a fault at work.
type rule struct {
	Fault
	routes *http.ServeMux
	dice   *rand.Rand
}

func newRule(f Fault) (*rule, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	routes, err := f.pattern()
	if err != nil {
		return nil, err
	}
	if f.Seed == 0 {
		f.Seed = uint64(f.ID)
	}
	return &rule{Fault: f, routes: routes, dice: rand.New(rand.NewPCG(f.Seed, 0))}, nil //nolint:gosec // dice, not secrets
}

// concerns decides whether a request is one that the rule can disturb.
func (r *rule) concerns(v *visit) bool {
	return r.concernsRoute(v) &&
		(r.Account == "" || r.Account == v.account.Subdomain) &&
		(r.Product == "" || r.Product == v.product) &&
		(r.Client == "" || r.Client == v.client) &&
		(r.Grant == "" || r.Grant == v.grant) &&
		(r.Token == "" || slices.Contains(v.hints, r.Token)) &&
		r.Kind.fits(v)
}

func (r *rule) concernsRoute(v *visit) bool {
	if r.routes == nil {
		return true
	}
	_, pattern := r.routes.Handler(v.route)
	return pattern != ""
}

// fits tells whether a request has what a kind of fault acts on, so that a rule is
// not spent on one that it cannot disturb.
func (k Kind) fits(v *visit) bool {
	switch k {
	case NarrowedScope, ShortenedLife:
		return v.mints
	case RevokeNow:
		return v.hasToken
	case DeleteClient:
		return v.client != ""
	case SuspendUser:
		return v.user != 0
	default:
		return true
	}
}

// fires throws the dice for a request that the rule concerns.
func (r *rule) fires() bool {
	if r.Count > 0 && r.Fired >= r.Count {
		return false
	}
	if r.Probability > 0 && r.dice.Float64() >= r.Probability {
		return false
	}
	r.Fired++
	return true
}
