package tracing

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces sends spans. Nil is off: its methods do nothing.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// scope names who makes the spans.
const scope = "github.com/deskauth/deskauth"

// Open begins to send, as OpenTelemetry's variables say; Configure has said that there
// is something to send. A collector that cannot be reached is no error here: what it
// misses is told to complain, at most once a minute.
func Open(ctx context.Context, version string, complain func(error)) (*Traces, error) {
	otel.SetErrorHandler(&complaints{say: complain})
	otel.SetLogger(logr.New(frank{complain}))
	sender, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the way to the OpenTelemetry collector: %w", err)
	}
	// What the variables say wins: it comes later.
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "deskauth"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return newTraces(sdktrace.WithBatcher(sender), sdktrace.WithResource(about)), nil
}

func newTraces(options ...sdktrace.TracerProviderOption) *Traces {
	p := sdktrace.NewTracerProvider(options...)
	return &Traces{provider: p, tracer: p.Tracer(scope)}
}

// closeTime bounds how long an end waits for the collector.
const closeTime = 5 * time.Second

// Close sends what is left.
func (t *Traces) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// TraceID names the trace that a context belongs to, if it is sent; "" otherwise.
func (t *Traces) TraceID(ctx context.Context) string {
	if s := trace.SpanContextFromContext(ctx); t != nil && s.IsSampled() {
		return s.TraceID().String()
	}
	return ""
}
