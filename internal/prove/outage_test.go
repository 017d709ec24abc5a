package prove_test

import (
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/control"
	"github.com/deskauth/deskauth/internal/journey"
	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

// attemptsOfAnHour bounds how often a renewal is tried in an hour in which none
// comes through: six times in the first minute, then once a minute; an attempt whose
// answer was lost is made once more.
const attemptsOfAnHour = 2 * (6 + 60)

// The issuer is down for an hour of its clock, and answers nonsense for three more:
// connections heal by themselves, and attempts are bounded and counted.
func TestOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, layout{engine: store.Postgres, people: sized(3, 20), replicas: 2})
	rate := sized(2*fast, fast/4)
	w.rate(float64(rate))
	c := w.callers(sized(8, 50))
	hour := time.Hour / time.Duration(rate)
	w.outage("down", func() { w.issuer.Kill(); <-time.After(hour); w.issuer.Restart() })
	w.journal = followJournal(t, w.control) // it ended with the issuer
	storm := func(f control.Fault) func() {
		return func() { w.disturb(f); <-time.After(hour); w.calm() }
	}
	w.outage("503", storm(control.Fault{Kind: control.ServerError}))
	w.outage("429", storm(control.Fault{Kind: control.TooManyRequests}))
	w.outage("HTML", storm(control.Fault{Kind: control.HTML}))
	c.end()
	w.rate(1)
	w.healed()
	w.allActive()
	if n := c.unusable.Load() + c.failed.Load(); n != 0 {
		t.Errorf("%d calls were refused for good or failed", n)
	}
	t.Log(c)
}

// outage lets something happen for an hour of the issuer's clock, waits until every
// connection has healed, and counts the attempts.
func (w *world) outage(name string, happen func()) {
	w.t.Helper()
	before := w.generations()
	happen()
	w.healed()
	most := 0
	for _, id := range w.ids {
		for g := before[id]; g <= w.connection(id).Generation; g++ {
			all, err := w.db.Broker().Attempts(w.t.Context(), id, g)
			if err != nil {
				w.t.Fatal(err)
			}
			most = max(most, len(all))
		}
	}
	// How many there are in these seconds depends on how busy the machine is.
	if most < 1 || most > attemptsOfAnHour {
		w.t.Errorf("%s: %d attempts on one token", name, most)
	}
	w.t.Logf("%s for an hour: at most %d attempts on one token", name, most)
}

func (w *world) generations() map[broker.ConnectionID]int64 {
	all := map[broker.ConnectionID]int64{}
	for _, id := range w.ids {
		all[id] = w.connection(id).Generation
	}
	return all
}

// A client whose secret is wrong is said once, and costs no connection.
func TestCircuitOpensOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, layout{engine: store.Postgres, people: sized(3, 20), replicas: 1})
	w.replicas[0].Kill()
	raw := storetest.Raw(t, w.dsn)
	// A secret that a broker is started with comes beside those that it has.
	storetest.Exec(t, raw, `DELETE FROM broker_client_secrets`)
	for i := range 2 {
		wrong := w.replica(journey.FreePort(t), w.controlAddr, "not-the-client's-secret")
		w.replicas = append(w.replicas[:i], wrong)
	}
	w.rate(fast)
	c := w.callers(sized(8, 50))
	<-time.After(time.Hour / fast * 2)
	c.end()
	w.rate(1)
	if n := storetest.Count(t, raw, `SELECT count(*) FROM broker_events WHERE kind = 'circuit_opened'`); n != 1 {
		t.Errorf("it was said %d times", n)
	}
	refused := storetest.Count(t, raw, `SELECT count(*) FROM broker_attempts WHERE error = 'invalid_client'`)
	// The circuit is tried again after 1, 2, 4, … 60 minutes, by a connection or two
	// at the same time.
	if refused == 0 || refused > 10*len(w.ids) {
		t.Errorf("%d requests with the wrong secret in two hours", refused)
	}
	w.allActive()
	for _, r := range w.replicas {
		r.Kill()
	}
	w.replicas = []*replica{w.replica(journey.FreePort(t), w.controlAddr, w.town.BrokerSecret)}
	w.healed()
	if n := storetest.Count(t, raw, `SELECT count(*) FROM broker_circuits`); n != 0 {
		t.Error("the circuit is open still")
	}
	t.Logf("two hours with a wrong secret: said once, %d requests; %v", refused, c)
}
