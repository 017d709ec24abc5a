package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/telemetry"
)

// notebook is an observer that writes down what it is told.
type notebook struct {
	mu    sync.Mutex
	lines []string
}

func (n *notebook) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

// taken are the lines since the last time.
func (n *notebook) taken() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := n.lines
	n.lines = nil
	return lines
}

func (n *notebook) observer() broker.Observer {
	return broker.Observer{
		Lent: func(l broker.Lent) { n.add("lent: " + l.String()) },
		Began: func(ctx context.Context, w broker.Work) (context.Context, func(broker.Ended)) {
			return ctx, func(e broker.Ended) {
				n.add(strings.TrimSuffix(fmt.Sprintf("%s: %s %s", w.Kind, e.Result, e.Reason), " "))
			}
		},
	}
}

// What is told of lending and renewing, in its order.
func TestObserverIsToldOfRenewals(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		notes := &notebook{}
		h.Broker = h.replicaWith(func(c *broker.Config) { c.Observer = notes.observer() })
		id := h.signIn().ID
		expect := func(what string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, notes.taken()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		h.lent(id)
		expect("of the row", "lent: row")
		h.clock.move(29 * time.Minute)
		h.lent(id)
		expect("renewed", "refresh: renewed", "renew: renewed", "lent: renewal", "lend: renewal")
		h.clock.move(29 * time.Minute)
		h.z.spoil(page(http.StatusServiceUnavailable))
		h.lent(id)
		expect("put off", "refresh: failed", "renew: postponed told_to_wait", "lent: before", "lend: before")
		h.clock.move(time.Hour)
		h.z.spoil(tooMany)
		h.lent(id)
		expect("over, and put off", "refresh: busy", "renew: postponed told_to_wait", "lent: unavailable", "lend: unavailable told_to_wait")
		h.lent(id)
		expect("not tried again so soon", "lent: unavailable", "lend: unavailable told_to_wait")
		h.clock.move(time.Hour)
		h.z.spoil(loseAnswer)
		h.lent(id)
		expect("in doubt", "refresh: lost", "refresh: invalid_grant", "renew: lost answer_lost", "lent: unusable", "lend: unusable answer_lost")
		h.lent(99)
		expect("unknown", "lent: unknown")

		again := h.again(asItIs).ID // its former pair is ended unseen
		h.clock.move(29 * time.Minute)
		notes.taken()
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() { h.lent(again) })
		}
		callers.Wait()
		renewals := slices.DeleteFunc(notes.taken(), func(line string) bool { return !strings.HasPrefix(line, "re") })
		if diff := cmp.Diff([]string{"refresh: renewed", "renew: renewed"}, renewals); diff != "" {
			t.Errorf("eight callers (-want +got):\n%s", diff)
		}
	})
}

// A renewal that breaks off is told of, too, and not as one that went well.
func TestObserverIsToldOfWhatBreaks(t *testing.T) {
	h := oneHouse(t)
	notes := &notebook{}
	id := h.signIn().ID
	h.clock.move(time.Hour)
	broken := h.replicaWith(func(c *broker.Config) {
		c.Observer = notes.observer()
		c.HTTP = &http.Client{Transport: panics{}}
	})
	lentBy(t, broken, id)
	if want := "renew: failed"; !slices.Contains(notes.taken(), want) {
		t.Errorf("nobody was told %q", want)
	}
}

type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("broken") }

