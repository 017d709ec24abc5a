package deskauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth"
)

// trail is a broker's audit trail of three events a page, which a test adds to.
type trail struct {
	mu     sync.Mutex
	ids    []int64
	fail   int // the next requests
	begins []string
}

func (l *trail) add(ids ...int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids = append(l.ids, ids...)
}

func (l *trail) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begins = append(l.begins, r.URL.Query().Get("kind"))
	if l.fail > 0 {
		l.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"type":"urn:deskauth:problem:away"}`)
		return
	}
	var after int64
	_, _ = fmt.Sscanf(r.URL.Query().Get("cursor"), "after-%d", &after)
	text, next, n := "", "null", 0
	for id := after + 1; id < 100; id++ {
		for _, one := range l.ids {
			if one != id {
				continue
			}
			if n++; n > 3 {
				next = fmt.Sprintf(`"after-%d"`, after+3)
				break
			}
			if text != "" {
				text += ","
			}
			text += fmt.Sprintf(`{"id":%d,"at":"2026-11-22T12:00:00Z","kind":"pass_made"}`, id)
		}
	}
	fmt.Fprintf(w, `{"events":[%s],"next_cursor":%s}`, text, next)
}

// Events that come are followed: none is left out, though an earlier number is seen later
// than another, or the broker is away, and none comes twice.
func TestFollowEvents(t *testing.T) {
	l := &trail{ids: []int64{1, 2, 3, 4}}
	server := httptest.NewServer(l)
	defer server.Close()
	c := &deskauth.Client{URL: server.URL, Key: "deskauth_made-up"}
	defer closed(t, c)
	if got, err := all(c.Events(t.Context(), deskauth.EventFilter{Kind: "pass_made"})); err != nil || len(got) != 4 || l.begins[0] != "pass_made" {
		t.Fatalf("%v, %v, %q", got, err, l.begins)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []int64
	away := 0
	for e, err := range c.FollowEvents(ctx, deskauth.EventFilter{}, time.Millisecond) {
		if errors.Is(err, deskauth.ErrAway) {
			away++
			continue
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			break
		}
		switch got = append(got, e.ID); len(got) {
		case 4:
			l.mu.Lock()
			l.fail = 2
			l.mu.Unlock()
			l.add(6)
		case 5:
			l.add(5)
		case 6:
			l.add(7, 8)
		case 8:
			cancel()
		}
	}
	if d := cmp.Diff([]int64{1, 2, 3, 4, 6, 5, 7, 8}, got); d != "" || away != 2 {
		t.Errorf("away %d times, %s", away, d)
	}
}
