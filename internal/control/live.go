package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// LivePath is the journal as a page that follows it. It shows and changes nothing:
// the controls themselves take no request that a page could send.
const LivePath = "/live"

const streamPath = LivePath + "/stream"

// How many entries the page begins with, and how many at most come at once when it
// has missed some: what a person looks through.
const liveMost = 200

// live is GET /live.
func (c *Controls) live(w http.ResponseWriter, r *http.Request) {
	page := web.Journal{
		Page: web.Page{
			Lang: web.Match(r.Header.Get("Accept-Language"), "").ForAdmin(), RequestID: httpd.RequestIDFrom(r.Context()), Admin: true,
		}, Path: LivePath, Clock: c.face(),
		Events: eventNames(), Filter: filterOf(r.URL.Query()),
	}
	accounts, err := c.Issuer.Store.Accounts(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	for _, a := range accounts {
		page.Accounts = append(page.Accounts, a.Subdomain)
	}
	q, err := c.query(r)
	if err != nil {
		page.Wrong = err.Error()
		web.Render(w, http.StatusUnprocessableEntity, page)
		return
	}
	found := c.Journal.Find(q)
	page.Stream, page.Lost = streamOf(r.URL.Query()), found.Lost
	for _, e := range slices.Backward(newest(found.Entries)) {
		page.Entries = append(page.Entries, c.shown(e))
	}
	web.Render(w, http.StatusOK, page)
}

// newest are the last of many entries.
func newest(all []Entry) []Entry { return all[max(0, len(all)-liveMost):] }

// streamOf is the stream of what a page shows.
func streamOf(chosen url.Values) string {
	if len(chosen) == 0 {
		return streamPath
	}
	return streamPath + "?" + chosen.Encode()
}

func filterOf(chosen url.Values) web.JournalFilter {
	f := web.JournalFilter{
		Event: chosen.Get(web.FieldEvent), Account: chosen.Get(web.FieldAccount), Client: chosen.Get("client"),
		Route: chosen.Get(web.FieldRoute), Status: chosen.Get(web.FieldStatus),
	}
	var others []string
	for _, name := range []string{"since", "product", "user_id", "token", "request_id", "fault"} {
		if value := chosen.Get(name); value != "" {
			others = append(others, name+" "+clip(value))
		}
	}
	f.Others = strings.Join(others, ", ")
	return f
}

// eventNames are those of all events, before each family's its own.
func eventNames() (names []string) {
	for _, e := range Events() {
		family, _, _ := strings.Cut(string(e.Event), ".")
		if !slices.Contains(names, family+".") {
			names = append(names, family+".")
		}
		names = append(names, string(e.Event))
	}
	return names
}

// face is protocol time as this process keeps it.
func (c *Controls) face() web.JournalClock {
	clock, machine := c.Clock.known()
	return web.JournalClock{Now: web.Moment{Time: clock.Now(machine)}, Steered: !clock.Own(), Rate: clock.rate().Times()}
}

// shown is an entry as the page has it: what programs get, and a line about it.
func (c *Controls) shown(e Entry) web.JournalEntry {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil { // it is made of texts and numbers
		text = []byte(err.Error())
	}
	s := web.JournalEntry{
		Seq: e.Seq, Now: web.Moment{Time: e.Now}, Event: string(e.Event), Grave: grave(e), Status: e.Status,
		Meaning: meanings()[e.Event], JSON: string(text),
	}
	if e.Method != "" {
		s.Request = e.Method + " " + e.Route
	}
	if e.RequestID != "" {
		s.Same = web.Within(LivePath, "request_id", e.RequestID)
	}
	add := func(format string, value any, there bool) {
		if there {
			s.About = append(s.About, fmt.Sprintf(format, value))
		}
	}
	add("%s", e.Account, e.Account != "")
	add("%s", e.Client, e.Client != "")
	add("user %d", e.User, e.User != 0)
	add("token %s…", e.Token, e.Token != "")
	add("fault %d", e.Fault, e.Fault != 0)
	add("%s", e.Kind, e.Kind != "")
	add("mark %s", e.Mark, e.Mark != "")
	return s
}

// harmless are the refusals among the events that are how things should go.
var harmless = []Event{Event(issuer.ConsentDenied)}

// grave tells whether an entry is of something that did not go well.
func grave(e Entry) bool {
	if e.Event == RequestAborted || e.Event == FaultFired || e.Status >= http.StatusBadRequest {
		return true
	}
	_, what, _ := strings.Cut(string(e.Event), ".")
	return slices.Contains([]string{"unverified", "refused", "slowed", "unknown", "replayed", "expired", "ended"}, what) &&
		!slices.Contains(harmless, e.Event)
}

// meanings are those of Events.
var meanings = sync.OnceValue(func() map[Event]string {
	all := map[Event]string{}
	for _, e := range Events() {
		all[e.Event] = e.Meaning
	}
	return all
})

// liveTick is how often the page hears what time it is. It is also how a browser
// that is gone without a word is noticed.
const liveTick = time.Second

// stream is GET /live/stream: entries as they happen, and the clock, as parts of the
// page (server-sent events: HTML, section 9.2).
func (c *Controls) stream(w http.ResponseWriter, r *http.Request) {
	q, err := c.query(r)
	if err != nil {
		refuse(w, err)
		return
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" { // the browser came back by itself
		q.Since, _ = strconv.ParseInt(last, 10, 64)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return
	}
	out, tick := http.NewResponseController(w), time.NewTicker(liveTick)
	defer tick.Stop()
	for {
		found := c.Journal.Find(q)
		if q.Since > found.Last { // the demo was started anew, and its journal with it
			q.Since = 0
			found = c.Journal.Find(q)
		}
		if c.send(w, newest(found.Entries)) != nil || out.Flush() != nil {
			return
		}
		q.Since = found.Last
		select {
		case <-found.More:
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-c.Done:
			return
		}
	}
}

// send writes entries, the oldest first, and the clock.
func (c *Controls) send(w io.Writer, entries []Entry) error {
	page := web.Journal{Path: LivePath}
	for _, e := range entries {
		html, err := page.EntryHTML(c.shown(e))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "id: %d\nevent: entry\ndata: %s\n\n", e.Seq, html); err != nil {
			return err
		}
	}
	html, err := page.ClockHTML(c.face())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: clock\ndata: %s\n\n", html)
	return err
}
