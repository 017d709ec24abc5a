package journey_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/deskauth/deskauth/internal/testlog"
)

// otlpReceiver is a collector that takes spans over HTTP, as the specification of OTLP
// has it. What it gets is looked through for secrets like a log.
type otlpReceiver struct {
	*httptest.Server
	mu    sync.Mutex
	raw   strings.Builder
	spans []*otlp.Span
}

func newReceiver(t *testing.T) *otlpReceiver {
	t.Helper()
	r := &otlpReceiver{}
	log := testlog.Writer(t, "collector")
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var sent collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &sent)
		}
		if err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s of %q: %v", req.URL.Path, req.Header.Get("Content-Type"), err)
		}
		_, _ = log.Write(append(body, '\n'))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(body)
		for _, of := range sent.GetResourceSpans() {
			for _, in := range of.GetScopeSpans() {
				r.spans = append(r.spans, in.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// tree is the spans of a trace below a span, each with what became of it, as lines that
// are indented by their depth, in the order in which they began.
func (r *otlpReceiver) tree(trace, below string) (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var add func(parent, indent string)
	add = func(parent, indent string) {
		for _, s := range r.spans {
			if hex.EncodeToString(s.GetTraceId()) != trace || hex.EncodeToString(s.GetParentSpanId()) != parent {
				continue
			}
			line := indent + s.GetName()
			for _, a := range s.GetAttributes() {
				switch a.GetKey() {
				case "deskauth.result":
					line += " " + a.GetValue().GetStringValue()
				case "http.response.status_code":
					line += fmt.Sprintf(" %d", a.GetValue().GetIntValue())
				}
			}
			lines = append(lines, line)
			add(hex.EncodeToString(s.GetSpanId()), indent+"  ")
		}
	}
	add(below, "")
	return lines
}

// A renewal that a caller's request makes necessary stands in that caller's trace; and
// neither traces nor metrics have anything that is nobody's business.
func TestTracesAndMetricsOfARealBroker(t *testing.T) {
	r := newReceiver(t)
	p := startProxied(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=c0llector-k3y")
	advance(t, p.controls, 31*time.Minute)
	req := p.request("GET", "users/me.json?q=s3cret-of-the-query", nil)
	const trace, caller = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	req.Header.Set("Traceparent", "00-"+trace+"-"+caller+"-01")
	req.Header.Set("Tracestate", "vendor=s3cret-of-the-state")
	req.Header.Set("Baggage", "user=s3cret-of-the-baggage")
	if status, body := p.send(req); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := p.call("GET", "n0where.json", "", nil); status != http.StatusNotFound {
		t.Errorf("no such path: %d", status)
	}
	_, metrics, err := p.broker.Ops(t.Context(), "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	log := p.broker.Log()
	p.broker.Terminate() // what is left is sent
	p.issuer.Terminate()

	want := []string{
		"GET /v1/connections/{id}/proxy/ 200",
		"  call answered 401",
		"  lend renewal",
		"    renew renewed",
		"      refresh renewed",
		"  call answered 200",
	}
	got := r.tree(trace, caller)
	if diff := cmp.Diff(inAnyOrder(want), inAnyOrder(got)); diff != "" {
		t.Errorf("the caller's trace (-want +got):\n%s\n%s", diff, strings.Join(got, "\n"))
	}
	if !strings.Contains(log, "trace_id="+trace) || strings.Count(log, "msg=renewal") != 1 || strings.Count(log, "result=renewed") != 1 {
		t.Errorf("the log does not tell of one renewal, with its trace:\n%s", log)
	}
	nobodys := []string{
		"s3cret-of", "n0where", "c0llector-k3y", p.key, p.town.BrokerSecret, p.town.People[0].Email, p.town.People[0].Name, "acme", "127.0.0.1",
	}
	for _, secret := range nobodys {
		if strings.Contains(r.raw.String(), secret) {
			t.Errorf("the traces tell %q", secret)
		}
		if strings.Contains(metrics, secret) {
			t.Errorf("the metrics tell %q", secret)
		}
	}
	checkMetrics(t, metrics)
}

// inAnyOrder counts lines: spans arrive as they end.
func inAnyOrder(lines []string) map[string]int {
	n := map[string]int{}
	for _, line := range lines {
		n[line]++
	}
	return n
}

// metricLine is a series of the text format; metricLabel one of its labels.
var (
	metricLine  = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	metricLabel = regexp.MustCompile(`([a-z_]+)="((?:[^"\\]|\\.)*)"`)
)

// metricValues are what labels may say, of everything that is scraped.
var metricValues = map[string]*regexp.Regexp{
	"server": regexp.MustCompile(`^broker$`), "method": regexp.MustCompile(`^([A-Z]{3,7}|OTHER)$`),
	"code": regexp.MustCompile(`^([1-5][0-9][0-9]|aborted)$`), "class": regexp.MustCompile(`^([1-5]xx|none)$`),
	// A pattern: no segment is a number, or longer than a word of ours.
	"route": regexp.MustCompile(`^(unmatched|/|(/([a-z][a-z0-9_.]{0,19}|\{[a-z]+(\.\.\.)?\}|\{\$\}))+/?)$`),
	"le":    regexp.MustCompile(`^([0-9.e+-]+|\+Inf)$`), "quantile": regexp.MustCompile(`^(0(\.[0-9]+)?|1)$`), "days": regexp.MustCompile(`^[0-9]{1,2}$`),
	"from": regexp.MustCompile(`^[a-z]+$`), "result": regexp.MustCompile(`^[a-z_]+$`), "reason": regexp.MustCompile(`^[a-z_]+$`),
	"state": regexp.MustCompile(`^[a-z_]+$`), "chore": regexp.MustCompile(`^[a-z_]+$`), "version": regexp.MustCompile(`^go[0-9.]+$`), "cause": regexp.MustCompile(`^(encoding|gathering)$`),
}

func checkMetrics(t *testing.T, text string) {
	t.Helper()
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		m := metricLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not a series: %s", line)
			continue
		}
		n++
		for _, label := range metricLabel.FindAllStringSubmatch(m[2], -1) {
			if may := metricValues[label[1]]; may == nil || !may.MatchString(label[2]) {
				t.Errorf("%s: %s=%q is of no list", m[1], label[1], label[2])
			}
		}
	}
	for _, want := range []string{
		`deskauth_renewals_total{reason="none",result="renewed"} 1`, `deskauth_refresh_seconds_count{result="renewed"} 1`,
		`deskauth_zendesk_call_seconds_count{class="4xx"} 2`, `deskauth_zendesk_call_seconds_count{class="2xx"} 1`,
		`deskauth_connections{state="active"} 1`, `deskauth_refresh_tokens_dying{days="90"} 1`, `deskauth_refresh_tokens_dying{days="14"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if n < 150 {
		t.Errorf("%d series", n)
	}
}
