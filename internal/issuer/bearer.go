package issuer

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
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
	Token   Token // where Via is ViaBearer
	Via     Via
	Actor   UserID // the admin who acts as User; zero: User acts
}

// Via tells how a caller came in.
type Via string

// The ways in.
const (
	ViaNothing  Via = "" // an anonymous caller
	ViaBearer   Via = "bearer"
	ViaPassword Via = "password"
	ViaAPIToken Via = "api token"
)

// Anonymous tells whether nobody is known to call.
func (c Caller) Anonymous() bool { return c.Via == ViaNothing }

// ErrToken says that an access token opens nothing: unknown, expired, revoked,
// replaced, of another account, or of a user who may not sign in. All of these
// are one answer.
var ErrToken = oauth.Errorf(oauth.InvalidToken, "the access token is not valid")

// Bearer returns the caller whose access token this is, or ErrToken.
func (i *Issuer) Bearer(ctx context.Context, a Account, p Product, access secret.Plain) (caller Caller, err error) {
	defer i.tellBearer(ctx, a, p, access, &err)
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
	i.Uses.note(t.ref(), now)
	return Caller{Account: a, User: u, Token: t, Via: ViaBearer}, nil
}

// Uses gathers when tokens were used. Writing a row for every call would make
// each read a write; so they are told to the store together, once a second.
type Uses struct {
	mu        sync.Mutex
	tokens    latest[TokenRef]
	apiTokens latest[APITokenRef]
}

// latest is when things were used last.
type latest[K comparable] map[K]time.Time

func (l *latest[K]) note(k K, at time.Time) {
	if *l == nil {
		*l = latest[K]{}
	}
	if at.After((*l)[k]) {
		(*l)[k] = at
	}
}

func (l *latest[K]) merge(older latest[K]) {
	for k, at := range older {
		l.note(k, at)
	}
}

func (u *Uses) note(t TokenRef, at time.Time) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tokens.note(t, at)
}

func (u *Uses) noteAPIToken(t APITokenRef, at time.Time) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.apiTokens.note(t, at)
}

// Of returns when a token was used, as far as the store has not been told yet.
func (u *Uses) Of(t TokenRef) time.Time {
	if u == nil {
		return time.Time{}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.tokens[t]
}

func (u *Uses) ofAPIToken(t APITokenRef) time.Time {
	if u == nil {
		return time.Time{}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.apiTokens[t]
}

// take returns what was gathered and begins anew.
func (u *Uses) take() (map[TokenRef]time.Time, map[APITokenRef]time.Time) {
	if u == nil {
		return nil, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	tokens, apiTokens := u.tokens, u.apiTokens
	u.tokens, u.apiTokens = nil, nil
	return tokens, apiTokens
}

// putBack returns what could not be stored, unless later uses came meanwhile.
func (u *Uses) putBack(tokens map[TokenRef]time.Time, apiTokens map[APITokenRef]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tokens.merge(tokens)
	u.apiTokens.merge(apiTokens)
}

// flushMost bounds how many tokens the store is told of in one step: whoever writes
// meanwhile waits for all of them, and readers find their caches empty after each.
const flushMost = 200

// FlushUses tells the store when tokens were last used.
func (i *Issuer) FlushUses(ctx context.Context) error {
	allTokens, allAPITokens := i.Uses.take()
	tokens := parts(allTokens, func(a, b TokenRef) int { return cmp.Compare(a.ID, b.ID) })
	apiTokens := parts(allAPITokens, func(a, b APITokenRef) int { return cmp.Compare(a.ID, b.ID) })
	for n := range max(len(tokens), len(apiTokens)) {
		if err := i.Store.MarkUsed(ctx, part(tokens, n), part(apiTokens, n)); err != nil {
			for ; n < max(len(tokens), len(apiTokens)); n++ {
				i.Uses.putBack(part(tokens, n), part(apiTokens, n))
			}
			return err
		}
	}
	return nil
}

// parts divides uses into steps, in order: neighbours share a page.
func parts[K comparable](all map[K]time.Time, order func(a, b K) int) (parts []map[K]time.Time) {
	for keys := range slices.Chunk(slices.SortedFunc(maps.Keys(all), order), flushMost) {
		part := make(map[K]time.Time, len(keys))
		for _, k := range keys {
			part[k] = all[k]
		}
		parts = append(parts, part)
	}
	return parts
}

// part is one of them, or nothing: there are fewer of the one kind than of the other.
func part[K comparable](parts []map[K]time.Time, n int) map[K]time.Time {
	if n >= len(parts) {
		return nil
	}
	return parts[n]
}
