package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/deskauth/deskauth/internal/broker"
)

// Observer opens a span for each work of a broker's, but for its chores: what these do
// has spans of its own. Told nothing when there are no traces.
func (t *Traces) Observer() broker.Observer {
	if t == nil {
		return broker.Observer{}
	}
	return broker.Observer{Began: func(ctx context.Context, w broker.Work) (context.Context, func(broker.Ended)) {
		if w.Kind == broker.Chore {
			return ctx, func(broker.Ended) {}
		}
		ctx, span := t.tracer.Start(ctx, string(w.Kind), trace.WithSpanKind(kindOf(w.Kind)), trace.WithAttributes(begins(w)...))
		return ctx, func(e broker.Ended) {
			span.SetAttributes(ends(e)...)
			if bad(w.Kind, e) {
				span.SetStatus(codes.Error, "")
			}
			span.End()
		}
	}}
}

// kindOf tells what asks another server from what goes on here.
func kindOf(k broker.WorkKind) trace.SpanKind {
	switch k {
	case broker.Attempting, broker.Calling, broker.Delivering:
		return trace.SpanKindClient
	}
	return trace.SpanKindInternal
}

// begins are numbers and words of lists; a method comes from outside, and is one of RFC
// 9110's or nothing.
func begins(w broker.Work) (attrs []attribute.KeyValue) {
	number := func(name string, n int64) {
		if n != 0 {
			attrs = append(attrs, attribute.Int64(name, n))
		}
	}
	number("deskauth.connection", int64(w.Connection))
	number("deskauth.generation", w.Generation)
	number("deskauth.webhook", int64(w.Webhook))
	number("deskauth.pass", int64(w.Pass))
	number("deskauth.try", int64(w.Number))
	if w.Forced {
		attrs = append(attrs, attribute.Bool("deskauth.forced", true))
	}
	if methods[w.Method] {
		attrs = append(attrs, attribute.String("http.request.method", w.Method))
	}
	return attrs
}

var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

func ends(e broker.Ended) []attribute.KeyValue {
	attrs := []attribute.KeyValue{attribute.String("deskauth.result", e.Result)}
	if e.Reason != "" {
		attrs = append(attrs, attribute.String("deskauth.reason", e.Reason))
	}
	if e.Status != 0 {
		attrs = append(attrs, attribute.Int("http.response.status_code", e.Status))
	}
	return attrs
}

// good is how work of each kind ends well.
var good = map[broker.WorkKind]map[string]bool{
	broker.Lending:    {broker.FromRenewal.String(): true, broker.FromBefore.String(): true},
	broker.Renewal:    {broker.RenewalDone: true, broker.RenewalOvertaken: true},
	broker.Attempting: {string(broker.Renewed): true},
	broker.Waiting:    {broker.WaitMoved: true, broker.WaitTakenOver: true},
	broker.Calling:    {broker.CallAnswered: true},
	broker.Delivering: {broker.DeliveryDone: true},
	broker.PassUse:    {broker.PassSent: true},
}

func bad(k broker.WorkKind, e broker.Ended) bool { return !good[k][e.Result] || e.Status >= 500 }
