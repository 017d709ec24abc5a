package brokerhttp

import (
	"fmt"
	"math"
	"net/netip"
	"sync"
	"time"
)

// Wrong secrets are counted for each address; right ones never are. A secret has 256
// bits, so this saves work rather than secrets.
const (
	triesMost = 20
	triesTime = 10 * time.Minute
	triesKept = 10_000 // addresses
)

// tooManyTries says that an address brought too many wrong secrets.
type tooManyTries struct{ wait time.Duration }

func (e *tooManyTries) Error() string { return fmt.Sprintf("too many wrong secrets; wait %v", e.wait) }

// tries counts failures. Its time is the machine's.
type tries struct {
	mu   sync.Mutex
	from map[netip.Prefix]failures
}

type failures struct {
	n     int
	since time.Time
}

// whose is the network of an address: one that has a /64 has all of its addresses.
func whose(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // of no address: no prefix, shared by all that have none
	return p
}

// check returns *tooManyTries when the address has to wait.
func (t *tries) check(a netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.from[whose(a)]
	if wait := triesTime - time.Since(f.since); f.n >= triesMost && wait > 0 {
		return &tooManyTries{wait}
	}
	return nil
}

// failed counts a wrong secret.
func (t *tries) failed(a netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.from) >= triesKept {
		for p, f := range t.from {
			if time.Since(f.since) >= triesTime {
				delete(t.from, p)
			}
		}
		if len(t.from) >= triesKept {
			clear(t.from)
		}
	}
	if t.from == nil {
		t.from = map[netip.Prefix]failures{}
	}
	f := t.from[whose(a)]
	if time.Since(f.since) >= triesTime {
		f = failures{since: time.Now()}
	}
	f.n++
	t.from[whose(a)] = f
}

// wholeSeconds is a wait for Retry-After: never none.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(max(d, time.Second).Seconds())) }
