// Package slip finds what somebody meant who mistyped a name.
package slip

import (
	"slices"
	"strings"
)

// Farthest is how many letters may be wrong, missing or too many in what is taken for
// a slip of the hand.
const Farthest = 2

// Letters is how many letters one must change, add or take away to make b of a
// (Levenshtein's distance). It counts bytes.
func Letters(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}

// Near are those of the names that typed resembles most, if any does: by letters, or
// as the beginning of one.
func Near(typed string, names []string) (near []string) {
	if len(typed) < 2 {
		return nil
	}
	least := Farthest + 1
	for _, name := range names {
		n := Letters(typed, name)
		if strings.HasPrefix(name, typed) {
			n = min(n, Farthest)
		}
		if n < least {
			least, near = n, nil
		}
		if n == least && n <= Farthest && !slices.Contains(near, name) {
			near = append(near, name)
		}
	}
	return near
}

// DidYouMean asks about names, at the end of a line; nothing where there are none.
func DidYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(names, " or ") + "?"
}
