package issuer

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Errors of the domain, for the edge to render in the dialect of its surface.
var (
	// ErrNotFound says that no such thing exists in this account.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that another was faster: the row is no longer in the
	// state from which this step moves it.
	ErrConflict = errors.New("conflict")
	// ErrTaken says that another thing has what must be one's own.
	ErrTaken = errors.New("taken")
	// ErrForbidden says that the caller's role does not reach.
	ErrForbidden = errors.New("forbidden")
	// ErrSignIn says that email and password do not open this account. It does
	// not tell which of the two was wrong, nor that a user is suspended.
	ErrSignIn = errors.New("the email or the password is wrong")
	// ErrBusy says that too many passwords are being checked at once.
	ErrBusy = errors.New("too many sign-ins at once")
)

// Invalid says which field of a value cannot be accepted, and why.
type Invalid struct {
	Field string
	Why   string
	Flaw  Flaw
	Line  int // of a list, from 1; zero: the field as a whole
}

func (e *Invalid) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Why) }

// Flaw is the kind of thing that is wrong with a field.
type Flaw int

// The flaws.
const (
	NotAllowed Flaw = iota // the value is none of those that can be
	Blank
	Taken     // another has it
	Malformed // it does not have the form that it must have
)

// Invalids is all that is wrong with a value, so that a person can mend it in
// one go.
type Invalids []*Invalid

func (all Invalids) Error() string {
	words := make([]string, 0, len(all))
	for _, one := range all {
		words = append(words, one.Error())
	}
	return strings.Join(words, "; ")
}

// orNil is the error, nil when nothing is wrong.
func (all Invalids) orNil() error {
	if len(all) == 0 {
		return nil
	}
	return all
}

func (all *Invalids) add(field string, flaw Flaw, why string, args ...any) {
	*all = append(*all, &Invalid{Field: field, Flaw: flaw, Why: fmt.Sprintf(why, args...)})
}

// TooMany says that failures were too many; After tells how long to wait.
type TooMany struct {
	After time.Duration
}

func (e *TooMany) Error() string { return "too many failed attempts" }

// Unverified says why an authorization request cannot be answered with a
// redirect: the client or its redirect URI is not known to be genuine, so the
// answer must be a page (RFC 6749 section 4.1.2.1).
type Unverified struct {
	Words  string // what Zendesk's page says (facts section 1.4)
	Reason string // for the log
}

func (e *Unverified) Error() string { return e.Reason }
