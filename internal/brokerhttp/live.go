package brokerhttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
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

// connectionsLive is the list as it changes.
func (s *site) connectionsLive(w http.ResponseWriter, v visit) error {
	return s.stream(w, v, func(v visit) ([]web.LivePart, error) {
		page, err := s.listed(v)
		if err != nil {
			return nil, err
		}
		return page.LiveHTML()
	})
}

// connectionLive is the page of a connection as it changes. It ends with the connection.
func (s *site) connectionLive(w http.ResponseWriter, v visit) error {
	return s.stream(w, v, func(v visit) ([]web.LivePart, error) {
		c, err := s.connectionAsked(v)
		if err != nil {
			return nil, err
		}
		page, err := s.connectionOf(v, c)
		if err != nil {
			return nil, err
		}
		return page.LiveHTML()
	})
}

// webhooksLive is the list of the webhooks as it changes.
func (s *site) webhooksLive(w http.ResponseWriter, v visit) error {
	return s.stream(w, v, func(v visit) ([]web.LivePart, error) {
		page, err := s.webhooksListed(v)
		if err != nil {
			return nil, err
		}
		return page.LiveHTML()
	})
}

// webhookLive is the page of a webhook as it changes. It ends with the webhook.
func (s *site) webhookLive(w http.ResponseWriter, v visit) error {
	return s.stream(w, v, func(v visit) ([]web.LivePart, error) {
		page, err := s.webhookOf(v)
		if err != nil {
			return nil, err
		}
		return page.LiveHTML()
	})
}

// stream sends the parts of a page as they change (server-sent events: HTML, section
// 9.2). It looks at the database, which tells what other replicas do too, and sends what
// differs from what it sent. It ends with the session, or when that must be checked.
func (s *site) stream(w http.ResponseWriter, v visit, look func(visit) ([]web.LivePart, error)) error {
	who := personIn(v.viewer)
	if !s.followers.enter(who) {
		w.WriteHeader(http.StatusNoContent) // which ends it: the browser does not come back
		return nil
	}
	defer s.followers.leave(who)
	next, err := look(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if v.Method == http.MethodHead {
		return nil
	}
	out, tick := http.NewResponseController(w), time.NewTicker(liveTick)
	defer tick.Stop()
	for sent := (map[string]string{}); ; {
		_ = out.SetWriteDeadline(time.Now().Add(liveWait)) // where it cannot be set, there is none to keep
		if sendParts(w, next, sent) != nil || out.Flush() != nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-v.Context().Done():
			return nil
		}
		if v.viewer, err = s.Broker.Viewer(v.Context(), s.session.read(v.Request)); err != nil || v.viewer.Stale || !v.who.has(v.viewer) {
			return s.endLive(v, err)
		}
		if next, err = look(v); err != nil {
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

// sendParts writes the parts that differ from what was sent, which it notes. Where none
// does, a comment tells whether the browser is still there.
func sendParts(w io.Writer, parts []web.LivePart, sent map[string]string) (err error) {
	quiet := true
	for _, p := range parts {
		if before, known := sent[p.Name]; known && before == p.HTML {
			continue
		}
		quiet, sent[p.Name] = false, p.HTML
		if _, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", p.Name, p.HTML); err != nil {
			return err
		}
	}
	if quiet {
		_, err = fmt.Fprint(w, ":\n\n")
	}
	return err
}
