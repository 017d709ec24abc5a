package deskauth

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotFound says that there is no such connection, or no such link that is open.
var ErrNotFound = errors.New("deskauth: no such connection")

// ErrAway says that the broker's database cannot be reached just now. It heals by
// itself; what was asked for may have been done.
var ErrAway = errors.New("deskauth: the broker's database cannot be reached now")

// Unusable is the error for a connection that needs a person: somebody must allow
// it again, look at Zendesk, or enable it. Trying again does not help.
type Unusable struct {
	Connection int64
	State      State
	Reason     string
}

func (e *Unusable) Error() string {
	return fmt.Sprintf("deskauth: connection %d is %s: %s", e.Connection, e.State, e.Reason)
}

// Unavailable is the error for a connection whose token is over and cannot be
// renewed just now. It heals by itself.
type Unavailable struct {
	Connection int64
	RetryAfter time.Duration // 0: not known
	Reason     string
	Err        error // may be nil
}

func (e *Unavailable) Error() string {
	text := fmt.Sprintf("deskauth: connection %d cannot be renewed now: %s", e.Connection, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Unavailable) Unwrap() error { return e.Err }
