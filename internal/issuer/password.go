package issuer

import (
	"context"
	"runtime"

	"github.com/alexedwards/argon2id"

	"github.com/deskauth/deskauth/internal/secret"
)

// Passwords hashes and checks people's passwords. Each check takes 19 MiB and
// tens of milliseconds, on purpose; so only as many run at once as there are
// processors, and only so many may wait.
type Passwords struct {
	running chan struct{}
	waiting chan struct{}
}

// passwordParams are OWASP's for argon2id. They travel in each hash, so they
// can change without breaking old ones.
var passwordParams = &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// NewPasswords returns a hasher for this machine.
func NewPasswords() *Passwords {
	n := runtime.NumCPU()
	return &Passwords{running: make(chan struct{}, n), waiting: make(chan struct{}, 32*n)}
}

// Hash returns the argon2id hash of a password.
func (p *Passwords) Hash(ctx context.Context, password secret.Plain) (string, error) {
	done, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return argon2id.CreateHash(password.Reveal(), passwordParams)
}

// nobody is the hash that an unknown user's password is compared with.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Verify tells whether a password has this hash. An empty hash costs the same
// and is never right. ErrBusy when too many wait already.
func (p *Passwords) Verify(ctx context.Context, password secret.Plain, hash string) (bool, error) {
	done, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if hash == "" {
		_, _ = argon2id.ComparePasswordAndHash(password.Reveal(), nobody)
		return false, nil
	}
	return argon2id.ComparePasswordAndHash(password.Reveal(), hash)
}

func (p *Passwords) enter(ctx context.Context) (func(), error) {
	select {
	case p.waiting <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	defer func() { <-p.waiting }()
	select {
	case p.running <- struct{}{}:
		return func() { <-p.running }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
