//go:build !race

package store_test

// watched: the race detector looks on.
const watched = false
