package control

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/apidoc"
	"github.com/deskauth/deskauth/internal/web"
)

// Handler serves the control listener: JSON, for programs of this machine.
func (c *Controls) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, e := range c.endpoints() {
		if e.serve == nil {
			continue
		}
		mux.HandleFunc(e.Method+" "+e.Path, answered(e.serve))
	}
	mux.HandleFunc("GET /{$}", answered(func(*http.Request) (any, error) {
		return map[string]any{"name": "deskauth control", "controls": c.endpoints()}, nil
	}))
	mux.HandleFunc("GET "+apidoc.Path, apidoc.ServeControl)
	mux.HandleFunc("GET /journal", c.journal)
	mux.HandleFunc("GET "+LivePath, c.live)
	mux.HandleFunc("GET "+streamPath, c.stream)
	mux.Handle("GET /static/", web.Static())
	mux.HandleFunc("/", answered(func(*http.Request) (any, error) {
		return nil, fmt.Errorf("there is no such control, GET / lists them: %w", ErrNotFound)
	}))
	return local(mux)
}

// endpoint is one control. What serve returns becomes JSON; nil is 204. One without
// serve answers by itself.
type endpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Does   string `json:"does"`
	serve  func(r *http.Request) (any, error)
}

func (c *Controls) endpoints() []endpoint {
	return []endpoint{
		{"GET", apidoc.Path, "all of this in OpenAPI 3.1", nil},

		{"GET", "/clock", "what time it is", c.showClock},
		{"PUT", "/clock", `sets it: {"now": "2026-11-22T10:00:00Z", "rate": 60}, either or both`, c.setClock},
		{"POST", "/clock/advance", `lets time pass at once: {"by": "29m"}`, c.advanceClock},
		{"POST", "/clock/freeze", "stops it", c.freezeClock},
		{"DELETE", "/clock", "makes it the machine's own again", c.resetClock},

		{"GET", "/faults", "the rules, in their order", c.listFaults},
		{"POST", "/faults", `adds one: {"kind": "drop_after_commit", "route": "POST /oauth/tokens", "count": 1}`, c.addFault},
		{"DELETE", "/faults/{id}", "removes one", c.removeFault},
		{"DELETE", "/faults", "removes all", c.clearFaults},

		{"GET", "/journal", "entries: ?since=MARK&event=refresh.replayed&client=ID&account=&product=&user_id=&token=&request_id=&fault=&route=&status=4xx; follow=true for JSON lines", nil},
		{"GET", LivePath, "the same as a page, for a browser of this machine", nil},
		{"POST", "/journal/marks", `sets a mark for since: {"name": "before"}, or {}`, c.mark},
		{"GET", "/journal/events", "the names of all events, and what they mean", func(*http.Request) (any, error) {
			return map[string]any{"events": Events()}, nil
		}},

		{"POST", "/seed", `plants accounts: {"yaml": "accounts: …"}`, c.seed},
		{"POST", "/reset", "puts everything back to the start", func(r *http.Request) (any, error) {
			return nil, c.Reset(r.Context())
		}},
		{"GET", "/snapshot", "everything that is stored, to be restored", func(r *http.Request) (any, error) {
			return c.Snapshot(r.Context())
		}},
		{"PUT", "/snapshot", "puts everything in the place of what is there", c.restore},
		{"GET", "/state", "everything that is stored, in words and without secrets", func(r *http.Request) (any, error) {
			return c.State(r.Context())
		}},
	}
}

func (c *Controls) showClock(r *http.Request) (any, error) {
	clock, err := c.Clock.Clock(r.Context())
	return clock.state(time.Now()), err
}

// changeClock changes the clock and tells what it is then.
func (c *Controls) changeClock(ctx context.Context, how string, decide func(Clock, time.Time) (Clock, error)) (any, error) {
	clock, err := c.Clock.Change(ctx, decide)
	if err != nil {
		return nil, err
	}
	c.Journal.add(Entry{Event: ClockChanged, Reason: how})
	return clock.state(time.Now()), nil
}

func (c *Controls) setClock(r *http.Request) (any, error) {
	var want struct {
		Now  *time.Time `json:"now"`
		Rate *float64   `json:"rate"`
	}
	if err := readJSON(r, &want); err != nil {
		return nil, err
	}
	if want.Now == nil && want.Rate == nil {
		return nil, &Invalid{"now", "is missing, or rate: one of them is to change"}
	}
	return c.changeClock(r.Context(), "set", func(old Clock, machine time.Time) (next Clock, err error) {
		next = old
		if want.Rate != nil {
			rate, err := RateOf(*want.Rate)
			if err != nil {
				return old, err
			}
			next = old.Run(machine, rate)
		}
		if want.Now != nil {
			next, err = next.At(machine, *want.Now)
		}
		return next, err
	})
}

func (c *Controls) advanceClock(r *http.Request) (any, error) {
	var want struct {
		By Duration `json:"by"`
	}
	if err := readJSON(r, &want); err != nil {
		return nil, err
	}
	by := time.Duration(want.By)
	return c.changeClock(r.Context(), "advanced by "+by.String(), func(old Clock, machine time.Time) (Clock, error) {
		return old.Advance(machine, by)
	})
}