// Another's claim is waited for, and that is told.
func TestObserverIsToldOfWaiting(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		notes := &notebook{}
		waiter := h.replicaWith(func(c *broker.Config) { c.Observer = notes.observer() })
		id := h.signIn().ID
		h.clock.move(time.Hour)
		arrived, goOn := make(chan struct{}), make(chan struct{})
		h.z.spoil(func(w http.ResponseWriter, _ *http.Request, commit func() map[string]any) {
			close(arrived)
			<-goOn
			reply(w, commit())
		})
		var both sync.WaitGroup
		both.Go(func() { h.lent(id) })
		<-arrived
		both.Go(func() { lentBy(t, waiter, id) })
		for held := h.connection(id).Claim.Counter; h.connection(id).Claim.Counter < held+2; { // a while
			<-time.After(time.Millisecond)
		}
		close(goOn)
		both.Wait()
		if diff := cmp.Diff([]string{"wait: moved", "lent: renewal", "lend: renewal"}, notes.taken()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// What two observers are told is nested: what the first puts in the context, the second
// one sees, and it is the first to hear of the end.
func TestObserversInTheirOrder(t *testing.T) {
	type key struct{}
	var said []string
	observer := func(name string) broker.Observer {
		return broker.Observer{
			Lent: func(broker.Lent) { said = append(said, name+" lent") },
			Began: func(ctx context.Context, _ broker.Work) (context.Context, func(broker.Ended)) {
				said = append(said, fmt.Sprintf("%s after %v", name, ctx.Value(key{})))
				return context.WithValue(ctx, key{}, name), func(broker.Ended) { said = append(said, name+" ended") }
			},
		}
	}
	o := broker.NewObserver(broker.Observer{}, observer("first"), broker.Observer{}, observer("second"))
	o.Lent(broker.FromRow)
	_, ended := o.Began(t.Context(), broker.Work{})
	ended(broker.Ended{})
	want := []string{"first lent", "second lent", "first after <nil>", "second after first", "second ended", "first ended"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none := broker.NewObserver(); none.Lent != nil || none.Began != nil {
		t.Error("nobody observes, and somebody is told")
	}
}

// busy does all that a broker does, well and badly, and returns what nobody may see.
func busy(t *testing.T, h *house) (secrets []string) {
	t.Helper()
	p := newPassing(t, h, nil)
	id := p.pass.Connection
	r := newReceiver(t)
	_, hookSecret := h.hook(r.URL+"/h00k-of-ada", "connection.renewed", "pass.used")
	h.lent(id)
	h.clock.move(time.Hour)
	h.lent(id)
	h.z.end()
	call := &broker.Transport{Broker: h.Broker, ID: id, Next: broker.NewHTTPClient(broker.HTTPConfig{Base: h.z.base}).Transport}
	for _, path := range []string{"/api/v2/users/me.json?c0de=query", "/api/v2/n0where"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.z.base.URL("acme").String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := call.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	s := p.begin()
	if err := p.send(s, "f1le-of-ada.log", "content"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), p.pass.ID, s, "t3xt-of-ada"); err != nil {
		t.Fatal(err)
	}
	var refused *broker.PassRefused
	if _, err := p.Finish(t.Context(), p.pass.ID, s, "again"); !errors.As(err, &refused) {
		t.Fatalf("finished twice: %v", err)
	}
	if err := p.Refused(t.Context(), p.pass, refused, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	h.deliver()
	r.mu.Lock()
	r.answer = func(w http.ResponseWriter, _ int) {
		http.Error(w, "an answer of the rec3iver", http.StatusInternalServerError)
	}
	r.mu.Unlock()
	h.clock.move(time.Hour)
	h.lent(id)
	h.deliver()
	for _, f := range []fault{page(http.StatusBadGateway), tooMany, hangUp, with(http.StatusUnauthorized, "invalid_client"), loseAnswer} {
		h.clock.move(2 * time.Hour)
		h.z.spoil(f)
		h.lent(id)
	}
	h.lent(99)
	if err := h.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	secrets = []string{
		h.z.secret, hookSecret.Reveal(), p.secret.Reveal(), "h00k-of-ada", "f1le-of-ada", "t3xt-of-ada", "rec3iver", "n0where", "c0de",
		"Ada Admin", "admin@acme.example", "upl0ad-", "192.0.2.1", "access-", "refresh-",
	}
	return secrets
}

// labels are what a label of each name may say.
var labels = map[string]*regexp.Regexp{
	"from":   oneOf(broker.LentWays()),
	"result": oneOf(append(texts(broker.Results()), "overtaken", "postponed", "moved", "taken_over", "cut_off", "delivered", "again", "given_up", "sent", "in_doubt", "undelivered", "refused", "done")),
	"reason": oneOf(slices.Concat(texts(broker.Reasons()), texts(broker.Whys()), texts(broker.Obstacles()), broker.Receipts(), []string{"none"})),
	"state":  oneOf([]broker.State{broker.Active, broker.Reauthorize, broker.InDoubt, broker.Revoked, broker.Disabled}),
	"class":  regexp.MustCompile(`^([1-5]xx|none)$`),
	"chore":  oneOf(broker.Chores()),
	"days":   regexp.MustCompile(`^[0-9]{1,2}$`),
	"le":     regexp.MustCompile(`^([0-9.]+|\+Inf)$`),
}

func texts[S ~string](all []S) (words []string) {
	for _, s := range all {
		if s != "" {
			words = append(words, string(s))
		}
	}
	return words
}

func oneOf[S any](all []S) *regexp.Regexp {
	var words []string
	for _, s := range all {
		words = append(words, regexp.QuoteMeta(fmt.Sprint(s)))
	}
	return regexp.MustCompile(`^(` + strings.Join(words, "|") + `)$`)
}

// After a busy day no label has another value than one of a list, and neither metrics
// nor lines have anything that is secret, or a person's.
func TestTelemetryTellsNoSecret(t *testing.T) {
	h := oneHouse(t)
	reg := prometheus.NewPedanticRegistry()
	var log bytes.Buffer
	notes := &notebook{}
	lines := telemetry.Lines(slog.New(slog.NewTextHandler(&log, nil)), func(context.Context) string { return "of a trace" })
	h.Broker = h.replicaWith(func(c *broker.Config) {
		c.Observer = broker.NewObserver(telemetry.NewMetrics(reg).Observer(), lines, notes.observer())
		c.PrivateWebhooks = true
	})
	telemetry.NewGauges(reg, h.Totals)
	secrets := busy(t, h)

	all := gathered(t, reg)
	if len(all) < 60 {
		t.Fatalf("gathered %d series", len(all))
	}
	for _, s := range all {
		for name, value := range s.labels {
			if may := labels[name]; may == nil || !may.MatchString(value) {
				t.Errorf("%s: %s=%q is in no list", s.name, name, value)
			}
		}
	}
	for _, secret := range append(secrets, "acme") {
		for _, s := range all {
			if strings.Contains(s.String(), secret) {
				t.Errorf("%s tells %q", s, secret)
			}
		}
	}
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, log.String())
		}
	}
	// Each renewal once, with its reason.
	var told, logged []string
	for _, line := range notes.taken() {
		if rest, ok := strings.CutPrefix(line, "renew: "); ok {
			told = append(told, rest)
		}
	}
	for _, m := range regexp.MustCompile(`msg=renewal .*?result=(\w+)(?: reason=(\w+))?`).FindAllStringSubmatch(log.String(), -1) {
		logged = append(logged, strings.TrimSpace(m[1]+" "+m[2]))
	}
	if diff := cmp.Diff(told, logged); diff != "" || len(told) < 6 {
		t.Errorf("%d renewals (-told +logged):\n%s", len(told), diff)
	}
	if !strings.Contains(log.String(), `trace_id="of a trace"`) || !strings.Contains(log.String(), "account=acme") {
		t.Errorf("a renewal does not say its trace and its account:\n%s", log.String())
	}
	counts(t, all, map[string]float64{
		`deskauth_lends_total from=memory`: 0, `deskauth_lends_total from=unknown`: 1,
		`deskauth_renewals_total reason=answer_lost result=lost`:             1,
		`deskauth_renewals_total reason=client_refused result=postponed`:     1,
		`deskauth_zendesk_call_seconds class=4xx`:                            2, // 401, and no such path
		`deskauth_webhook_deliveries_total reason=not_accepted result=again`: 1,
		`deskauth_pass_uses_total reason=none result=sent`:                   1,
		`deskauth_pass_uses_total reason=sending_over result=refused`:        1,
		`deskauth_connections state=in_doubt`:                                1,
		`deskauth_connections state=active`:                                  0,
		`deskauth_sealing_keys`:                                              1,
	})
}

// series is a line of what is scraped.
type series struct {
	name   string
	labels map[string]string
	value  float64 // of a histogram, how often
}

func (s series) String() string {
	text := s.name
	for _, name := range slices.Sorted(maps.Keys(s.labels)) {
		text += " " + name + "=" + s.labels[name]
	}
	return text
}

func gathered(t *testing.T, reg prometheus.Gatherer) (all []series) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			s := series{name: f.GetName(), labels: map[string]string{}}
			for _, l := range m.GetLabel() {
				s.labels[l.GetName()] = l.GetValue()
			}
			s.value = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			all = append(all, s)
		}
	}
	return all
}

func counts(t *testing.T, all []series, want map[string]float64) {
	t.Helper()
	got := map[string]float64{}
	for _, s := range all {
		if _, asked := want[s.String()]; asked {
			got[s.String()] = s.value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}
