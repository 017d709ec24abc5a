package store

import (
	"context"
	"slices"

	"github.com/deskauth/deskauth/internal/broker"
)

// What the tests of this package see of its inside.

// Tx is what a step works with.
type Tx = tx

// Step runs f as one atomic step.
func (d *DB) Step(ctx context.Context, f func(ctx context.Context, t *Tx) error) error {
	return d.step(ctx, f)
}

// Waiting tells how many steps wait for the SQLite writer.
func (d *DB) Waiting() int { return len(d.queue) }

// Passengers tells how many who present a token wait for the next trip to PostgreSQL.
func (d *DB) Passengers() int {
	d.presented.mu.Lock()
	defer d.presented.mu.Unlock()
	return len(d.presented.waiting)
}

// FlightsMost and PassengersMost bound trips and who goes on one.
const (
	FlightsMost    = flightsMost
	PassengersMost = passengersMost
)

// ErrClosed answers steps that come after Close.
var ErrClosed = errClosed

// Path is where a database of SQLite is.
func (d *DB) Path() string { return d.path }

// Recent remembers numbers by name.
type Recent = recent[string, int]

// Get is get.
func (r *recent[K, V]) Get(k K, load func() (V, error)) (V, error) { return r.get(k, load) }

// Forget is forget.
func (r *recent[K, V]) Forget(keys ...K) { r.forget(keys...) }

// ForgetAll is forgetAll.
func (r *recent[K, V]) ForgetAll() { r.forgetAll() }

// RecentMost is how many are remembered, twice over.
const RecentMost = recentMost

// Statements whose plans are looked at.
const (
	EndFamily     = endFamily
	EventsInOrder = eventsInOrder
	PruneReplaced = pruneReplaced
	PruneLast     = pruneLast
)

// SealedColumns are the columns of keys' ids that a rotation knows.
func SealedColumns() (all []string) {
	for _, kind := range broker.SealedKinds {
		all = append(all, sealedColumns[kind].table+"."+sealedColumns[kind].key)
	}
	slices.Sort(all)
	return all
}

// MarkUses is a statement whose plan is looked at.
var MarkUses = markUses()

// UsesAtOnce is how many uses one statement writes.
const UsesAtOnce = usesAtOnce
