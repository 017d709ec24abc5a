package telemetry

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskauth/deskauth/internal/broker"
)

// Gauges say what there is, by questions to the store: at a scrape, and not again for a
// while, whoever scrapes. All replicas on a store say the same.
type Gauges struct {
	totals func(context.Context) (broker.Totals, error)

	connections, dying, circuits, deliveries, keys, offered *prometheus.Desc
	unknown                                                 prometheus.Counter

	mu    sync.Mutex
	last  broker.Totals
	asked time.Time // machine time; zero: nothing is known
}

const (
	// totalsKeep is how long an answer serves: at 100,000 connections one takes some
	// tens of milliseconds of a reader of the database, and some hundreds where
	// PostgreSQL has not tidied up for a while.
	totalsKeep = 30 * time.Second
	// totalsWait bounds how long the store is waited for: scrapers give up after ten
	// seconds.
	totalsWait = 3 * time.Second
)

// NewGauges registers with reg, which must not have them yet. totals is Broker.Totals.
func NewGauges(reg prometheus.Registerer, totals func(context.Context) (broker.Totals, error)) *Gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	g := &Gauges{
		totals:      totals,
		connections: desc("deskauth_connections", "Connections in the database, by state.", "state"),
		dying:       desc("deskauth_refresh_tokens_dying", "Active connections whose refresh token ends within so many days; 0: it has ended.", "days"),
		circuits:    desc("deskauth_circuits_open", "Clients that an account of Zendesk's refuses: pairs of client and account."),
		deliveries:  desc("deskauth_webhook_deliveries_pending", "Deliveries to webhooks that are still to be sent."),
		keys:        desc("deskauth_sealing_keys", "Sealing keys that this process has at hand; one alone seals."),
		offered:     desc("deskauth_sealing_key_offered", "1 while a sealing key is given out that does not seal yet."),
		unknown: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "deskauth_totals_failed_total", Help: "Scrapes at which the database did not say what there is: those gauges are missing then.",
		}),
	}
	reg.MustRegister(g, g.unknown)
	return g
}

// Describe implements prometheus.Collector.
func (g *Gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.connections, g.dying, g.circuits, g.deliveries, g.keys, g.offered} {
		to <- d
	}
}

// states are those that are counted: what is pending has no tokens to lose.
var states = []broker.State{broker.Active, broker.Reauthorize, broker.InDoubt, broker.Revoked, broker.Disabled}

// Collect implements prometheus.Collector. A gauge that is not known is left out: an
// old number would be believed.
func (g *Gauges) Collect(to chan<- prometheus.Metric) {
	t, ok := g.now()
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	for _, s := range states {
		gauge(g.connections, t.Connections[s], string(s))
	}
	for i, days := range broker.DyingDays {
		gauge(g.dying, t.Dying[i], strconv.Itoa(days))
	}
	gauge(g.circuits, t.Circuits)
	gauge(g.deliveries, t.Deliveries)
	gauge(g.keys, t.KeysAtHand)
	offered := 0
	if t.KeyOffered {
		offered = 1
	}
	gauge(g.offered, offered)
}

// now is what there is, asked at most so long ago. One alone asks.
func (g *Gauges) now() (broker.Totals, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.asked.IsZero() && time.Since(g.asked) < totalsKeep {
		return g.last, true
	}
	ctx, cancel := context.WithTimeout(context.Background(), totalsWait)
	defer cancel()
	t, err := g.totals(ctx)
	if err != nil {
		g.asked = time.Time{}
		g.unknown.Inc()
		return t, false
	}
	g.last, g.asked = t, time.Now()
	return t, true
}
