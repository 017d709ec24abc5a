package tracing

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
)

// kept are traces whose spans stay here.
func kept(t *testing.T) (*Traces, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	traces := newTraces(sdktrace.WithSyncer(spans))
	return traces, spans
}

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestRequestsAreSpans(t *testing.T) {
	traces, spans := kept(t)
	mux := http.NewServeMux()
	var id string
	mux.HandleFunc("GET /pages/{name}", func(w http.ResponseWriter, r *http.Request) { id = traces.TraceID(r.Context()) })
	mux.HandleFunc("POST /broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("GET /cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	h := httpd.Chain(mux, traces.Requests("broker"), httpd.RequestID)
	for _, tt := range []struct {
		method, target string
		header         http.Header
		name, parent   string
		status         codes.Code
	}{
		{"GET", "/pages/s3cret?code=s3cret", http.Header{"Traceparent": {parent}, "Tracestate": {"v=s3cret"}, "Baggage": {"a=s3cret"}, "Cookie": {"s3cret"}}, "GET /pages/{name}", "00f067aa0ba902b7", codes.Unset},
		{"GET", "/pages/x", http.Header{"Traceparent": {"00-s3cret"}}, "GET /pages/{name}", "0000000000000000", codes.Unset},
		{"S3CRET", "/s3cret", nil, "OTHER unmatched", "0000000000000000", codes.Unset},
		{"POST", "/broken", nil, "POST /broken", "0000000000000000", codes.Error},
		{"GET", "/cut", nil, "GET /cut", "0000000000000000", codes.Error},
	} {
		spans.Reset()
		r := httptest.NewRequest(tt.method, tt.target, nil)
		r.Header = tt.header
		func() {
			defer func() { _ = recover() }() // net/http does, too
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
		all := spans.GetSpans()
		if len(all) != 1 {
			t.Fatalf("%s: %d spans", tt.target, len(all))
		}
		s := all[0]
		if s.Name != tt.name || s.Parent.SpanID().String() != tt.parent || s.Status.Code != tt.status || s.SpanContext.TraceState().Len() != 0 {
			t.Errorf("%s: %q under %s, %v", tt.target, s.Name, s.Parent.SpanID(), s.Status)
		}
		if strings.HasPrefix(tt.target, "/pages") && id != s.SpanContext.TraceID().String() {
			t.Errorf("the log would have trace %q", id)
		}
		for _, a := range s.Attributes {
			if strings.Contains(strings.ToLower(a.Value.String()), "s3cret") {
				t.Errorf("%s: %s=%s", tt.target, a.Key, a.Value.String())
			}
		}
	}
}

func TestWorkIsSpans(t *testing.T) {
	traces, spans := kept(t)
	o := traces.Observer()
	lend, lent := o.Began(t.Context(), broker.Work{Kind: broker.Lending, Connection: 7, Account: "acme", Generation: 3, Forced: true})
	_, called := o.Began(lend, broker.Work{Kind: broker.Calling, Connection: 7, Method: "S3CRET"})
	_, done := o.Began(lend, broker.Work{Kind: broker.Chore, Chore: broker.ChoreTidy})
	_, told := o.Began(t.Context(), broker.Work{Kind: broker.Delivering, Webhook: 2, Number: 4})
	told(broker.Ended{Result: broker.DeliveryAgain, Reason: broker.NoAnswer, Err: errors.New("s3cret")})
	done(broker.Ended{Result: broker.ChoreDone})
	called(broker.Ended{Result: broker.CallAnswered, Status: 502})
	lent(broker.Ended{Result: broker.FromRenewal.String()})
	type span struct {
		name, parent, status string
		attrs                map[string]string
	}
	var got []span
	names := map[string]string{}
	for _, s := range spans.GetSpans() {
		names[s.SpanContext.SpanID().String()] = s.Name
	}
	for _, s := range spans.GetSpans() {
		one := span{s.Name, names[s.Parent.SpanID().String()], s.Status.Code.String(), map[string]string{}}
		for _, a := range s.Attributes {
			one.attrs[string(a.Key)] = a.Value.String()
		}
		got = append(got, one)
	}
	want := []span{
		{"deliver", "", "Error", map[string]string{"deskauth.webhook": "2", "deskauth.try": "4", "deskauth.result": "again", "deskauth.reason": "no_answer"}},
		{"call", "lend", "Error", map[string]string{"deskauth.connection": "7", "deskauth.result": "answered", "http.response.status_code": "502"}},
		{"lend", "", "Unset", map[string]string{"deskauth.connection": "7", "deskauth.generation": "3", "deskauth.forced": "true", "deskauth.result": "renewal"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(span{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Without traces nothing stands on any way.
func TestOff(t *testing.T) {
	var traces *Traces
	o := traces.Observer()
	if o.Began != nil || o.Lent != nil || traces.Requests("broker") != nil || traces.TraceID(context.Background()) != "" || traces.Close() != nil {
		t.Error("something is done without traces")
	}
}

// What cannot be read of a variable is told, and what stands in it is not.
func TestWrongHeadersAreToldWithoutTheirValues(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "s3cret,api key=s3cret,api-key=%s3cret")
	var said []string
	traces, err := Open(t.Context(), "test", func(err error) { said = append(said, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(said, "\n")
	if len(said) != 3 || !strings.Contains(all, "parse headers: missing '=") || strings.Contains(all, "s3cret") {
		t.Errorf("said %q", said)
	}
}

// A collector that is away is told of once a minute.
func TestComplaints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := 0
		c := &complaints{say: func(error) { said++ }}
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{0, 1}, {time.Second, 1}, {58 * time.Second, 1}, {time.Second, 2}, {time.Second, 2}} {
			time.Sleep(tt.after)
			c.Handle(errors.New("no answer"))
			c.Handle(nil)
			if said != tt.want {
				t.Errorf("after %v more: said %d times, want %d", tt.after, said, tt.want)
			}
		}
	})
}
