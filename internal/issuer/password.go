package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/deskauth/deskauth/internal/secret"
)

// Passwords hashes and checks people's passwords. Each check takes 19 MiB and
// tens of milliseconds, on purpose; so only as many run at once as there are
// processors, and only so many may wait.
type Passwords struct {
	cost    *argon2id.Params
	running chan struct{}
	waiting chan struct{}

	key      []byte // of this process alone
	mu       sync.Mutex
	verified map[[sha256.Size]byte]time.Time
}

// passwordParams are OWASP's for argon2id. They travel in each hash, so they
// can change without breaking old ones.
var passwordParams = &argon2id.Params{Memory: 19456, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// NewPasswords returns a hasher for this machine.
func NewPasswords() *Passwords { return passwords(passwordParams) }

// CheapPasswords returns a hasher whose hashes anybody can try out. It is for tests,
// which make a thousand accounts that nobody attacks: no other code may name it
// (arch_test.go).
func CheapPasswords() *Passwords {
	cheap := *passwordParams
	cheap.Memory, cheap.Iterations = 64, 1
	return passwords(&cheap)
}

func passwords(cost *argon2id.Params) *Passwords {
	n := runtime.NumCPU()
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it cannot fail
	return &Passwords{
		cost: cost, running: make(chan struct{}, n), waiting: make(chan struct{}, 32*n),
		key: key, verified: map[[sha256.Size]byte]time.Time{},
	}
}

// Hash returns the argon2id hash of a password.
func (p *Passwords) Hash(ctx context.Context, password secret.Plain) (string, error) {
	done, err := p.enter(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return argon2id.CreateHash(password.Reveal(), p.cost)
}

// nobody is the hash that an unknown user's password is compared with. It costs what
// a known one's costs.
func (p *Passwords) nobody() string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		p.cost.Memory, p.cost.Iterations, p.cost.Parallelism)
}

// Verify tells whether a password has this hash. An empty hash costs the same
// and is never right. ErrBusy when too many wait already.
func (p *Passwords) Verify(ctx context.Context, password secret.Plain, hash string) (bool, error) {
	done, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if hash == "" {
		_, _ = argon2id.ComparePasswordAndHash(password.Reveal(), p.nobody())
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

// forgetful checks each password anew.
type forgetful struct{ *Passwords }

func (forgetful) remembers(secret.Plain, string) bool { return false }

func (f forgetful) verify(ctx context.Context, password secret.Plain, hash string) (bool, error) {
	return f.Verify(ctx, password, hash)
}

// mindful is for Basic authentication, which sends the password with every
// request: what was right stays known for a minute, as a keyed digest that says
// nothing without this process's key. The hash is part of it, so a changed
// password is forgotten at once.
type mindful struct{ *Passwords }

func (m mindful) verify(ctx context.Context, password secret.Plain, hash string) (bool, error) {
	right, err := m.Verify(ctx, password, hash)
	if right && err == nil {
		m.remember(m.digest(password, hash))
	}
	return right, err
}

func (m mindful) remembers(password secret.Plain, hash string) bool {
	return m.known(m.digest(password, hash))
}

func (p *Passwords) digest(password secret.Plain, hash string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(hash))
	mac.Write([]byte{0})
	mac.Write([]byte(password.Reveal()))
	return [sha256.Size]byte(mac.Sum(nil))
}

// How long a verified password is remembered (machine time), and how many are.
const (
	rememberFor  = time.Minute
	rememberMost = 10_000
)

func (p *Passwords) known(known [sha256.Size]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, found := p.verified[known]
	return found && time.Since(at) < rememberFor
}

func (p *Passwords) remember(known [sha256.Size]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.verified) >= rememberMost {
		clear(p.verified) // a minute's memory is not worth an order of leaving
	}
	p.verified[known] = time.Now()
}
