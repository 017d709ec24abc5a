package tracing

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/deskauth/deskauth/internal/httpd"
)

// Requests opens a span for each request of a server, in the caller's trace where it
// brings one (W3C Trace Context). Nil when there are no traces.
func (t *Traces) Requests(server string) httpd.Middleware {
	if t == nil {
		return nil
	}
	name := attribute.String("deskauth.server", server)
	return httpd.Traced(func(r *http.Request) httpd.Span {
		ctx := r.Context()
		if from := callers(r); from.IsValid() {
			ctx = trace.ContextWithRemoteSpanContext(ctx, from)
		}
		ctx, span := t.tracer.Start(ctx, server, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(name))
		return httpd.Span{Context: ctx, TraceID: t.TraceID(ctx), End: func(d httpd.Done) {
			end(span, d)
		}}
	})
}

// callers is the span that the request is of. Its baggage and its trace state, which
// are text of the caller's, are left where they are.
func callers(r *http.Request) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	return trace.SpanContextFromContext(ctx).WithTraceState(trace.TraceState{})
}

// end says what became of a request: by now its route is known.
func end(span trace.Span, d httpd.Done) {
	span.SetName(d.Method + " " + d.Route)
	span.SetAttributes(attribute.String("http.request.method", d.Method), attribute.String("http.route", d.Route))
	if d.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", d.Status))
	}
	if d.Status == 0 || d.Status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
