package issuer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Caller is whoever calls the API: a user, by one of their tokens, or nobody.
// It is an argument of everything the API asks, never hidden in a context.
type Caller struct {
	Account Account
	User    User
	Token   Token
	Via     Via
}

// Via tells how a caller came in.
type Via string

// The ways in.
const (
	ViaNothing Via = "" // an anonymous caller
	ViaBearer  Via = "bearer"
)

// Anonymous tells whether nobody is known to call.
func (c Caller) Anonymous() bool { return c.Via == ViaNothing }

// ErrToken says that an access token opens nothing: unknown, expired, revoked,
// replaced, of another account, or of a user who may not sign in. All of these
// are one answer.
var ErrToken = oauth.Errorf(oauth.InvalidToken, "the access token is not valid")

// Bearer returns the caller whose access token this is, or ErrToken.
func (i *Issuer) Bearer(ctx context.Context, a Account, p Product, access secret.Plain) (Caller, error) {
	now := i.Now()
	t, err := i.Store.TokenByAccess(ctx, a.ID, p, access.Digest())
	if errors.Is(err, ErrNotFound) || err == nil && !t.Opens(now) {
		return Caller{}, ErrToken
	} else if err != nil {
		return Caller{}, err
	}
	u, err := i.Store.User(ctx, a.ID, t.User)
	if errors.Is(err, ErrNotFound) || err == nil && !u.MaySignIn() {
		return Caller{}, ErrToken
	} else if err != nil {
		return Caller{}, err
	}
	i.Uses.note(TokenRef{a.ID, t.ID}, now)
	return Caller{Account: a, User: u, Token: t, Via: ViaBearer}, nil
}

// Uses gathers when tokens were used. Writing a row for every call would make
// each read a write; so they are told to the store together, once a second.
type Uses struct {
	mu   sync.Mutex
	last map[TokenRef]time.Time
}

func (u *Uses) note(t TokenRef, at time.Time) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.keepLater(t, at)
}

// keepLater notes a use unless a later one is known. The caller holds mu.
func (u *Uses) keepLater(t TokenRef, at time.Time) {
	if u.last == nil {
		u.last = map[TokenRef]time.Time{}
	}
	if at.After(u.last[t]) {
		u.last[t] = at
	}
}

// take returns what was gathered and begins anew.
func (u *Uses) take() map[TokenRef]time.Time {
	if u == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.last
	u.last = nil
	return taken
}

// putBack returns what could not be stored, unless later uses came meanwhile.
func (u *Uses) putBack(uses map[TokenRef]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for t, at := range uses {
		u.keepLater(t, at)
	}
}

// FlushUses tells the store when tokens were last used.
func (i *Issuer) FlushUses(ctx context.Context) error {
	uses := i.Uses.take()
	if len(uses) == 0 {
		return nil
	}
	if err := i.Store.MarkUsed(ctx, uses); err != nil {
		i.Uses.putBack(uses)
		return err
	}
	return nil
}
