package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
)

// These tests hold docs/monitoring.md, the alert rules and the dashboard to the metrics
// that there are.

// described is what a metric is called, what labels it has and of which type it is.
type described struct {
	labels    []string
	histogram bool
}

// notes registers nothing, and writes down what is there.
type notes map[string]described

var (
	nameOfDesc   = regexp.MustCompile(`fqName: "([^"]+)"`)
	labelsOfDesc = regexp.MustCompile(`variableLabels: \{([^}]*)\}`)
)

func (n notes) Register(c prometheus.Collector) error {
	descs := make(chan *prometheus.Desc, 50)
	c.Describe(descs)
	close(descs)
	_, single := c.(prometheus.Histogram)
	_, many := c.(*prometheus.HistogramVec)
	for d := range descs {
		name := nameOfDesc.FindStringSubmatch(d.String())
		labels := labelsOfDesc.FindStringSubmatch(d.String())
		if name == nil || labels == nil {
			return fmt.Errorf("what does %s describe?", d)
		}
		n[name[1]] = described{
			strings.FieldsFunc(labels[1], func(c rune) bool { return c == ',' || c == ' ' }),
			// Every histogram is an Observer, and no counter or gauge of ours is.
			single || many,
		}
	}
	return nil
}

func (n notes) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		if err := n.Register(c); err != nil {
			panic(err)
		}
	}
}

func (n notes) Unregister(prometheus.Collector) bool { return false }

// metrics are all that the broker's listener shows of ours.
func metrics(t *testing.T) notes {
	t.Helper()
	n := notes{}
	NewMetrics(n)
	NewGauges(n, func(context.Context) (broker.Totals, error) { return broker.Totals{}, nil })
	httpd.NewMetrics(n)
	if len(n) < 20 {
		t.Fatalf("found %d metrics", len(n))
	}
	return n
}

// values are what labels may say, of those that rules name.
var values = map[string][]string{
	"state": texts(states), "result": slices.Concat(renewalResults, waitResults, deliveryResults, passResults, choreResults, refreshResults),
	"chore": broker.Chores(), "class": {"1xx", "2xx", "3xx", "4xx", "5xx", none}, "server": {"broker", "issuer", "control"},
}

var (
	selector = regexp.MustCompile(`\b(deskauth_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`^([a-z_]+)(=|=~|!=|!~)"([^"]*)"$`)
	grouped  = regexp.MustCompile(`\bby \(([^)]*)\)`)
)

// checkQuery finds fault with the metrics and labels that a query names. It is no parser:
// that brackets match is all that it knows of the rest.
func checkQuery(n notes, query string) (faults []string) {
	found := selector.FindAllStringSubmatch(query, -1)
	if len(found) == 0 {
		faults = append(faults, "it names no metric")
	}
	known := []string{"job", "instance", "le"}
	for _, m := range found {
		d, ok := n.find(m[1])
		if !ok {
			faults = append(faults, "there is no "+m[1])
			continue
		}
		known = append(known, d.labels...)
		for _, one := range strings.FieldsFunc(m[2], func(c rune) bool { return c == ',' }) {
			faults = append(faults, checkMatcher(d, one)...)
		}
	}
	for _, by := range grouped.FindAllStringSubmatch(query, -1) {
		for label := range strings.SplitSeq(by[1], ", ") {
			if !slices.Contains(known, label) {
				faults = append(faults, "nothing has a label "+label)
			}
		}
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(query, pair[:1]) != strings.Count(query, pair[1:]) {
			faults = append(faults, "brackets "+pair+" do not match")
		}
	}
	return faults
}

// find knows the series of a histogram, too.
func (n notes) find(name string) (described, bool) {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, cut := strings.CutSuffix(name, suffix); cut {
			d, ok := n[base]
			return d, ok && d.histogram
		}
	}
	d, ok := n[name]
	return d, ok && !d.histogram
}

func checkMatcher(d described, text string) (faults []string) {
	m := matcher.FindStringSubmatch(text)
	if m == nil {
		return []string{text + " matches nothing"}
	}
	label := m[1]
	switch {
	case label == "job" || label == "instance":
		return nil
	case !slices.Contains(d.labels, label):
		return []string{"it has no label " + label}
	case label == "days":
		if n, err := strconv.Atoi(m[3]); err != nil || !slices.Contains(broker.DyingDays[:], n) {
			return []string{"nothing is counted for days=" + m[3]}
		}
		return nil
	}
	for value := range strings.SplitSeq(m[3], "|") {
		if !slices.Contains(values[label], value) {
			faults = append(faults, label+" is never "+value)
		}
	}
	return faults
}

