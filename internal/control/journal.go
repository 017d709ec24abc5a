package control

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Entry is a line of the journal. It holds no secret: of tokens their hints alone,
// and of addresses the pattern of the route.
type Entry struct {
	Seq   int64     `json:"seq"`
	Time  time.Time `json:"time"` // the machine's
	Now   time.Time `json:"now"`  // protocol time
	Event Event     `json:"event"`

	RequestID string `json:"request_id,omitempty"`
	Account   string `json:"account,omitempty"`
	Product   string `json:"product,omitempty"`
	Client    string `json:"client,omitempty"` // the identifier
	User      int64  `json:"user_id,omitempty"`
	Grant     string `json:"grant_type,omitempty"`
	Token     string `json:"token,omitempty"` // its hint
	Method    string `json:"method,omitempty"`
	Route     string `json:"route,omitempty"`
	Status    int    `json:"status,omitempty"`
	Millis    int64  `json:"ms,omitempty"`
	Fault     int64  `json:"fault,omitempty"`
	Kind      Kind   `json:"kind,omitempty"` // of the fault
	Mark      string `json:"mark,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// Query says which entries are meant. Zero fields mean any.
type Query struct {
	Since   int64  // those after this one
	Event   string // a name, or with a dot at its end the beginning of several
	Account string
	Product string
	Client  string
	User    int64
	Token   string
	Request string
	Fault   int64
	Route   string // as Entry has it, a method before it if one is meant; a slash at its end takes in all below
	Status  string // 404, or 4xx for all of its class
}

func (q Query) matches(e Entry) bool {
	return e.Seq > q.Since &&
		(q.Event == "" || matches(q.Event, e.Event)) &&
		(q.Account == "" || q.Account == e.Account) &&
		(q.Product == "" || q.Product == e.Product) &&
		(q.Client == "" || q.Client == e.Client) &&
		(q.User == 0 || q.User == e.User) &&
		(q.Token == "" || q.Token == e.Token) &&
		(q.Request == "" || q.Request == e.RequestID) &&
		(q.Fault == 0 || q.Fault == e.Fault) &&
		(q.Route == "" || q.matchesRoute(e)) &&
		(q.Status == "" || matchesStatus(q.Status, e.Status))
}

func (q Query) matchesRoute(e Entry) bool {
	method, path, found := strings.Cut(q.Route, " ")
	if !found {
		method, path = "", q.Route
	}
	if method != "" && !strings.EqualFold(method, e.Method) {
		return false
	}
	return e.Route == path || strings.HasSuffix(path, "/") && strings.HasPrefix(e.Route, path)
}

// status is what Query.Status can be.
var status = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[1-5](\d\d|xx)$`) })

func matchesStatus(want string, status int) bool {
	got := strconv.Itoa(status)
	return got == want || strings.HasSuffix(want, "xx") && got[0] == want[0]
}

// Journal keeps the latest entries of one process, in a ring. It is safe for
// concurrent use.
type Journal struct {
	machine, now func() time.Time

	mu      sync.Mutex
	ring    []Entry // the entry n stands at n % len(ring)
	last    int64   // the number of the latest; numbers begin at 1
	marks   map[string]int64
	changed chan struct{} // closed, and made anew, with each entry
}

// How much a journal keeps: enough for a test of an afternoon, little enough for
// a laptop.
const (
	entriesMost = 20_000
	marksMost   = 1_000
	textMost    = 300 // of what a client wrote
)

// NewJournal returns an empty one of size entries; zero: a size for everyday use.
// now is protocol time.
func NewJournal(size int, now func() time.Time) *Journal {
	if size == 0 {
		size = entriesMost
	}
	return &Journal{
		machine: time.Now, now: now, ring: make([]Entry, size),
		marks: map[string]int64{}, changed: make(chan struct{}),
	}
}

// add notes an entry, and tells those who follow.
func (j *Journal) add(e Entry) Entry {
	e.Time, e.Now = j.machine().UTC().Truncate(time.Microsecond), j.now().UTC().Truncate(time.Microsecond)
	e.Client, e.Reason, e.Route = clip(e.Client), clip(e.Reason), clip(e.Route)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	e.Seq = j.last
	j.ring[e.Seq%int64(len(j.ring))] = e
	close(j.changed)
	j.changed = make(chan struct{})
	return e
}

func clip(s string) string {
	if len(s) > textMost {
		return s[:textMost] + "…"
	}
	return s
}

// Found is what a query found.
type Found struct {
	Entries []Entry
	// Last is the number of the latest entry there is, found or not.
	Last int64
	// Lost tells that the ring no longer has all since Query.Since.
	Lost bool
	// More is closed when there is an entry after Last.
	More <-chan struct{}
}

// Find returns the entries that a query means, the oldest first.
func (j *Journal) Find(q Query) Found {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := int64(len(j.ring))
	oldest := max(1, j.last-size+1)
	f := Found{Entries: []Entry{}, Last: j.last, Lost: q.Since+1 < oldest, More: j.changed}
	for n := max(oldest, q.Since+1); n <= j.last; n++ {
		if e := j.ring[n%size]; q.matches(e) {
			f.Entries = append(f.Entries, e)
		}
	}
	return f
}

// Mark notes where the journal stands now, under a name if one is given; the same
// name again moves the mark. It returns what Since takes.
func (j *Journal) Mark(name string) (Entry, error) {
	if _, err := strconv.ParseInt(name, 10, 64); err == nil || len(name) > 64 {
		return Entry{}, &Invalid{Field: "name", Why: "a mark's name is at most 64 characters and no number"}
	}
	e := j.add(Entry{Event: JournalMarked, Mark: name})
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, there := j.marks[name]; name == "" || !there && len(j.marks) >= marksMost {
		return e, nil
	}
	j.marks[name] = e.Seq
	return e, nil
}

// since finds the number that a text means: a number, or the name of a mark.
func (j *Journal) since(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return n, nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if n, found := j.marks[text]; found {
		return n, nil
	}
	return 0, &Invalid{Field: "since", Why: "there is no such mark: set it by `deskauth control journal mark`"}
}
