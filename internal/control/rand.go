package control

import (
	"crypto/sha256"
	"math/rand/v2"
	"sync"
)

// Rand is randomness that comes the same way again: issuer.Issuer.Rand of a demo
// with --random-seed. What is made from it is no secret. It is safe for concurrent
// use; only requests one after the other get the same again.
type Rand struct {
	seed [sha256.Size]byte

	mu     sync.Mutex
	source *rand.ChaCha8
}

// NewRand begins the sequence of a seed.
func NewRand(seed string) *Rand {
	r := &Rand{seed: sha256.Sum256([]byte(seed))}
	r.Restart()
	return r
}

// Read fills p; it never fails.
func (r *Rand) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

// Restart begins the sequence anew.
func (r *Rand) Restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.source = rand.NewChaCha8(r.seed)
}
