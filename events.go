package deskauth

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// EventFilter chooses events. Its zero fields choose all.
type EventFilter struct {
	Kind       string
	Account    string // subdomain
	Connection int64
	Pass       int64
	By         string    // as an event has it, such as "key 3"
	Since      time.Time // the first instant that is chosen
	Until      time.Time // the first instant after that is not
}

func (f EventFilter) query() url.Values {
	q := url.Values{"limit": {"500"}}
	for name, value := range map[string]string{"kind": f.Kind, "account": f.Account, "by": f.By} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, id := range map[string]int64{"connection": f.Connection, "pass": f.Pass} {
		if id != 0 {
			q.Set(name, fmt.Sprint(id))
		}
	}
	for name, at := range map[string]time.Time{"since": f.Since, "until": f.Until} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return q
}

// Events lists the lines of the broker's audit trail that a filter chooses, oldest first.
// It takes a key that can admin. A loop that gets an error gets nothing more.
func (c *Client) Events(ctx context.Context, f EventFilter) iter.Seq2[Event, error] {
	return c.events(ctx, f, 0)
}

// FollowEvents is Events, and then those that come, asked for at every pause. After an
// error a loop that goes on gets what it would have got: no event is left out, and none
// comes twice. It ends with the context, whose error comes last.
func (c *Client) FollowEvents(ctx context.Context, f EventFilter, pause time.Duration) iter.Seq2[Event, error] {
	return c.events(ctx, f, max(pause, time.Millisecond))
}

// events reads page after page, and the last one again for as long as it is. A broker shows
// no event before all of a lower number, so a page that is full is read for good; what was
// told of the last one is remembered.
func (c *Client) events(ctx context.Context, f EventFilter, pause time.Duration) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		q, told := f.query(), map[int64]bool{}
		for {
			var page EventPage
			err := c.ask(ctx, http.MethodGet, "events", q, nil, &page)
			if err != nil && (!yield(Event{}, err) || pause == 0 || ctx.Err() != nil) {
				return
			}
			for _, e := range page.Events {
				if !told[e.ID] && !yield(e, nil) {
					return
				}
				told[e.ID] = true
			}
			switch {
			case page.NextCursor != nil && *page.NextCursor != "" && *page.NextCursor != q.Get("cursor"):
				q.Set("cursor", *page.NextCursor)
				clear(told)
				continue
			case pause == 0:
				return
			}
			select {
			case <-ctx.Done():
				yield(Event{}, fmt.Errorf("deskauth: %w", context.Cause(ctx)))
				return
			case <-time.After(pause):
			}
		}
	}
}
