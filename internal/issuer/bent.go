package issuer

import (
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// Bent is how a demo's faults bend one decision. It comes with the request that
// is decided, as an argument; its zero value bends nothing, and that is what every
// request has outside of a demo.
type Bent struct {
	// Narrow keeps of a token's scope only what these names cover.
	Narrow oauth.Scope
	// Access and Refresh are the longest that a token may live, below Zendesk's
	// own bounds; zero: no limit.
	Access, Refresh time.Duration
}

// bent is the policy of this one decision.
func (p Policy) bent(b Bent) Policy {
	p.narrowTo, p.longest = b.Narrow, life{access: orNil(b.Access), refresh: orNil(b.Refresh)}
	return p
}

func orNil(d time.Duration) *time.Duration {
	if d == 0 {
		return nil
	}
	return &d
}

// narrowed is what a fault leaves of a scope that was decided on.
func (p Policy) narrowed(decided oauth.Scope) oauth.Scope {
	if p.narrowTo == nil {
		return decided
	}
	kept := oauth.Scope{}
	for _, s := range p.narrowTo {
		if p.Covers(decided, s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// shortened is what a fault leaves of lifetimes that were decided on.
func (p Policy) shortened(l life) life {
	return life{access: shorter(l.access, p.longest.access), refresh: shorter(l.refresh, p.longest.refresh)}
}

// shorter is the smaller of two lives, of which nil lasts for ever.
func shorter(a, b *time.Duration) *time.Duration {
	if a == nil || b != nil && *b < *a {
		return b
	}
	return a
}
