package issuer

import (
	"context"
	"errors"
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
	u, err := i.byPassword(ctx, a, in, forgetful{i.Passwords})
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
	within := limits("sign-in", a.ID, NormalEmail(in.Email), in.Origin)
	if err := i.allowed(ctx, now, within); err != nil {
		return User{}, err
	}
	u, err = i.Store.UserByEmail(ctx, a.ID, NormalEmail(in.Email))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	if verify.remembers(in.Password, u.PasswordHash) && u.MaySignIn() {
		return u, nil
	}
	return u, i.tryPassword(ctx, now, in.Origin, within, ErrSignIn, u.signInFailed(now, in.Origin), func() error {
		// An unknown email costs the same work as a known one.
		right, err := verify.verify(ctx, in.Password, u.PasswordHash)
		if err == nil && (!right || !u.MaySignIn()) {
			err = ErrSignIn
		}
		return err
	})
}

// signInFailed is what the audit trail keeps of a failure to sign in as a user, in
// whose name nobody acted yet; nothing where there is no such user.
func (u User) signInFailed(now time.Time, from Origin) []Event {
	if u.ID == 0 || u.Erased {
		return nil
	}
	stranger := By{Origin: from}
	return []Event{stranger.event(u.Account, now, ActionSignInFailed, "user", int64(u.ID), "")}
}

// verifier is a way to check passwords: with a memory of those that were right
// a moment ago, or without.
type verifier interface {
	remembers(password secret.Plain, hash string) bool
	verify(ctx context.Context, password secret.Plain, hash string) (bool, error)
}

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
	by := By{User: u.ID, Origin: from}
	e := by.event(a.ID, now, ActionSessionStarted, "user", int64(u.ID), "")
	if err := i.Store.StartSession(ctx, s, old.Digest(), e); err != nil {
		return secret.Plain{}, err
	}
	return id, nil
}

// SignOut ends a session. Ending one that is not there is no error.
func (i *Issuer) SignOut(ctx context.Context, a Account, id secret.Plain, from Origin) error {
	s, err := i.Store.Session(ctx, a.ID, id.Digest())
	if errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	by := By{User: s.User, Origin: from}
	return i.Store.EndSession(ctx, a.ID, s.Digest, by.event(a.ID, i.Now(), ActionSessionEnded, "user", int64(s.User), ""))
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
