package prove_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
)

func TestMain(m *testing.M) { os.Exit(journey.Main(m)) }

// proving tells whether the full sizes are asked for.
func proving() bool { return os.Getenv("DESKAUTH_PROVE") == "1" }

// sized is small every day, and full where it is to be proven.
func sized(small, full int) int {
	if proving() {
		return full
	}
	return small
}

// world is an issuer with its controls, and replicas of a broker that are connected
// to some of its people.
type world struct {
	t           *testing.T
	town        journey.Town
	issuer      *journey.Daemon
	issuerPort  string
	controlAddr string
	control     *control.Client
	journal     *journal

	flags          []string
	dsn, keys, key string
	directDSN      string // the database itself, where something stands before it
	issuerDSN      string
	db             *store.DB // beside the replicas: what is stored
	replicas       []*replica
	ids            []broker.ConnectionID
	people         map[broker.ConnectionID]journey.Person
	users          map[int64]broker.ConnectionID // by their number at the issuer
	signedIn       signIns
}

// layout says what a world is made of.
type layout struct {
	engine   store.Engine
	people   int
	replicas int
	dsn      func(dsn string) string // nil: the database's own
	database string                  // "": one that the tests share a server for
	flags    []string                // more, of the brokers
}

func newWorld(t *testing.T, l layout) *world {
	t.Helper()
	w := &world{
		t: t, flags: l.flags, issuerPort: journey.FreePort(t), controlAddr: "127.0.0.1:" + journey.FreePort(t), keys: filepath.Join(t.TempDir(), "sealing-keys.json"),
		people: map[broker.ConnectionID]journey.Person{}, users: map[int64]broker.ConnectionID{},
	}
	first := journey.FreePort(t)
	w.town = journey.NewTown(t, l.people, "http://localhost:"+first)
	w.issuerDSN = storetest.Empty(t, l.engine)
	w.issuer = journey.Start(t, "issuer", nil, "issuer", "--listen", "127.0.0.1:"+w.issuerPort, "--demo",
		"--db", w.issuerDSN, "--seed", w.town.Path, "--control", w.controlAddr)
	var err error
	if w.control, err = control.Dial(w.controlAddr); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.control.Close)
	w.journal = followJournal(t, w.control)
	direct := l.database
	if direct == "" {
		direct = storetest.DSN(t, l.engine)
	}
	w.dsn, w.directDSN = direct, direct
	if l.dsn != nil {
		w.dsn = l.dsn(direct)
	}
	w.replicas = append(w.replicas, w.replica(first, w.controlAddr, w.town.BrokerSecret))
	w.db = storetest.Open(t, direct)
	for range l.replicas - 1 {
		w.replicas = append(w.replicas, w.replica(journey.FreePort(t), w.controlAddr, w.town.BrokerSecret))
	}
	w.connectAll()
	w.makeKey()
	return w
}

// replica is a broker's process.
type replica struct {
	*journey.Daemon
	url string
}

// replica starts one that keeps the time of the controls at clock.
func (w *world) replica(port, clock, secret string) *replica {
	w.t.Helper()
	args := []string{
		"broker", "--listen", "127.0.0.1:" + port, "--db", w.dsn, "--client-id", w.town.BrokerID, "--sealing-keys", w.keys,
		"--zendesk-url", "http://{subdomain}.localhost:" + w.issuerPort, "--log-level", "error",
	}
	args = append(args, w.flags...)
	d := journey.Start(w.t, "broker", []string{"DESKAUTH_CLIENT_SECRET=" + secret, "DESKAUTH_CLOCK=" + clock}, args...)
	return &replica{d, "http://localhost:" + port}
}

// connectAll has everybody sign in at the first replica, a few at a time.
func (w *world) connectAll() {
	w.t.Helper()
	var all sync.WaitGroup
	seats := make(chan struct{}, 4)
	for _, who := range w.town.People {
		all.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			w.signIn(who)
		})
	}
	all.Wait()
	connections, err := w.db.Broker().Connections(w.t.Context(), 0, 10_000)
	if err != nil || len(connections) != len(w.town.People) {
		w.t.Fatalf("%d connections of %d people, %v", len(connections), len(w.town.People), err)
	}
	for _, c := range connections {
		w.ids = append(w.ids, c.ID)
		w.users[c.User.ID] = c.ID
		for _, who := range w.town.People {
			if who.Email == c.User.Email {
				w.people[c.ID] = who
			}
		}
	}
}

func (w *world) signIn(who journey.Person) {
	page, err := journey.NewBrowser().Connect(w.t.Context(), w.replicas[0].url, journey.Account, who, "allow")
	if err != nil || !strings.Contains(page.Text(), "Hi, "+who.Name) {
		w.t.Errorf("%s could not connect: %v\n%s", who.Email, err, w.replicas[0].Log())
	}
}

func (w *world) makeKey() {
	w.t.Helper()
	out, err := exec.CommandContext(w.t.Context(), journey.Binary(), "key", "create", "prove", "--db", w.dsn, "--sealing-keys", w.keys).Output()
	if err != nil {
		w.t.Fatalf("no key: %v", err)
	}
	w.key = strings.TrimSpace(string(out))
	testlog.Issued(w.t, w.key)
}

