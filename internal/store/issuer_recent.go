package store

import (
	"context"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
)

// issuerRecent is what every request asks for again: whose host it came to, whose
// token it is, who that is, which client asks, and whether it failed too often.
// Nothing by which a swap is decided alone is among it: refresh tokens, codes and
// sessions are read anew each time.
type issuerRecent struct {
	accounts  recent[string, issuer.Account]
	all       recent[struct{}, []issuer.Account]
	users     recent[userKey, issuer.User]
	clients   recent[clientKey, issuer.Client]
	clientIDs recent[clientIDKey, issuer.Client]
	tokens    recent[tokenKey, issuer.Token]
	failures  recent[string, failureRow]
	// defaultGroups is the desk's, and shown with every user.
	defaultGroups recent[userKey, desk.GroupID]
}

type userKey struct {
	account issuer.AccountID
	id      issuer.UserID
}

type clientKey struct {
	account    issuer.AccountID
	product    issuer.Product
	identifier string
}

type clientIDKey struct {
	account issuer.AccountID
	product issuer.Product
	id      issuer.ClientID
}

type tokenKey struct {
	account issuer.AccountID
	product issuer.Product
	access  secret.Digest
}

func keyOf(v issuer.Token) tokenKey { return tokenKey{v.Account, v.Product, v.Access} }

func (r *issuerRecent) forgetAll() {
	r.accounts.forgetAll()
	r.all.forgetAll()
	r.users.forgetAll()
	r.clients.forgetAll()
	r.clientIDs.forgetAll()
	r.tokens.forgetAll()
	r.failures.forgetAll()
	r.defaultGroups.forgetAll()
}

// step runs a step and forgets all that is remembered: whoever adds one need not
// think of it. Even a step that failed may have been committed, as far as its
// caller knows: when it gave up waiting.
func (s issuerStore) step(ctx context.Context, f func(ctx context.Context, t *tx) error) error {
	return s.stepOn(ctx, s.db.recent.forgetAll, f)
}

// stepOn is for steps that come often and know what they change.
func (s issuerStore) stepOn(ctx context.Context, forget func(), f func(ctx context.Context, t *tx) error) error {
	return s.db.stepThen(ctx, forget, f)
}

// changesNothing is said by steps that write what nobody remembers.
func changesNothing() {}
