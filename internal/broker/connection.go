package broker

import (
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// ConnectionID is the number by which programs name a connection. It stays when
// the same person authorizes again.
type ConnectionID int64

// State says what can be done with a connection.
type State string

// The states. Renewing is never stored: a connection is renewing while somebody
// holds its claim, so that a crash cannot leave it in that state.
const (
	Pending     State = "pending"     // a code is being exchanged, or it is not known yet whose tokens they are
	Active      State = "active"      //
	Renewing    State = "renewing"    // active, with a claim on it
	Reauthorize State = "reauthorize" // Zendesk refuses its tokens: a person must allow it again
	InDoubt     State = "in_doubt"    // an answer was lost, and with it perhaps the tokens
	Revoked     State = "revoked"     // ended at Zendesk, by us
	Disabled    State = "disabled"    // kept, not used
)

// Reason says why a connection is in its state, or why its last renewal failed.
type Reason string

// The reasons.
const (
	NoReason         Reason = ""
	RefreshRefused   Reason = "refresh_refused"          // Zendesk does not accept the refresh token
	AnswerLost       Reason = "answer_lost"              // a refresh was sent and its answer never came
	ScopeGone        Reason = "scope_no_longer_allowed"  // invalid_scope
	CredentialsWrong Reason = "client_refused"           // none of the client's secrets is accepted
	NotReached       Reason = "unreachable"              // no request went out
	ToldToWait       Reason = "told_to_wait"             // 429, 5xx, or no answer that makes sense
	TokenRefused     Reason = "access_token_refused"     // the API refuses even a fresh token
	NoRefreshToken   Reason = "no_refresh_token"         // expired, and Zendesk gave nothing to renew it with
	UserUnknown      Reason = "user_unknown"             // it could not be found out whose tokens they are
	AnotherTries     Reason = "another_replica_is_at_it" // its answer is waited for
	SwitchedOff      Reason = "switched_off"             // disabled by hand
	ForSignIn        Reason = "sign_in"                  // tokens of a sign-in to the broker's own pages, to be ended
	Former           Reason = "former"                   // tokens from before a person authorized again, to be ended
	NotRevoked       Reason = "not_revoked"              // it was to end at Zendesk, and it is not known to have
)

// Reasons are all of them, for those who count.
func Reasons() []Reason {
	return []Reason{
		NoReason, RefreshRefused, AnswerLost, ScopeGone, CredentialsWrong, NotReached, ToldToWait, TokenRefused,
		NoRefreshToken, UserUnknown, AnotherTries, SwitchedOff, ForSignIn, Former, NotRevoked,
	}
}

// User is the person whose authorization a connection is, as Zendesk told at the
// sign-in. ID 0 means not known yet.
type User struct {
	ID    int64
	Name  string
	Email string
	Role  string // admin, agent, end-user
}

// Claim is the lease on a connection while it is renewed. Its owner raises Counter
// as long as it is at work; no clock is compared. The zero Claim is nobody's.
type Claim struct {
	Owner   string
	Counter int64
}

// Connection is the broker's record of one person's authorization at one account.
type Connection struct {
	ID      ConnectionID
	Account string
	Product Product
	Client  ClientID
	Grant   oauth.GrantType // how it came about; part of what makes it unique
	User    User

	State      State
	Reason     Reason
	Generation int64 // how often its tokens were replaced; 0 = none yet

	Asked   oauth.Scope
	Granted oauth.Scope

	Access         Sealed
	Refresh        Sealed // zero when Zendesk gave none
	AccessIssued   time.Time
	AccessExpires  time.Time // zero = does not expire
	RefreshExpires time.Time // zero = does not expire, or not told
	Forced         bool      // these tokens come from a renewal that a refused access token forced

	Created    time.Time
	RenewedAt  time.Time
	LastUsedAt time.Time

	Failures int       // renewals that failed since the last one that succeeded
	RetryAt  time.Time // no renewal before; zero = any time
	TendAt   time.Time // looked after then, though nobody asks; zero = never
	Claim    Claim

	FormerOf ConnectionID // whose tokens a pending one holds that is Former; 0 for any other
}

// Shown is the state for people and programs.
func (c Connection) Shown() State {
	if c.State == Active && c.Claim.Owner != "" {
		return Renewing
	}
	return c.State
}

// Lendable tells whether the access token may be handed out at all.
func (c Connection) Lendable() bool { return c.State == Active && !c.Access.IsZero() }

// Renewable tells whether there is anything to get the next tokens by.
func (c Connection) Renewable() bool { return !c.Refresh.IsZero() || c.unspent() }

// BySignIn tells whether a person's sign-in made it, so that the person can authorize it
// again. One that a client has for itself nobody can.
func (c Connection) BySignIn() bool { return c.Grant == oauth.GrantAuthorizationCode && c.User.ID != 0 }

// unspent tells that asking for the next tokens uses nothing up: a client that acts
// for itself (RFC 6749 §4.4) asks anew each time, and an answer that was lost is no
// loss.
func (c Connection) unspent() bool { return c.Grant == oauth.GrantClientCredentials }

// Alive tells whether the access token is not over yet.
func (c Connection) Alive(now time.Time) bool {
	return c.AccessExpires.IsZero() || now.Before(c.AccessExpires)
}

// dueBefore is when a token is renewed although nobody wants it to live long.
const dueBefore = 5 * time.Minute

// Due decides whether the token is to be renewed before it is lent to somebody who
// wants it to live for another minTTL (design §6.1). One that does not expire never
// is. One in the first fifth of its life never is either: a renewal could hardly
// give more, whatever the caller wants.
func (c Connection) Due(now time.Time, minTTL, jitter time.Duration) bool {
	if c.AccessExpires.IsZero() {
		return false
	}
	life := c.AccessExpires.Sub(c.AccessIssued)
	margin := max(minTTL, min(dueBefore, life/5)+jitter)
	return c.AccessExpires.Sub(now) < min(margin, life-life/5)
}

// Jitter is up to most, the same for a connection until it is renewed, so that
// many that were made at once are not renewed at once, and that replicas agree.
func (c Connection) Jitter(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	// SplitMix64's finalizer: neighbours come out far from each other.
	h := uint64(c.ID)*0x9E3779B97F4A7C15 + uint64(c.Generation)*0xD1B54A32D192ED03
	h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
	h = (h ^ h>>27) * 0x94D049BB133111EB
	return time.Duration((h ^ h>>31) % uint64(most))
}

// Missing are the scopes that were asked for and not granted.
func (c Connection) Missing() oauth.Scope { return notCovered(c.Asked, c.Granted) }

// place is what a token of this connection is sealed for.
func (c Connection) place(column string) string {
	return fmt.Sprintf("broker_connections/%d/%s", c.ID, column)
}

// Pair is what an exchange or a refresh brought, in the clear.
type Pair struct {
	Access, Refresh secret.Plain
	Scope           oauth.Scope
	Issued          time.Time
	AccessExpires   time.Time
	RefreshExpires  time.Time
	Guessed         bool // Zendesk told no lifetime; AccessExpires is the policy's
}

// Next is the connection with the next pair, still to be sealed. A renewed
// connection is active again whatever it was held for; one that a person ended or
// disabled stays so.
func (c Connection) Next(p Pair, forced bool) Connection {
	c.Generation++
	c.Granted = p.Scope
	c.AccessIssued, c.RenewedAt = p.Issued, p.Issued
	c.AccessExpires, c.RefreshExpires = p.AccessExpires, p.RefreshExpires
	c.Forced = forced
	c.Failures, c.RetryAt, c.Claim = 0, time.Time{}, Claim{}
	c.TendAt = c.tendFirst()
	switch c.State {
	case Revoked, Disabled, Pending:
	default:
		c.State, c.Reason = Active, NoReason
	}
	return c
}

// BackOff is how long to wait after a renewal failed: a second, doubling to a
// minute, and no less than Zendesk asked for.
func (c Connection) BackOff(retryAfter time.Duration) time.Duration {
	wait := min(time.Second<<min(c.Failures, 6), time.Minute)
	return max(wait, min(retryAfter, time.Hour))
}
