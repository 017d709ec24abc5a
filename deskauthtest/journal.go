package deskauthtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/control"
)

// Journal is what was asked and decided, the latest some ten thousand entries.
type Journal struct{ z *Zendesk }

// Mark is a place in a journal.
type Mark int64

// Query says which entries are meant. Empty fields mean any.
type Query struct {
	Since   Mark   // those after it
	Event   string // one of Events, or with a dot at its end all that begin so: "refresh."
	Account string // the subdomain
	Client  string // the identifier
	Token   string // the hint
}

// Entry is a line of the journal. It holds no secret.
type Entry struct {
	Event     string
	Time      time.Time // protocol time
	RequestID string
	Account   string
	Client    string
	UserID    int64
	Grant     string
	Token     string // a hint
	Method    string
	Route     string
	Status    int
	Fault     int64
	Reason    string
}

// Events are the names of all events, each with what it means.
func Events() map[string]string {
	all := map[string]string{}
	for _, e := range control.Events() {
		all[string(e.Event)] = e.Meaning
	}
	return all
}

// Mark is where the journal stands now.
func (j *Journal) Mark() Mark {
	return Mark(j.z.controls.Journal.Find(control.Query{Since: 1<<63 - 2}).Last)
}

// Find returns the entries that a query means, the oldest first. An event that
// does not exist fails the test, and so does a mark so old that entries since are
// gone: an expectation must not hold because nobody can tell.
func (j *Journal) Find(q Query) []Entry {
	j.z.helper()
	j.z.check(q.check())
	found := j.z.controls.Journal.Find(control.Query{
		Since: int64(q.Since), Event: q.Event, Account: q.Account, Client: q.Client, Token: q.Token,
	})
	if found.Lost {
		j.z.check(fmt.Errorf("the journal no longer has all entries since %d: set the mark later", q.Since))
	}
	var all []Entry
	for _, e := range found.Entries {
		all = append(all, Entry{
			Event: string(e.Event), Time: e.Now, RequestID: e.RequestID, Account: e.Account, Client: e.Client, UserID: e.User,
			Grant: e.Grant, Token: e.Token, Method: e.Method, Route: e.Route, Status: e.Status, Fault: e.Fault, Reason: e.Reason,
		})
	}
	return all
}

// Count is how many Find finds.
func (j *Journal) Count(q Query) int {
	j.z.helper()
	return len(j.Find(q))
}

func (q Query) check() error {
	known := slices.ContainsFunc(control.Events(), func(e control.EventMeaning) bool {
		name := string(e.Event)
		return name == q.Event || strings.HasSuffix(q.Event, ".") && strings.HasPrefix(name, q.Event)
	})
	if q.Event != "" && !known {
		return fmt.Errorf("there is no event %q: Events lists them all", q.Event)
	}
	return nil
}
