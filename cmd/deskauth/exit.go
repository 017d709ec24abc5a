package main

import (
	"context"
	"errors"
	"strings"
)

// Exit codes, documented by `deskauth help exit-codes`.
const (
	exitOK          = 0
	exitFailure     = 1   // it was tried and did not work
	exitUsage       = 2   // the command line is wrong, or an answer is needed and nobody is there; nothing was tried
	exitPartly      = 3   // of many, some failed
	exitSignIn      = 4   // somebody must sign in again
	exitNotFoundAt  = 5   // there is no such account, client, token …
	exitRefused     = 6   // the other side refuses it: role, scope, setting
	exitUnavailable = 7   // the other side cannot be reached, or says "later"
	exitInterrupted = 130 // Ctrl-C
	exitTerminated  = 143 // SIGTERM
)

// coded is an error with an exit code of its own.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

func asNotFound(err error) error    { return coded{err, exitNotFoundAt} }
func asRefused(err error) error     { return coded{err, exitRefused} }
func asUnavailable(err error) error { return coded{err, exitUnavailable} }

// mustSignIn is an error that a sign-in mends.
type mustSignIn struct{ error }

func (m mustSignIn) Unwrap() error { return m.error }

// usage is an error of the command line itself.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

// codeOf is the exit code of a command that failed.
func codeOf(err error) int {
	var c coded
	switch {
	case errors.As(err, new(usage)):
		return exitUsage
	case errors.As(err, new(mustSignIn)):
		return exitSignIn
	case errors.As(err, &c):
		return c.code
	}
	return exitFailure
}

// interrupted tells a command that a signal ended, and its code.
func interrupted(ctx context.Context, err error) (code int, is bool) {
	cause := context.Cause(ctx)
	if cause == nil || !errors.Is(err, context.Canceled) && !errors.Is(err, cause) {
		return 0, false
	}
	if strings.Contains(cause.Error(), "terminated") { // as signal.NotifyContext words it
		return exitTerminated, true
	}
	return exitInterrupted, true
}
