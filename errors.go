package deskauth

import (
	"errors"
	"fmt"
	"time"
)

// The errors below come from an embedded broker and from a Client alike.
var (
	// ErrNotFound says that there is no such connection, pass, or link that is open; for
	// a Client, also that there is one that its key does not reach.
	ErrNotFound error = lasting("deskauth: there is no such connection, pass or open link")

	// ErrAway says that the broker, or its database, cannot be reached just now. It heals
	// by itself; what was asked for may have been done.
	ErrAway = errors.New("deskauth: the broker or its database cannot be reached now")

	// ErrNotRevoked says that a connection could not be ended at Zendesk. It stays,
	// disabled, and can be revoked again.
	ErrNotRevoked = errors.New("deskauth: the connection could not be ended at Zendesk, and is kept, disabled")

	// ErrKeyRefused says that the broker does not accept a Client's key.
	ErrKeyRefused error = lasting("deskauth: the broker does not accept the key")
	// ErrForbidden says that a Client's key is good, but not for this.
	ErrForbidden error = lasting("deskauth: the key does not allow this")
)

// lasting is an error that trying again does not mend, which is told to those who would.
type lasting string

func (e lasting) Error() string { return string(e) }
func (lasting) Retryable() bool { return false }

// Unusable is the error for a connection that needs a person: somebody must allow
// it again, look at Zendesk, or enable it. Trying again does not help.
type Unusable struct {
	Connection int64
	State      State
	Reason     string
}

// Error says which connection it is, in what state, and why.
func (e *Unusable) Error() string {
	return fmt.Sprintf("deskauth: connection %d is %s: %s", e.Connection, e.State, e.Reason)
}

// Retryable is false: an HTTP client that tries again need not.
func (*Unusable) Retryable() bool { return false }

// ReauthorizeError is the Unusable for a connection that works again once its own person
// has signed in at URL, a page of the broker's that anybody may be shown. A link (MakeLink)
// leads there as well, and lets in nobody else.
type ReauthorizeError struct {
	Unusable
	URL string
}

// Error is the Unusable's, and where to sign in.
func (e *ReauthorizeError) Error() string { return e.Unusable.Error() + "; sign in at " + e.URL }

// Unwrap is the Unusable that it is.
func (e *ReauthorizeError) Unwrap() error { return &e.Unusable }

// Unavailable is the error for a connection whose token is over and cannot be
// renewed just now. It heals by itself.
type Unavailable struct {
	Connection int64
	RetryAfter time.Duration // 0: not known
	Reason     string
	Err        error // what stood in the way; nil from a Client, whom the broker does not tell
}

// Error says which connection it is, and what stood in the way.
func (e *Unavailable) Error() string {
	text := fmt.Sprintf("deskauth: connection %d cannot be renewed now: %s", e.Connection, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap is Err, which may be nil.
func (e *Unavailable) Unwrap() error { return e.Err }

// Retryable is false: RetryAfter says when it is of use.
func (*Unavailable) Retryable() bool { return false }

// Invalid is the error for a value that cannot be used.
type Invalid struct {
	Field string // as on the wire: "expires_in"
	Why   string
}

// Error is the field and why.
func (e *Invalid) Error() string { return e.Field + ": " + e.Why }

// RemoteError is any other refusal of a broker's, for a Client.
type RemoteError struct {
	Status    int
	Type      string // a word: "server_error"; empty when the answer was none of a broker's
	Title     string
	Detail    string
	RequestID string // names the request in the broker's log
}

// Error is what the broker said, with the number of the request in its log.
func (e *RemoteError) Error() string {
	text := fmt.Sprintf("deskauth: the broker answered with status %d", e.Status)
	for _, more := range []string{e.Title, e.Detail} {
		if more != "" {
			text += ": " + more
		}
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Retryable is false: a broker that answered will answer the same.
func (*RemoteError) Retryable() bool { return false }
