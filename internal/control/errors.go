package control

import (
	"errors"
	"fmt"
)

// ErrConflict says that another replica was faster: the row is no longer the one
// that this step changes.
var ErrConflict = errors.New("conflict")

// ErrNotFound says that there is no such fault, mark or snapshot.
var ErrNotFound = errors.New("not found")

// Invalid says which field of a control cannot be accepted, and why.
type Invalid struct {
	Field string
	Why   string
}

func (e *Invalid) Error() string { return fmt.Sprintf("%s: %s", e.Field, e.Why) }
