package prove_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/store/storetest"
	"github.com/deskauth/deskauth/internal/testlog"
)

// A broker is killed between a change and what its webhook is told of it, while it
// tells it, and at random moments. In the end the webhook was told of every change,
// whatever was said twice was said under one id, and nothing was said that is not so.
func TestWebhookToldThoughKilled(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, layout{engine: engine, people: sized(3, 8), replicas: 1})
			r := w.receiver()
			before := map[broker.ConnectionID]int64{}
			for _, id := range w.ids {
				before[id] = w.connection(id).Generation
			}
			met := map[string]int{}
			healed := 0
			kills := 0
			for n := 0; n < sized(1, 20) || met["not told"] == 0; n++ {
				for _, until := range []func(map[broker.ConnectionID]int64){w.allRenewed, r.holds, w.someMoment} {
					healed += w.killTold(r, met, until)
					kills++
				}
			}
			if met["being told"] == 0 {
				t.Errorf("the kills met %v: not every step", met)
			}
			w.allTold(r, before)
			t.Logf("%d kills; what was not told by then: %v; %d told, which came %d times more; %d connections were in doubt, and healed by their person",
				kills, met, len(r.had), r.again, healed)
		})
	}
}

// receiver is the other end of a webhook.
type receiver struct {
	key secret.Plain

	mu      sync.Mutex
	came    map[string]string // bodies, by id
	had     map[string]bool   // of those the ones that were answered
	again   int               // how often one came that had come before
	wrong   []string
	holding bool          // what comes has no answer, and does not count
	arrived chan struct{} // of what has none
}

// receiver adds a webhook to the broker, and answers at its address.
func (w *world) receiver() *receiver {
	w.t.Helper()
	r := &receiver{came: map[string]string{}, had: map[string]bool{}, arrived: make(chan struct{}, 100)}
	server := httptest.NewServer(r)
	w.t.Cleanup(server.Close)
	out, err := exec.CommandContext(w.t.Context(), journey.Binary(), "broker", "webhook", "add", server.URL,
		"--db", w.dsn, "--sealing-keys", w.keys).Output()
	if err != nil {
		w.t.Fatalf("no webhook: %v", err)
	}
	r.key = secret.Of(strings.TrimSpace(string(out)))
	testlog.Issued(w.t, r.key.Reveal())
	return r
}

func (r *receiver) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil { // the broker was killed while it sent it
		return
	}
	id := req.Header.Get("Webhook-Id")
	if r.take(id, req.Header, string(body)) {
		r.arrived <- struct{}{}
		<-req.Context().Done() // it was killed, and has no answer
		return
	}
	out.WriteHeader(http.StatusNoContent)
}

// take notes what came. Unless it is held it counts, and is to be answered.
func (r *receiver) take(id string, h http.Header, body string) (held bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, _ := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	if want, err := broker.Sign(r.key, id, time.Unix(at, 0), body); err != nil || h.Get("Webhook-Signature") != want {
		r.wrong = append(r.wrong, id+" is not signed as it is to be")
	}
	switch before, again := r.came[id]; {
	case again && before != body:
		r.wrong = append(r.wrong, id+" says something else the second time")
	case again:
		r.again++
	}
	r.came[id] = body
	if !r.holding {
		r.had[id] = true
	}
	return r.holding
}

func (r *receiver) hold(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holding = on
}

