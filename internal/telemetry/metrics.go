package telemetry

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskauth/deskauth/internal/broker"
)

// Metrics counts and times what a broker does.
type Metrics struct {
	lent     [broker.LentFailed + 1]prometheus.Counter // the quickest lend has no time to look one up
	renewals *prometheus.CounterVec
	chores   *prometheus.CounterVec
	finished *prometheus.GaugeVec
	passes   *prometheus.CounterVec
	told     *prometheus.CounterVec

	lendWait    prometheus.Histogram
	renewalTook prometheus.Histogram
	refreshes   *prometheus.HistogramVec
	waits       *prometheus.HistogramVec
	calls       *prometheus.HistogramVec
	deliveries  prometheus.Histogram
}

// seconds are the buckets of everything that has to do with Zendesk.
var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60}

// NewMetrics registers with reg, which must not have them yet. Series that alerts are
// made of are there from the start: the first event would not be seen otherwise.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	histogram := func(name, help string, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, labels)
		reg.MustRegister(h)
		return h
	}
	single := func(name, help string) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds})
		reg.MustRegister(h)
		return h
	}
	m := &Metrics{
		renewals: counter("deskauth_renewals_total", "Renewals that this process carried out, by result and reason.", "result", "reason"),
		chores:   counter("deskauth_chores_total", "Housekeeping that ended, by chore and result.", "chore", "result"),
		passes:   counter("deskauth_pass_uses_total", "Uses of passes that ended, and what passes were refused, by result and reason.", "result", "reason"),
		told:     counter("deskauth_webhook_deliveries_total", "Tries to tell a webhook, by result and reason.", "result", "reason"),

		lendWait:    single("deskauth_lend_wait_seconds", "How long a caller waited for a token that was to be renewed first, in seconds."),
		renewalTook: single("deskauth_renewal_seconds", "How long a renewal took under the claim of this process, in seconds."),
		refreshes:   histogram("deskauth_refresh_seconds", "Requests to Zendesk's token endpoint that refresh, by what came back, in seconds.", "result"),
		waits:       histogram("deskauth_lease_wait_seconds", "How long the claim of another replica was waited for, by how that ended, in seconds.", "result"),
		calls:       histogram("deskauth_zendesk_call_seconds", "Calls of Zendesk's API through the proxy and for passes, until the header of the answer, by class of status, in seconds.", "class"),
		deliveries:  single("deskauth_webhook_delivery_seconds", "How long a try to tell a webhook took, in seconds."),
	}
	m.finished = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "deskauth_chore_success_timestamp_seconds", Help: "When housekeeping last ended well, by chore, in Unix seconds; 0: not yet.",
	}, []string{"chore"})
	reg.MustRegister(m.finished)
	lends := counter("deskauth_lends_total", "Tokens that were asked for, by where they came from, or why none came.", "from")
	for _, way := range broker.LentWays() {
		m.lent[way] = lends.WithLabelValues(way.String())
	}
	m.prepare()
	return m
}

// prepare makes the series that alerts are made of.
func (m *Metrics) prepare() {
	for result, reasons := range expected {
		for _, reason := range reasons {
			m.renewals.WithLabelValues(result, word(renewalReasons, string(reason)))
		}
	}
	for _, reason := range broker.Receipts() {
		m.told.WithLabelValues(broker.DeliveryAgain, reason)
		m.told.WithLabelValues(broker.DeliveryGivenUp, reason)
	}
	m.told.WithLabelValues(broker.DeliveryDone, none)
	m.passes.WithLabelValues(broker.PassSent, none)
	m.passes.WithLabelValues(broker.PassInDoubt, string(broker.ZendeskSilent))
	for _, chore := range broker.Chores() {
		m.finished.WithLabelValues(chore)
		for _, result := range choreResults {
			m.chores.WithLabelValues(chore, result)
		}
	}
	for _, result := range waitResults {
		m.waits.WithLabelValues(result)
	}
}

