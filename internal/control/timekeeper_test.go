package control_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// machine is a clock that tests move.
type machine struct{ nanos atomic.Int64 }

func (m *machine) now() time.Time       { return noon.Add(time.Duration(m.nanos.Load())) }
func (m *machine) pass(d time.Duration) { m.nanos.Add(int64(d)) }

func timekeeper(t *testing.T, db *store.DB, m *machine) *control.Timekeeper {
	t.Helper()
	k, err := control.NewTimekeeper(t.Context(), db.Control())
	if err != nil {
		t.Fatal(err)
	}
	k.SetMachine(m.now)
	if _, err := k.Clock(t.Context()); err != nil { // read at the machine's time from here on
		t.Fatal(err)
	}
	return k
}

// All replicas obey one clock: the one that sets it at once, the others within the
// second.
func TestReplicasObeyOneClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var m machine
		one, other := timekeeper(t, db, &m), timekeeper(t, db, &m)
		if _, err := one.Change(t.Context(), func(c control.Clock, machine time.Time) (control.Clock, error) {
			return c.Run(machine, 0).Advance(machine, time.Hour)
		}); err != nil {
			t.Fatal(err)
		}
		if now := one.Now(); !now.Equal(noon.Add(time.Hour)) {
			t.Errorf("who set it: %v", now)
		}
		if now := other.Now(); !now.Equal(noon) {
			t.Errorf("the other looks at the row at each call: %v", now)
		}
		m.pass(control.RereadAfter)
		for name, k := range map[string]*control.Timekeeper{"who set it": one, "the other": other} {
			if now := k.Now(); !now.Equal(noon.Add(time.Hour)) {
				t.Errorf("%s, later: %v", name, now)
			}
		}
		if control.RereadAfter > time.Second {
			t.Error("replicas are to obey within a second")
		}
	})
}

// While the database does not answer, time goes on as it went.
func TestTimeGoesOnWithoutTheDatabase(t *testing.T) {
	var m machine
	db := storetest.Open(t, storetest.DSN(t, store.SQLite))
	k := timekeeper(t, db, &m)
	if _, err := k.Change(t.Context(), func(c control.Clock, machine time.Time) (control.Clock, error) {
		return c.Run(machine, 60*control.RealTime), nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Minute)
	if now := k.Now(); !now.Equal(noon.Add(time.Hour)) {
		t.Errorf("a minute later it is %v", now)
	}
	if _, err := k.Clock(t.Context()); err == nil {
		t.Error("a clock was read from a closed database")
	}
}

// controls serves those of an issuer over a database of its own.
func controls(t *testing.T) (*control.Controls, *httptest.Server) {
	t.Helper()
	db := storetest.Open(t, storetest.DSN(t, store.SQLite))
	i := &issuer.Issuer{Store: db.Issuer(), Uses: &issuer.Uses{}}
	c, err := control.New(t.Context(), db.Control(), i, apihttp.Hosts{Store: db.Issuer()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	return c, server
}

func TestFollowerKeepsTheSameTime(t *testing.T) {
	c, server := controls(t)
	if _, err := c.Clock.Change(t.Context(), func(old control.Clock, machine time.Time) (control.Clock, error) {
		return old.Run(machine, 0).At(machine, noon)
	}); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{server.URL, strings.TrimPrefix(server.URL, "http://"), server.URL + "/"} {
		f, err := control.Follow(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if now := f.Now(); !now.Equal(noon) {
			t.Errorf("%s: it is %v there, want %v", address, now, noon)
		}
	}
}

func TestFollowerFailsClearly(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	for address, words := range map[string]string{
		"10.1.2.3:4001":               "not this machine",
		"issuer.example:4001":         "not this machine",
		"localhost.evil.example:4001": "not this machine",
		"127.0.0.1":                   "such as 127.0.0.1:4001",
		"https://127.0.0.1:4001":      "such as 127.0.0.1:4001",
		"http://127.0.0.1:4001/clock": "such as 127.0.0.1:4001",
		"http://a:b@127.0.0.1:4001":   "such as 127.0.0.1:4001",
		gone.URL:                      "no controls at",
		other.URL:                     "is this the --control address?",
	} {
		if _, err := control.Follow(t.Context(), address); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", address, err, words)
		}
	}
}

// What the controls refuse says which field, and why.
func TestControlsRefuseBadInput(t *testing.T) {
	c, server := controls(t)
	client, err := control.Dial(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	type object = map[string]any
	for _, tt := range []struct {
		method, path string
		in           any
		words        string
	}{
		{"PUT", "/clock", object{}, "now"},
		{"PUT", "/clock", object{"now": "soon"}, "body"},
		{"PUT", "/clock", object{"now": "1999-01-01T00:00:00Z"}, "now"},
		{"PUT", "/clock", object{"rate": -1}, "rate"},
		{"PUT", "/clock", object{"time": "2026-11-22T10:00:00Z"}, "time"},
		{"PUT", "/clock", []int{1}, "body"},
		{"POST", "/clock/advance", object{"by": "soon"}, "body"},
		{"POST", "/clock/advance", object{"by": "-1s"}, "by"},
		{"POST", "/faults", object{"kind": "late"}, "kind"},
		{"POST", "/faults", object{"kind": "html", "id": "x"}, "body"},
		{"POST", "/faults", object{"kind": "html", "account": "nobody"}, "account"},
		{"POST", "/faults", object{"kind": "html", "client": "nobody"}, "client"},
		{"DELETE", "/faults/99", nil, "99"},
		{"POST", "/journal/marks", object{"name": "17"}, "name"},
		{"GET", "/journal?event=nothing", nil, "event"},
		{"GET", "/journal?since=nowhere", nil, "since"},
		{"GET", "/journal?since=-1", nil, "since"},
		{"GET", "/journal?user_id=ada", nil, "user_id"},
		{"PUT", "/snapshot", object{"format": 2}, "format"},
		{"PUT", "/snapshot", object{"format": 1}, "tables"},
		{"PUT", "/snapshot", object{"format": 1, "tables": []object{{"name": "issuer_users; DROP TABLE issuer_users"}}}, "tables"},
		{"PUT", "/snapshot", object{"format": 1, "tables": []object{{"name": "issuer_users", "rows": []any{[]any{1.5}}}}}, "body"},
		{"POST", "/nothing", object{}, "control"},
	} {
		err := client.Do(t.Context(), tt.method, tt.path, tt.in, nil)
		if !errors.Is(err, control.ErrRefused) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s %s %v: %v, want a word of %s", tt.method, tt.path, tt.in, err, tt.words)
		}
		var refusal *control.Refusal
		if named := errors.As(err, &refusal); named && !strings.Contains(err.Error(), ": "+refusal.Field+": "+refusal.Why) || !named && !strings.HasPrefix(tt.path, "/faults/") && tt.path != "/nothing" {
			t.Errorf("%s %s %v: %v names the field %+v", tt.method, tt.path, tt.in, err, refusal)
		}
	}
	if n := len(c.Faults.List()); n != 0 {
		t.Errorf("%d faults were added", n)
	}
	if clock, err := c.Clock.Clock(t.Context()); err != nil || clock.Version != 0 {
		t.Errorf("the clock was changed: %+v, %v", clock, err)
	}
}
