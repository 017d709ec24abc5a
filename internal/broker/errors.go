package broker

import (
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

var (
	// ErrNotFound says that there is no such record.
	ErrNotFound = errors.New("not found")

	// ErrConflict says that a step lost its race: the record is no longer in the
	// state that the decision was made on. Load again, decide again.
	ErrConflict = errors.New("another was faster")
)

// ErrKeyRefused is the one answer to a key that is unknown, over or ended.
var ErrKeyRefused = errors.New("the key is not accepted")

// ErrForbidden says that a key is good, but not for this.
var ErrForbidden = errors.New("the key does not allow this")

// Invalid says which value of a caller's cannot be used, and why, in words that
// may be shown to that caller.
type Invalid struct{ Field, Why string }

func (e *Invalid) Error() string { return e.Field + ": " + e.Why }

// Kind names why a sign-in ended without a connection. The pages have a text for
// each.
type Kind string

// The kinds of failure.
const (
	Denied           Kind = "denied"            // the person said no
	StateExpired     Kind = "state_expired"     // too late, or never ours
	StateUsed        Kind = "state_used"        // the answer came a second time
	WrongBrowser     Kind = "wrong_browser"     // another browser began this sign-in
	RedirectMismatch Kind = "redirect_mismatch" // our redirect URL is not registered there
	NoSuchClient     Kind = "no_such_client"    // our client is not known there
	NoSuchAccount    Kind = "no_such_account"   // nobody has that subdomain there
	ScopeNotAllowed  Kind = "scope_not_allowed" // the client may not ask for these scopes
	Unreachable      Kind = "unreachable"       // no answer, or one that says "later"
	AnsweredWrongly  Kind = "answered_wrongly"  // an answer that is none
	ClientRefused    Kind = "client_refused"    // our client's secret is not accepted
	Anonymous        Kind = "anonymous"         // a token that belongs to nobody
	NotServed        Kind = "not_served"        // people of that account may not connect here
	TokensOver       Kind = "tokens_over"       // tokens that were brought along are not taken any more
	DeviceOver       Kind = "device_over"       // the program that it was for does not wait any more
	LinkOver         Kind = "link_over"         // the link was used, is over, or never was
	WrongPerson      Kind = "wrong_person"      // the link is another person's
	Misc             Kind = "misc"
)

// Failure is why a sign-in ended without a connection.
type Failure struct {
	Kind     Kind
	Link     LinkID // that the sign-in was to spend; -1: one that is not known; 0: none
	Purpose  Purpose
	Device   DeviceID // that the sign-in was for; 0: none
	Account  string   // empty when it is not known whose sign-in it was
	ReturnTo string
	Answer   string // what Zendesk said, for the page; empty when it said nothing
	Err      error  // for the log; may be nil
}

func (f *Failure) Error() string {
	text := "sign-in failed: " + string(f.Kind)
	if f.Account != "" {
		text += " at " + f.Account
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

func (f *Failure) Unwrap() error { return f.Err }

// Unusable says that a connection cannot be used until a person does something:
// authorize again, look at Zendesk, or enable it.
type Unusable struct {
	ID      ConnectionID
	State   State
	Reason  Reason
	Account string
	Product Product
	Person  bool // a person's sign-in made it, and can make it work again
}

func (c Connection) unusable() *Unusable {
	return &Unusable{c.ID, c.State, c.Reason, c.Account, c.Product, c.Grant == oauth.GrantAuthorizationCode && c.User.ID != 0}
}

// SignInMends tells whether that person's sign-in makes it work again.
func (e *Unusable) SignInMends() bool {
	return e.Person && (e.State == Reauthorize || e.State == InDoubt || e.State == Revoked)
}

func (e *Unusable) Error() string {
	return fmt.Sprintf("connection %d is %s: %s", e.ID, e.State, e.Reason)
}

// Unavailable says that a connection cannot be renewed right now and that its
// current token is over. It heals by itself.
type Unavailable struct {
	ID         ConnectionID
	RetryAfter time.Duration // at least this long; 0 when it is not known
	Reason     Reason
	Err        error // may be nil
}

func (e *Unavailable) Error() string {
	text := fmt.Sprintf("connection %d cannot be renewed now: %s", e.ID, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Unavailable) Unwrap() error { return e.Err }

// answer is what an error says in Zendesk's own words.
func answer(err error) string {
	var e *oauth.Error
	if !errors.As(err, &e) {
		return ""
	}
	if e.Description == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Description
}
