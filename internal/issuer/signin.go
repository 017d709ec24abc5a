package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// SignIn is what a person types into the sign-in page.
type SignIn struct {
	Email    string
	Password secret.Plain
	Origin   Origin
}

// SignIn starts a session for a user who knows the password. It ends the
// session that the browser had before, if any: ids rotate on sign-in.
//
// It returns ErrSignIn, *TooMany after too many failures, or ErrBusy.
func (i *Issuer) SignIn(ctx context.Context, a Account, in SignIn, old secret.Plain) (secret.Plain, error) {
	u, err := i.byPassword(ctx, a, in, i.Passwords.Verify)
	if err != nil {
		return secret.Plain{}, err
	}
	return i.startSession(ctx, i.Now(), a, u, old, in.Origin)
}

// byPassword finds the user who has this email and password. All ways in that
// take a password pass here: the page, the grant, and Basic authentication.
func (i *Issuer) byPassword(ctx context.Context, a Account, in SignIn, verify verifier) (u User, err error) {
	defer i.tellSignIn(ctx, a, &u, &err)
	now := i.Now()
	subject := fmt.Sprintf("sign-in %d %s %s", a.ID, NormalEmail(in.Email), in.Origin.Address)
	if err := i.allowed(ctx, now, subject); err != nil {
		return User{}, err
	}
	u, err = i.Store.UserByEmail(ctx, a.ID, NormalEmail(in.Email))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	// An unknown email costs the same work as a known one.
	right, busy := verify(ctx, in.Password, u.PasswordHash)
	if busy != nil {
		return User{}, busy
	}
	if !right || !u.MaySignIn() {
		return User{}, i.failed(ctx, now, subject, ErrSignIn)
	}
	return u, nil
}

// verifier is a way of Passwords to check one.
type verifier func(ctx context.Context, password secret.Plain, hash string) (bool, error)

// SignInAs starts a session without a password. It is a power of a demo.
func (i *Issuer) SignInAs(ctx context.Context, a Account, email string, old secret.Plain, from Origin) (session secret.Plain, err error) {
	var u User
	defer i.tellSignIn(ctx, a, &u, &err)
	u, err = i.Store.UserByEmail(ctx, a.ID, NormalEmail(email))
	if errors.Is(err, ErrNotFound) || err == nil && !u.MaySignIn() {
		return secret.Plain{}, ErrSignIn
	} else if err != nil {
		return secret.Plain{}, err
	}
	return i.startSession(ctx, i.Now(), a, u, old, from)
}

func (i *Issuer) startSession(ctx context.Context, now time.Time, a Account, u User, old secret.Plain, from Origin) (secret.Plain, error) {
	id := secret.New(i.Rand)
	s := Session{Account: a.ID, Digest: id.Digest(), User: u.ID, Created: now, Expires: now.Add(SessionLife)}
	e := Event{Account: a.ID, At: now, Actor: u.ID, Action: "session.started", Object: fmt.Sprintf("user %d", u.ID), Origin: from}
	if err := i.Store.StartSession(ctx, s, old.Digest(), e); err != nil {
		return secret.Plain{}, err
	}
	return id, nil
}

// SignOut ends a session. Ending one that is not there is no error.
func (i *Issuer) SignOut(ctx context.Context, a Account, id secret.Plain) error {
	return i.Store.EndSession(ctx, a.ID, id.Digest())
}

// SignedIn returns the user of a session, or ErrNotFound when the session ended
// or its user may no longer sign in.
func (i *Issuer) SignedIn(ctx context.Context, a Account, id secret.Plain) (User, error) {
	if id.IsZero() {
		return User{}, ErrNotFound
	}
	s, err := i.Store.Session(ctx, a.ID, id.Digest())
	if err != nil {
		return User{}, err
	}
	if !s.Alive(i.Now()) {
		return User{}, ErrNotFound
	}
	u, err := i.Store.User(ctx, a.ID, s.User)
	if err != nil {
		return User{}, err
	}
	if !u.MaySignIn() {
		return User{}, ErrNotFound
	}
	return u, nil
}

// Failures are slowed down by window: so many in this time, then wait for its
// end. Successes and invalid_grant never count.
const (
	failuresMost   = 10
	failuresWindow = time.Minute
)

// allowed tells whether a subject may try at all.
func (i *Issuer) allowed(ctx context.Context, now time.Time, subject string) error {
	failures, ends, err := i.Store.Failures(ctx, subjectKey(subject), now)
	if err != nil {
		return err
	}
	if failures >= failuresMost {
		return &TooMany{After: ends.Sub(now)}
	}
	return nil
}

// failed counts a failure and returns what it was.
func (i *Issuer) failed(ctx context.Context, now time.Time, subject string, cause error) error {
	if err := i.Store.CountFailure(ctx, subjectKey(subject), now, now.Add(failuresWindow)); err != nil {
		return err
	}
	return cause
}

// subjectMost is far below the 2.7 kB of PostgreSQL's longest key. A client_id may
// be 8 kB of anything, and must be refused without a fault of ours.
const subjectMost = 400

// subjectKey bounds a subject, part of which a stranger wrote.
func subjectKey(subject string) string {
	if len(subject) <= subjectMost {
		return subject
	}
	digest := secret.Of(subject).Digest()
	return "digest " + hex.EncodeToString(digest.Bytes())
}
