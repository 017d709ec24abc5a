package broker

import (
	"context"
	"errors"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Operator is a person who sees and does everything, whatever their role: the first
// one, who was let in by an invitation.
type Operator struct {
	Account string
	User    User
	Since   time.Time
}

// Invitation lets the first operator in. There is one at most, and a later one
// replaces it.
type Invitation struct {
	Digest  secret.Digest
	Expires time.Time
}

// invitationLife is how long the link of an invitation works.
const invitationLife = 15 * time.Minute

// Good decides whether the invitation may still be used.
func (i Invitation) Good(now time.Time, d secret.Digest) bool {
	return i.Digest.Equal(d) && now.Before(i.Expires)
}

// Invite makes an invitation while nobody is an operator yet, and returns its secret;
// the absent one when somebody is.
func (b *Broker) Invite(ctx context.Context) (secret.Plain, error) {
	if len(b.Operators) > 0 {
		return secret.Plain{}, nil
	}
	all, err := b.Store.Operators(ctx)
	if err != nil || len(all) > 0 {
		return secret.Plain{}, err
	}
	plain := secret.State(b.Rand)
	return plain, b.Store.KeepInvitation(ctx, Invitation{Digest: plain.Digest(), Expires: b.now().Add(invitationLife)})
}

// ErrNotInvited says that an invitation is unknown, used or over.
var ErrNotInvited = errors.New("the invitation does not work any more")

// Invited tells by the error, ErrNotInvited, whether an invitation may be used. It
// changes nothing.
func (b *Broker) Invited(ctx context.Context, plain secret.Plain) error {
	i, err := b.Store.Invitation(ctx)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !i.Good(b.now(), plain.Digest()):
		return ErrNotInvited
	}
	return err
}
