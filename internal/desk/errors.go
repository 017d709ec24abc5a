package desk

import (
	"errors"
	"strings"
)

// Errors of the domain, for the edge to render in Zendesk's words.
var (
	// ErrNotFound says that no such thing exists in this account, or none that
	// the caller may know of.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that another was faster.
	ErrConflict = errors.New("conflict")
	// ErrForbidden says that the caller's role does not reach.
	ErrForbidden = errors.New("forbidden")
	// ErrOutdated says that a ticket changed after its writer last saw it.
	ErrOutdated = errors.New("the ticket has changed since")
	// ErrTooManyJobs says that an account has as many jobs to do as it may.
	ErrTooManyJobs = errors.New("too many jobs are queued or running")
	// ErrTooLarge says that a file is larger than UploadMost.
	ErrTooLarge = errors.New("the file is too large")
)

// Invalid says which field of a value cannot be accepted, and why. The field
// "base" is for what concerns all of it.
type Invalid struct {
	Field string
	Why   string
	Flaw  Flaw
	// Of is the field of tickets that is meant; zero: none. What is wrong then
	// concerns the whole ticket.
	Of   FieldID
	Kind FieldKind // of that field
}

// Flaw is the kind of thing that is wrong with a field.
type Flaw int

// The flaws.
const (
	NotAllowed Flaw = iota // the value is none of those that can be
	Blank
	Immutable // the ticket takes no change any more
	Taken     // another has it
	Outside   // somebody is not where they would have to be
	Unfilled  // a field that the ticket cannot be solved without
)

// Invalids is all that is wrong with a value.
type Invalids []Invalid

func (all Invalids) Error() string {
	words := make([]string, 0, len(all))
	for _, one := range all {
		words = append(words, one.Field+": "+one.Why)
	}
	return strings.Join(words, "; ")
}

func (all *Invalids) add(field string, flaw Flaw, why string) {
	*all = append(*all, Invalid{Field: field, Flaw: flaw, Why: why})
}

// addOf adds what is wrong with a field of tickets.
func (all *Invalids) addOf(f Field, flaw Flaw, why string) {
	*all = append(*all, Invalid{Field: "base", Flaw: flaw, Why: why, Of: f.ID, Kind: f.Kind})
}

// orNil is the error, nil when nothing is wrong.
func (all Invalids) orNil() error {
	if len(all) == 0 {
		return nil
	}
	return all
}