func (c *Controls) freezeClock(r *http.Request) (any, error) {
	return c.changeClock(r.Context(), "frozen", func(old Clock, machine time.Time) (Clock, error) { return old.Run(machine, 0), nil })
}

func (c *Controls) resetClock(r *http.Request) (any, error) {
	return c.changeClock(r.Context(), "reset", func(old Clock, _ time.Time) (Clock, error) { return old.Reset(), nil })
}

func (c *Controls) listFaults(*http.Request) (any, error) {
	return map[string]any{"faults": c.Faults.List()}, nil
}

func (c *Controls) addFault(r *http.Request) (any, error) {
	var f Fault
	if err := readJSON(r, &f); err != nil {
		return nil, err
	}
	f, err := c.AddFault(r.Context(), f)
	if err != nil {
		return nil, err
	}
	c.Journal.add(Entry{Event: FaultAdded, Fault: f.ID, Kind: f.Kind})
	return f, nil
}

func (c *Controls) removeFault(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, ErrNotFound
	}
	if err := c.Faults.Remove(id); err != nil {
		return nil, err
	}
	c.Journal.add(Entry{Event: FaultRemoved, Fault: id})
	return nil, nil
}

func (c *Controls) clearFaults(*http.Request) (any, error) {
	c.Faults.Clear()
	c.Journal.add(Entry{Event: FaultRemoved})
	return nil, nil
}

func (c *Controls) mark(r *http.Request) (any, error) {
	var want struct {
		Name string `json:"name"`
	}
	if err := readJSON(r, &want); err != nil {
		return nil, err
	}
	e, err := c.Journal.Mark(want.Name)
	return map[string]any{"mark": e.Seq, "name": want.Name}, err
}

func (c *Controls) seed(r *http.Request) (any, error) {
	var want struct {
		YAML string `json:"yaml"`
	}
	if err := readJSON(r, &want); err != nil {
		return nil, err
	}
	if c.Seed == nil {
		return nil, ErrNotFound
	}
	notes, err := c.Seed(r.Context(), []byte(want.YAML))
	if err != nil {
		return nil, &Invalid{"yaml", err.Error()}
	}
	c.Journal.add(Entry{Event: StateSeeded})
	if notes == nil {
		notes = []string{}
	}
	return map[string]any{"notes": notes}, nil
}

func (c *Controls) restore(r *http.Request) (any, error) {
	var s Snapshot
	if err := readJSON(r, &s); err != nil {
		return nil, err
	}
	return nil, c.Restore(r.Context(), s)
}

// journal is GET /journal: the entries that the query means, as one JSON object
// or, with follow=true, one a line as they come.
func (c *Controls) journal(w http.ResponseWriter, r *http.Request) {
	q, err := c.query(r)
	if err != nil {
		refuse(w, err)
		return
	}
	if follow, _ := strconv.ParseBool(r.URL.Query().Get("follow")); follow {
		c.follow(w, r, q)
		return
	}
	found := c.Journal.Find(q)
	write(w, http.StatusOK, map[string]any{
		"entries": found.Entries, "count": len(found.Entries), "last": found.Last, "lost": found.Lost,
	})
}

func (c *Controls) query(r *http.Request) (q Query, err error) {
	p := r.URL.Query()
	if q.Since, err = c.Journal.since(p.Get("since")); err != nil {
		return q, err
	}
	q.Event, q.Account, q.Product, q.Client = p.Get("event"), p.Get("account"), p.Get("product"), p.Get("client")
	q.Token, q.Request, q.Route, q.Status = p.Get("token"), p.Get("request_id"), strings.TrimSpace(p.Get("route")), strings.ToLower(p.Get("status"))
	if q.Status != "" && !status().MatchString(q.Status) {
		return q, &Invalid{"status", "is one such as 404, or a class of them such as 4xx"}
	}
	if q.Event != "" && !known(q.Event) {
		return q, &Invalid{"event", "there is no such event: GET /journal/events lists them all"}
	}
	for name, n := range map[string]*int64{"user_id": &q.User, "fault": &q.Fault} {
		if text := p.Get(name); text != "" {
			if *n, err = strconv.ParseInt(text, 10, 64); err != nil {
				return q, &Invalid{name, "is a number"}
			}
		}
	}
	return q, nil
}

// follow sends entries as JSON lines until the client leaves or the issuer ends.
func (c *Controls) follow(w http.ResponseWriter, r *http.Request, q Query) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	lines, out := json.NewEncoder(w), http.NewResponseController(w)
	for {
		found := c.Journal.Find(q)
		for _, e := range found.Entries {
			if lines.Encode(e) != nil {
				return
			}
		}
		q.Since = found.Last
		if out.Flush() != nil {
			return
		}
		select {
		case <-found.More:
		case <-r.Context().Done():
			return
		case <-c.Done:
			return
		}
	}
}
