package broker

import (
	"net/netip"
	"sync"
	"time"
)

// TooMany says that somebody has to wait.
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string { return "too many: wait " + e.Wait.Round(time.Second).String() }

const (
	// triesWindow is as long as a code lives.
	triesWindow = deviceLife

	// triesOfAddress is how often a person mistypes who means it well, and triesOfAll
	// what keeps guessing hopeless from however many addresses: of 20^8 codes, against a
	// thousand that wait, a thousand tries hit one in 25,000 windows (RFC 8628 §5.1).
	triesOfAddress = 10
	triesOfAll     = 1000
)

// tries counts what was guessed wrongly, in windows of protocol time. Each process
// counts its own: replicas allow as many times more, and no attack needs a row.
type tries struct {
	mu    sync.Mutex
	since time.Time
	all   int
	of    map[string]int
}

// take counts a try before it is made, because many could be made between a look and
// a count. Who was right gives it back.
func (t *tries) take(now time.Time, address string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil || now.Sub(t.since) >= triesWindow || now.Before(t.since) {
		t.since, t.all, t.of = now, 0, map[string]int{}
	}
	who := block(address)
	if t.all >= triesOfAll || t.of[who] >= triesOfAddress {
		return &TooMany{t.since.Add(triesWindow).Sub(now)}
	}
	t.all++
	t.of[who]++
	return nil
}

func (t *tries) giveBack(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	who := block(address)
	if t.of[who] == 0 { // another window began
		return
	}
	t.all--
	if t.of[who]--; t.of[who] == 0 {
		delete(t.of, who)
	}
}

// block is the addresses that one party has: of IPv6 a network of 64 bits, each of
// whose addresses is free to take.
func block(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Is4() {
		return address
	}
	network, err := addr.Prefix(64)
	if err != nil {
		return address
	}
	return network.String()
}
