package store

import (
	"runtime"
	"time"
)

// gatherer decides which steps share a commit. A commit costs about a
// millisecond of disk whatever is in it, so it pays to wait a moment for those
// who are about to come; but nobody waits who is alone.
type gatherer struct {
	queue    <-chan *pending
	expected int // how many came together last time
	idle     *time.Timer
}

// The next is expected within gatherIdle of the one before, and all of them
// within gatherMost.
const (
	gatherIdle = 200 * time.Microsecond
	gatherMost = 2 * time.Millisecond
)

func newGatherer(queue <-chan *pending) *gatherer {
	idle := time.NewTimer(time.Hour)
	idle.Stop()
	return &gatherer{queue: queue, idle: idle}
}

// gather returns the step that came first with those that came meanwhile. After a
// group it waits for as many again: they are those who were just answered, and
// whose next request is on its way. When fewer come, fewer are expected.
func (g *gatherer) gather(first *pending) []*pending {
	// The goroutine that handed the first step in has woken this one before others
	// that can run, too: let them hand in theirs.
	runtime.Gosched()
	group := g.take([]*pending{first})
	for start := time.Now(); len(group) < g.expected && time.Since(start) < gatherMost; group = g.take(group) {
		g.idle.Reset(gatherIdle)
		select {
		case p := <-g.queue:
			group = append(group, p)
			continue
		case <-g.idle.C:
		}
		break
	}
	g.idle.Stop()
	g.expected = len(group)
	return group
}

// take adds those that wait already.
func (g *gatherer) take(group []*pending) []*pending {
	for len(group) < groupMost {
		select {
		case p := <-g.queue:
			group = append(group, p)
		default:
			return group
		}
	}
	return group
}