// killTold renews every connection, kills the broker when until returns, looks what was
// not told by then, and starts it again. It returns how many connections had to be
// healed.
func (w *world) killTold(r *receiver, met map[string]int, until func(before map[broker.ConnectionID]int64)) (healed int) {
	w.t.Helper()
	before := map[broker.ConnectionID]int64{}
	for _, id := range w.ids {
		before[id] = w.connection(id).Generation
	}
	w.steer("POST", "/clock/advance", map[string]any{"by": "26m"})
	w.followed(w.replicas[0])
	var asked sync.WaitGroup
	for _, id := range w.ids {
		asked.Go(func() { _, _ = w.lend(context.WithoutCancel(w.t.Context()), w.replicas[0], id) }) // it may be cut off
	}
	until(before)
	w.replicas[0].Kill()
	asked.Wait()
	r.hold(false)
	raw := storetest.Raw(w.t, w.directDSN)
	defer raw.Close()
	met["not told"] += storetest.Count(w.t, raw, `SELECT count(*) FROM broker_notices`)
	met["to be told"] += storetest.Count(w.t, raw, `SELECT count(*) FROM broker_deliveries WHERE state = 'pending' AND tries = 0`)
	met["being told"] += storetest.Count(w.t, raw, `SELECT count(*) FROM broker_deliveries WHERE state = 'pending' AND tries > 0`)
	w.replicas[0].Restart()
	var each sync.WaitGroup
	var all atomic.Int64
	for _, id := range w.ids {
		each.Go(func() { all.Add(int64(w.healOrWork(id))) })
	}
	each.Wait()
	return int(all.Load())
}

// allRenewed returns as soon as every connection is renewed, or one is beyond it: a
// webhook is told of it within a second, and so, as a rule, not yet.
func (w *world) allRenewed(before map[broker.ConnectionID]int64) {
	w.t.Helper()
	for _, id := range w.ids {
		for w.connection(id).Generation == before[id] {
			<-time.After(time.Millisecond)
		}
	}
}

// holds returns when something is being told: the receiver has it, and does not answer.
func (r *receiver) holds(map[broker.ConnectionID]int64) {
	for len(r.arrived) > 0 {
		<-r.arrived
	}
	r.hold(true)
	<-r.arrived
}

// someMoment returns at a moment of the renewals, or of what is told of them.
func (w *world) someMoment(map[broker.ConnectionID]int64) {
	<-time.After(time.Duration(rand.Int64N(int64(1500 * time.Millisecond))))
}

// allTold waits until nothing is left to be told, and holds what the receiver had
// against how often each connection's tokens were replaced.
func (w *world) allTold(r *receiver, before map[broker.ConnectionID]int64) {
	w.t.Helper()
	w.calm()
	raw := storetest.Raw(w.t, w.directDSN)
	for late := time.Now().Add(2 * time.Minute); storetest.Count(w.t, raw, `
		SELECT (SELECT count(*) FROM broker_notices) + (SELECT count(*) FROM broker_deliveries WHERE state = 'pending')`) > 0; {
		if time.Now().After(late) {
			w.t.Fatal("something is not told two minutes after the last kill")
		}
		if !proving() { // the minute for which nobody else may send it is over
			storetest.Exec(w.t, raw, `UPDATE broker_deliveries SET next_at = 0 WHERE state = 'pending' AND tries > 0`)
		}
		<-time.After(100 * time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, wrong := range r.wrong {
		w.t.Error(wrong)
	}
	for _, id := range w.ids {
		if told, is := r.renewals(w.t, id), w.connection(id).Generation-before[id]; told != is {
			w.t.Errorf("the tokens of connection %d were replaced %d times, and the webhook was told so %d times", id, is, told)
		}
	}
	if failed := storetest.Count(w.t, raw, `SELECT count(*) FROM broker_deliveries WHERE state <> 'delivered'`); failed > 0 {
		w.t.Errorf("%d deliveries failed", failed)
	}
}

// renewals counts of how many replacements of a connection's tokens the receiver was
// told, under one id each; one that is told under two ids is an error.
func (r *receiver) renewals(t *testing.T, id broker.ConnectionID) (n int64) {
	t.Helper()
	generations := map[int64]bool{}
	for message := range r.had {
		body := r.came[message]
		var told struct {
			Type broker.NoticeType
			Data struct {
				Connection broker.ConnectionID
				Generation int64 // of a renewal; a person's has none
			}
		}
		if err := json.Unmarshal([]byte(body), &told); err != nil {
			t.Error(fmt.Errorf("%s: %w", message, err))
		}
		if told.Type != broker.NoticeRenewed || told.Data.Connection != id {
			continue
		}
		n++
		if g := told.Data.Generation; g != 0 && generations[g] {
			t.Errorf("the webhook was told twice, under two ids, of generation %d of connection %d", g, id)
		}
		generations[told.Data.Generation] = true
	}
	return n
}
