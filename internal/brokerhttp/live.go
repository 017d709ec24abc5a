package brokerhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// liveMost bounds how many pages are followed at the same time. Each of them is looked
// up anew at every tick. One more is told to stand still; loading it again does.
const liveMost = 32

// liveOwn bounds how many of them are one person's: a customer must not make the pages
// of operators stand still.
const liveOwn = 8

// person is who follows.
type person struct {
	account string
	id      int64
}

func personIn(v broker.Viewer) person { return person{v.Account, v.User.ID} }

// followers counts the pages that are followed. The zero value counts none.
type followers struct {
	mu  sync.Mutex
	all int
	of  map[person]int
}

func (f *followers) enter(p person) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= liveMost || f.of[p] >= liveOwn {
		return false
	}
	if f.of == nil {
		f.of = map[person]int{}
	}
	f.all++
	f.of[p]++
	return true
}

func (f *followers) leave(p person) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.of[p]--; f.of[p] == 0 {
		delete(f.of, p)
	}
}

// liveWait is how long a follower may take over what it is sent. One that is slower
// is dropped: its browser comes back by itself.
const liveWait = 10 * time.Second

// connectionsLive is the list as it changes (server-sent events: HTML, section 9.2).
// It looks at the database, which tells what other replicas do too, and sends what
// differs from what it sent. It ends with the session, or when that must be checked.
func (s *site) connectionsLive(w http.ResponseWriter, v visit) error {
	who := personIn(v.viewer)
	if !s.followers.enter(who) {
		w.WriteHeader(http.StatusNoContent) // which ends it: the browser does not come back
		return nil
	}
	defer s.followers.leave(who)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if v.Method == http.MethodHead {
		return nil
	}
	out, tick := http.NewResponseController(w), time.NewTicker(liveTick)
	defer tick.Stop()
	for sent := (liveParts{}); ; {
		next, err := s.liveParts(v)
		if err != nil {
			return s.endLive(v, err)
		}
		_ = out.SetWriteDeadline(time.Now().Add(liveWait)) // where it cannot be set, there is none to keep
		if next.send(w, sent) != nil || out.Flush() != nil {
			return nil
		}
		sent = next
		select {
		case <-tick.C:
		case <-v.Context().Done():
			return nil
		}
		if v.viewer, err = s.Broker.Viewer(v.Context(), s.session.read(v.Request)); err != nil || v.viewer.Stale {
			return s.endLive(v, err)
		}
	}
}

// endLive notes what went wrong; the answer has begun.
func (s *site) endLive(v visit, err error) error {
	if err != nil && !errors.Is(err, broker.ErrNotFound) && !errors.Is(err, context.Canceled) {
		s.Log.ErrorContext(v.Context(), "a page could not be followed", "error", err)
	}
	return nil
}

type liveParts struct{ counts, rows string }

func (s *site) liveParts(v visit) (p liveParts, err error) {
	page, err := s.listed(v)
	if err == nil {
		p.counts, p.rows, err = page.LiveHTML()
	}
	return p, err
}

// send writes the parts that differ. Where none does, a comment tells whether the
// browser is still there.
func (p liveParts) send(w http.ResponseWriter, sent liveParts) (err error) {
	part := func(name, now, before string) {
		if now != before && err == nil {
			_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, now)
		}
	}
	part("counts", p.counts, sent.counts)
	part("rows", p.rows, sent.rows)
	if p == sent && err == nil {
		_, err = fmt.Fprint(w, ":\n\n")
	}
	return err
}
