package broker

import (
	"net/netip"
	"sync"
	"time"
)

// TooMany says that somebody has to wait.
type TooMany struct{ Wait time.Duration }

func (e *TooMany) Error() string { return "too many: wait " + e.Wait.Round(time.Second).String() }

// limit is how often may be guessed wrongly in a window of time: by one party, and by
// all of them together, where 0 is as often as they like.
type limit struct {
	window  time.Duration
	of, all int
}

var (
	// userCodes has a window as long as a code lives. A party has as many tries as a
	// person mistypes who means it well, and all of them as many as keep guessing
	// hopeless from however many addresses: of 20^8 codes, against a thousand that wait,
	// a thousand tries hit one in 25,000 windows (RFC 8628 §5.1).
	userCodes = limit{deviceLife, 10, 1000}
	// passSecrets have 256 bits: it saves work rather than secrets.
	passSecrets = limit{window: 10 * time.Minute, of: 20}
)

// triesKept bounds the parties that are remembered. One more begins another window.
const triesKept = 10_000

// tries counts what was guessed wrongly, in windows of protocol time. Each process
// counts its own: replicas allow as many times more, and no attack needs a row.
type tries struct {
	mu    sync.Mutex
	since time.Time
	all   int
	of    map[string]int
}

// take counts a try before it is made, because many could be made between a look and
// a count. Who was right gives it back. The error is *TooMany.
func (t *tries) take(l limit, now time.Time, address string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.wait(l, now, address); err != nil {
		return err
	}
	t.all++
	t.of[block(address)]++
	return nil
}

// look does not count: it is for what cannot be guessed, where many may come at once
// from one address and be right. The error is *TooMany.
func (t *tries) look(l limit, now time.Time, address string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wait(l, now, address)
}

func (t *tries) wait(l limit, now time.Time, address string) error {
	if now.Sub(t.since) >= l.window || now.Before(t.since) || len(t.of) >= triesKept || t.of == nil {
		t.since, t.all, t.of = now, 0, map[string]int{}
	}
	if l.all > 0 && t.all >= l.all || t.of[block(address)] >= l.of {
		return &TooMany{t.since.Add(l.window).Sub(now)}
	}
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
