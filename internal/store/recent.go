package store

import (
	"sync"
	"time"
)

// recentLife is how long what was read is believed: another process may change a
// row beneath us, and a revocation must be seen within a second everywhere. It is
// machine time, and so is what it is compared with.
const recentLife = 900 * time.Millisecond

// recentMost bounds how many rows of a kind are remembered, twice over.
const recentMost = 4096

// recent remembers rows of one kind that were just read. Own writes drop them at
// once, so that the next request on this process sees what was written; those of
// other processes are seen when recentLife is over.
//
// What get returns is shared: its slices must not be changed.
type recent[K comparable, V any] struct {
	mu         sync.RWMutex
	writes     uint64 // how often something was dropped
	young, old map[K]seen[V]
	since      time.Time // when young was begun
}

type seen[V any] struct {
	value V
	at    time.Time // before the row was read
}

// get returns the value of k, by load where it is not remembered. An error is not
// remembered, so neither is what is missing.
func (r *recent[K, V]) get(k K, load func() (V, error)) (V, error) {
	now := time.Now()
	r.mu.RLock()
	s, ok := r.young[k]
	if !ok {
		s, ok = r.old[k]
	}
	writes := r.writes
	r.mu.RUnlock()
	if ok && now.Sub(s.at) < recentLife {
		return s.value, nil
	}
	v, err := load()
	if err != nil {
		return v, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// A write that came meanwhile may be newer than what was read.
	if writes == r.writes {
		r.keep(k, seen[V]{v, now})
	}
	return v, nil
}

// keep puts the young aside when they are many or no longer young, and with that
// forgets those that were put aside before.
func (r *recent[K, V]) keep(k K, s seen[V]) {
	if r.young == nil || len(r.young) >= recentMost || s.at.Sub(r.since) >= recentLife {
		r.young, r.old, r.since = map[K]seen[V]{}, r.young, s.at
	}
	r.young[k] = s
}

// forget drops what a step has changed. It is called after the commit and before
// the step is answered.
func (r *recent[K, V]) forget(keys ...K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	for _, k := range keys {
		delete(r.young, k)
		delete(r.old, k)
	}
}

func (r *recent[K, V]) forgetAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes++
	r.young, r.old = nil, nil
}