// steer asks the controls, and fails the test when they refuse.
func (w *world) steer(method, path string, in any) {
	w.t.Helper()
	if err := w.control.Do(w.t.Context(), method, path, in, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) rate(times float64) { w.steer("PUT", "/clock", map[string]any{"rate": times}) }

// disturb adds faults of the refreshes.
func (w *world) disturb(faults ...control.Fault) {
	for _, f := range faults {
		f.Route, f.Grant = "POST /oauth/tokens", "refresh_token"
		w.steer("POST", "/faults", f)
	}
}

func (w *world) calm() { w.steer("DELETE", "/faults", nil) }

// beforeCommit disturbs a part of the refreshes in five ways, of which none replaces
// a token.
func beforeCommit(part float64) []control.Fault {
	return []control.Fault{
		{Kind: control.Latency, Probability: part / 5, Delay: control.Duration(300 * time.Millisecond)},
		{Kind: control.TooManyRequests, Probability: part / 5},
		{Kind: control.ServerError, Probability: part / 5},
		{Kind: control.HTML, Probability: part / 5},
		{Kind: control.RefuseBeforeCommit, Probability: part / 5},
	}
}

// lending is what a replica answered: a token, or why there is none.
type lending struct {
	deskauth.Token
	Status int
	State  string `json:"state"`
	Reason string `json:"reason"`
}

var calls = &http.Client{
	Transport: &http.Transport{MaxIdleConnsPerHost: 512},
	Timeout:   90 * time.Second,
}

// lend asks a replica for a token.
func (w *world) lend(ctx context.Context, r *replica, id broker.ConnectionID) (lending, error) {
	return w.lendAfter(ctx, r, id, 0)
}

// lendAfter asks for another token than that of a generation, which the issuer
// refused; 0: for any.
func (w *world) lendAfter(ctx context.Context, r *replica, id broker.ConnectionID, refused int64) (lending, error) {
	address := fmt.Sprintf("%s/v1/connections/%d/token", strings.Replace(r.url, "localhost", "127.0.0.1", 1), id)
	if refused > 0 {
		address += fmt.Sprint("?refused=", refused)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return lending{}, err
	}
	req.Header.Set("Authorization", "Bearer "+w.key)
	resp, err := calls.Do(req)
	if err != nil {
		return lending{}, err
	}
	defer resp.Body.Close()
	l := lending{Status: resp.StatusCode}
	if resp.StatusCode == http.StatusOK {
		return l, json.NewDecoder(resp.Body).Decode(&l.Token)
	}
	return l, json.NewDecoder(resp.Body).Decode(&l)
}

// alive tells whether the issuer takes a token.
func (w *world) alive(ctx context.Context, access string) (bool, error) {
	status, _, err := w.town.App.At(journey.IssuerURL(w.issuerPort)).Me(ctx, access)
	return status == http.StatusOK, err
}

func (w *world) connection(id broker.ConnectionID) broker.Connection {
	w.t.Helper()
	c, err := w.db.Broker().Connection(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// healed waits until every connection lends a token that the issuer takes, and fails
// after a while.
func (w *world) healed() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for _, id := range w.ids {
		for said := ""; ; {
			l, err := w.lend(ctx, w.replicas[int(id)%len(w.replicas)], id)
			if ok := false; err == nil && l.Status == http.StatusOK {
				if ok, err = w.alive(ctx, l.AccessToken); ok {
					break
				}
				said = "its token is dead"
			} else if err == nil {
				said = fmt.Sprintf("%d %s %s", l.Status, l.State, l.Reason)
			}
			if ctx.Err() != nil {
				w.t.Errorf("connection %d did not heal: %s, %v", id, said, err)
				break
			}
			<-time.After(20 * time.Millisecond)
		}
	}
}

// allActive fails unless every connection is active.
func (w *world) allActive() {
	w.t.Helper()
	for _, id := range w.ids {
		if c := w.connection(id); c.State != broker.Active {
			w.t.Errorf("connection %d is %s: %s", id, c.State, c.Reason)
		}
	}
}

// journal gathers what happens to refresh tokens at the issuer, as it happens.
type journal struct {
	mu      sync.Mutex
	entries []control.Entry
}

func followJournal(t *testing.T, c *control.Client) *journal {
	t.Helper()
	j := &journal{}
	for _, event := range []string{"refresh.", "fault.fired"} {
		body, err := c.Open(t.Context(), http.MethodGet, "/journal?follow=true&event="+event, nil)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer body.Close()
			for lines := json.NewDecoder(body); ; {
				var e control.Entry
				if lines.Decode(&e) != nil { // the test is over, or the issuer
					return
				}
				j.mu.Lock()
				j.entries = append(j.entries, e)
				j.mu.Unlock()
			}
		}()
	}
	return j
}

// of are the entries of an event, by user.
func (j *journal) of(event control.Event) map[int64][]control.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := map[int64][]control.Entry{}
	for _, e := range j.entries {
		if e.Event == event {
			all[e.User] = append(all[e.User], e)
		}
	}
	return all
}

func (j *journal) count(event control.Event) (n int) {
	for _, entries := range j.of(event) {
		n += len(entries)
	}
	return n
}
