package oauth

import (
	"slices"
	"strings"
)

// Scope is an ordered set of scope tokens (RFC 6749 §3.3). What a token means,
// and whether one covers another, is the dialect's: here they are words.
type Scope []string

// ParseScope splits at spaces, drops duplicates and keeps the order.
func ParseScope(s string) Scope {
	var scope Scope
	for word := range strings.SplitSeq(s, " ") {
		if word != "" && !scope.Has(word) {
			scope = append(scope, word)
		}
	}
	return scope
}

// String joins with single spaces: the form of the wire.
func (s Scope) String() string { return strings.Join(s, " ") }

// IsEmpty tells whether there is no scope at all.
func (s Scope) IsEmpty() bool { return len(s) == 0 }

// Has tells whether the word itself is in the set.
func (s Scope) Has(word string) bool { return slices.Contains(s, word) }

// Contains tells whether every word of other is in s.
func (s Scope) Contains(other Scope) bool {
	for _, word := range other {
		if !s.Has(word) {
			return false
		}
	}
	return true
}

// Equal compares as sets: order and duplicates do not matter.
func (s Scope) Equal(other Scope) bool { return s.Contains(other) && other.Contains(s) }

// Minus is what s has and other has not, in the order of s.
func (s Scope) Minus(other Scope) Scope {
	var rest Scope
	for _, word := range s {
		if !other.Has(word) && !rest.Has(word) {
			rest = append(rest, word)
		}
	}
	return rest
}
