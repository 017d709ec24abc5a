package control

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
)

// Faults are the rules of one process, in the order in which they were added. It
// is safe for concurrent use; with requests one after the other, the same rules
// and seeds disturb the same ones.
type Faults struct {
	mu    sync.Mutex
	rules []*rule
	last  int64
}

// rulesMost bounds what each request is held against.
const rulesMost = 1_000

// Add takes a rule in and returns it with its number.
func (s *Faults) Add(f Fault) (Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rules) >= rulesMost {
		return Fault{}, &Invalid{"kind", "there are too many faults: remove some"}
	}
	f.ID, f.Fired = s.last+1, 0
	r, err := newRule(f)
	if err != nil {
		return Fault{}, err
	}
	s.last++
	s.rules = append(s.rules, r)
	return r.Fault, nil
}

// noFault is the ErrNotFound for a number.
type noFault int64

func (n noFault) Error() string { return fmt.Sprintf("there is no fault %d", int64(n)) }
func (noFault) Unwrap() error   { return ErrNotFound }

// Remove takes a rule out, or returns ErrNotFound.
func (s *Faults) Remove(id int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.ID == id })
	if len(s.rules) == n {
		return noFault(id)
	}
	return nil
}

// Clear takes all rules out. Numbers begin anew, and with them the dice.
func (s *Faults) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.last = nil, 0
}

// List returns the rules, those that are spent too.
func (s *Faults) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Fault{}
	for _, r := range s.rules {
		all = append(all, r.Fault)
	}
	return all
}

// pick decides which rules disturb a request.
func (s *Faults) pick(v *visit) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fired []Fault
	for _, r := range s.rules {
		if r.concerns(v) && r.fires() {
			fired = append(fired, r.Fault)
		}
	}
	return fired
}

// bent is how faults bend a decision, together.
func bent(fired []Fault) (b issuer.Bent) {
	for _, f := range fired {
		switch f.Kind {
		case NarrowedScope:
			b.Narrow = append(oauth.Scope{}, oauth.ParseScope(f.Scope)...)
		case ShortenedLife:
			b.Access, b.Refresh = least(b.Access, f.AccessLife), least(b.Refresh, f.RefreshLife)
		}
	}
	return b
}

// least is the shorter of two lives, of which zero is no limit.
func least(a time.Duration, b Duration) time.Duration {
	if a == 0 || b != 0 && time.Duration(b) < a {
		return time.Duration(b)
	}
	return a
}

// Chaos is a mild mix: of all requests for tokens and of the API, about this part
// is disturbed, by what passes by itself when one tries again. The lost answer is
// among it, since nothing else shows whether a client survives one.
func Chaos(part float64, seed uint64) []Fault {
	share := part / 5
	var mix []Fault
	for _, route := range []string{"POST /oauth/tokens", "POST /oauth2/chat/token", "/api/v2/"} {
		mix = append(mix,
			Fault{Kind: Latency, Route: route, Probability: 2 * share, Delay: Duration(700 * time.Millisecond)},
			Fault{Kind: TooManyRequests, Route: route, Probability: share, RetryAfter: 1},
			Fault{Kind: ServerError, Route: route, Probability: share},
			Fault{Kind: DropAfterCommit, Route: route, Probability: share},
		)
	}
	for n := range mix {
		mix[n].Seed = seed + uint64(n) + 1
	}
	return mix
}

// ParsePart reads "5%" or "0.05".
func ParsePart(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	part, err := strconv.ParseFloat(number, 64)
	if percent {
		part /= 100
	}
	if err != nil || !(part >= 0 && part <= 1) {
		return 0, &Invalid{"chaos", "is a part of the requests, such as 5%"}
	}
	return part, nil
}