func TestCheckQueryFindsFault(t *testing.T) {
	n := metrics(t)
	for query, fine := range map[string]bool{
		`max by (job) (deskauth_connections{state="in_doubt"}) > 0`:     true,
		`rate(deskauth_refresh_seconds_count{result=~"lost|busy"}[5m])`: true,
		`up > 0`:                                       false,
		`deskauth_connection > 0`:                      false,
		`deskauth_connections_total`:                   false,
		`deskauth_refresh_seconds`:                     false,
		`deskauth_connections_count`:                   false,
		`deskauth_connections{state="lost"}`:           false,
		`deskauth_connections{account="a"}`:            false,
		`deskauth_connections{state=a}`:                false,
		`deskauth_refresh_tokens_dying{days="8"}`:      false,
		`sum by (account) (deskauth_connections)`:      false,
		`sum by (job) (deskauth_connections`:           false,
		`deskauth_lends_total{from="memory"`:           false,
		`deskauth_renewals_total{result=~"lost|gone"}`: false,
	} {
		if faults := checkQuery(n, query); (len(faults) == 0) != fine {
			t.Errorf("%s: %q", query, faults)
		}
	}
}

const docs = "../../docs/"

// rule is an alert as Prometheus reads it.
type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

var promDuration = regexp.MustCompile(`^([0-9]+[smhdwy])?$`)

func TestAlerts(t *testing.T) {
	text, err := os.ReadFile(docs + "monitoring/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	n, explained, names := metrics(t), rowsAfter(t, "## Alerts"), map[string]bool{}
	for _, g := range file.Groups {
		if names[g.Name] {
			t.Errorf("two groups %s", g.Name)
		}
		names[g.Name] = true
		for _, r := range g.Rules {
			if faults := checkQuery(n, r.Expr); len(faults) > 0 {
				t.Errorf("%s: %s", r.Alert, strings.Join(faults, "; "))
			}
			if names[r.Alert] || !promDuration.MatchString(r.For) || !slices.Contains([]string{"info", "warning", "critical"}, r.Labels["severity"]) ||
				r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s is there twice, or incomplete: %+v", r.Alert, r)
			}
			if !slices.Contains(explained, r.Alert) {
				t.Errorf("docs/monitoring.md does not say what to do about %s", r.Alert)
			}
			names[r.Alert] = true
		}
	}
	for _, name := range explained {
		if !names[name] {
			t.Errorf("docs/monitoring.md explains %s, which there is not", name)
		}
	}
}

func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(docs + "monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title  string
		Panels []struct {
			ID          int
			Type, Title string
			Description string
			GridPos     struct{ H, W, X, Y int }
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || board.Title == "" {
		t.Fatal(err)
	}
	n, ids, taken := metrics(t), map[int]bool{}, map[[2]int]string{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("panel %d, %q, is there twice, or incomplete", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies over %q, or beside the page", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			if faults := checkQuery(n, target.Expr); len(faults) > 0 && !strings.HasPrefix(target.Expr, "process_") {
				t.Errorf("%s: %s: %s", p.Title, target.Expr, strings.Join(faults, "; "))
			}
		}
	}
	if len(ids) < 20 {
		t.Errorf("%d panels", len(ids))
	}
}

// The guide has a row for each metric, with its labels, and for no other.
func TestMetricsAreExplained(t *testing.T) {
	n, rows := metrics(t), map[string][]string{}
	row := regexp.MustCompile("(?m)^\\| `(deskauth_[a-z_]+)` \\|([^|]*)\\|")
	for _, m := range row.FindAllStringSubmatch(guide(t), -1) {
		rows[m[1]] = strings.FieldsFunc(m[2], func(c rune) bool { return c == '`' || c == ',' || c == ' ' })
	}
	for _, name := range slices.Sorted(maps.Keys(n)) {
		labels, explained := rows[name]
		if !explained || !slices.Equal(labels, n[name].labels) {
			t.Errorf("docs/monitoring.md: %s has labels %q, and the row says %q (%t)", name, n[name].labels, labels, explained)
		}
	}
	for name := range rows {
		if _, there := n[name]; !there {
			t.Errorf("docs/monitoring.md explains %s, which there is not", name)
		}
	}
}

func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(docs + "monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rowsAfter are the words that open the rows of the table below a heading.
func rowsAfter(t *testing.T, heading string) (names []string) {
	t.Helper()
	_, rest, found := strings.Cut(guide(t), "\n"+heading)
	if !found {
		t.Fatalf("docs/monitoring.md has no %s", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)`").FindAllStringSubmatch(rest, -1) {
		names = append(names, m[1])
	}
	return names
}