// expected are the reasons for which renewals usually end so.
var expected = map[string][]broker.Reason{
	broker.RenewalDone:      {broker.NoReason},
	broker.RenewalOvertaken: {broker.NoReason, broker.AnotherTries},
	broker.RenewalPostponed: {broker.NotReached, broker.ToldToWait, broker.AnswerLost, broker.CredentialsWrong},
	broker.RenewalLost:      {broker.RefreshRefused, broker.AnswerLost, broker.ScopeGone},
	broker.RenewalFailed:    {broker.NoReason},
}

// Observer counts.
func (m *Metrics) Observer() broker.Observer {
	return broker.Observer{
		Lent: func(l broker.Lent) { m.lent[l].Inc() },
		Began: func(ctx context.Context, w broker.Work) (context.Context, func(broker.Ended)) {
			begun := time.Now()
			return ctx, func(e broker.Ended) { m.count(w, e, time.Since(begun)) }
		},
	}
}

func (m *Metrics) count(w broker.Work, e broker.Ended, took time.Duration) {
	s := took.Seconds()
	switch w.Kind {
	case broker.Lending:
		m.lendWait.Observe(s)
	case broker.Renewal:
		m.renewals.WithLabelValues(word(renewalResults, e.Result), word(renewalReasons, e.Reason)).Inc()
		m.renewalTook.Observe(s)
	case broker.Attempting:
		m.refreshes.WithLabelValues(word(refreshResults, e.Result)).Observe(s)
	case broker.Waiting:
		m.waits.WithLabelValues(word(waitResults, e.Result)).Observe(s)
	case broker.Calling:
		m.calls.WithLabelValues(classOf(e.Status)).Observe(s)
	case broker.Delivering:
		m.told.WithLabelValues(word(deliveryResults, e.Result), word(broker.Receipts(), e.Reason)).Inc()
		m.deliveries.Observe(s)
	case broker.PassUse:
		m.passes.WithLabelValues(word(passResults, e.Result), word(passReasons, e.Reason)).Inc()
	case broker.Chore:
		chore := word(broker.Chores(), w.Chore)
		m.chores.WithLabelValues(chore, word(choreResults, e.Result)).Inc()
		if e.Result == broker.ChoreDone {
			m.finished.WithLabelValues(chore).SetToCurrentTime()
		}
	}
}

// What labels may say.
var (
	renewalResults  = []string{broker.RenewalDone, broker.RenewalOvertaken, broker.RenewalPostponed, broker.RenewalLost, broker.RenewalFailed}
	waitResults     = []string{broker.WaitMoved, broker.WaitTakenOver, broker.WaitCutOff}
	deliveryResults = []string{broker.DeliveryDone, broker.DeliveryAgain, broker.DeliveryGivenUp}
	passResults     = []string{broker.PassSent, broker.PassInDoubt, broker.PassUndelivered, broker.PassDeclined}
	choreResults    = []string{broker.ChoreDone, broker.ChoreFailed}
	renewalReasons  = texts(broker.Reasons())
	refreshResults  = texts(broker.Results())
	passReasons     = append(texts(broker.Whys()), texts(broker.Obstacles())...)
)

// The words for what is not there, and for what no list has.
const (
	none  = "none"
	other = "other"
)

// word is a label's value: of a list alone, whatever there is.
func word(of []string, said string) string {
	switch {
	case said == "":
		return none
	case slices.Contains(of, said):
		return said
	}
	return other
}

func texts[S ~string](all []S) (words []string) {
	for _, s := range all {
		if s != "" {
			words = append(words, string(s))
		}
	}
	return words
}

// classOf is the class of a status (RFC 9110 §15).
func classOf(status int) string {
	switch {
	case status == 0:
		return none
	case status < 100 || status > 599:
		return other
	}
	return strconv.Itoa(status/100) + "xx"
}
