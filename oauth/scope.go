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
	seen := wordSet{}
	for word := range strings.SplitSeq(s, " ") {
		if word != "" && seen.add(word) {
			scope = append(scope, word)
		}
	}
	return scope
}

// wordSet keeps what is done with a list in step with its length: others choose
// how long it is.
type wordSet map[string]bool

func setOf(s Scope) wordSet {
	set := make(wordSet, len(s))
	for _, word := range s {
		set[word] = true
	}
	return set
}

// add tells whether the word is new.
func (w wordSet) add(word string) bool {
	if w[word] {
		return false
	}
	w[word] = true
	return true
}

// String joins with single spaces: the form of the wire.
func (s Scope) String() string { return strings.Join(s, " ") }

// IsEmpty tells whether there is no scope at all.
func (s Scope) IsEmpty() bool { return len(s) == 0 }

// Has tells whether the word itself is in the set.
func (s Scope) Has(word string) bool { return slices.Contains(s, word) }

// Contains tells whether every word of other is in s.
func (s Scope) Contains(other Scope) bool {
	all := setOf(s)
	for _, word := range other {
		if !all[word] {
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
	seen := setOf(other)
	for _, word := range s {
		if seen.add(word) {
			rest = append(rest, word)
		}
	}
	return rest
}
