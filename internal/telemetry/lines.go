package telemetry

import (
	"context"
	"log/slog"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
)

// Lines writes a line for each renewal that this process carried out, when it has
// ended: one, however many callers waited for it. What asked for a token has a line of
// its own, by its request. traceID names the trace of a context, or returns ""; nil:
// there are no traces.
func Lines(log *slog.Logger, traceID func(context.Context) string) broker.Observer {
	return broker.Observer{Began: func(ctx context.Context, w broker.Work) (context.Context, func(broker.Ended)) {
		if w.Kind != broker.Renewal {
			return ctx, func(broker.Ended) {}
		}
		begun := time.Now()
		return ctx, func(e broker.Ended) {
			attrs := append(renewalAttrs(w, e), slog.Duration("duration", time.Since(begun)))
			if traceID != nil {
				if id := traceID(ctx); id != "" {
					attrs = append(attrs, slog.String("trace_id", id))
				}
			}
			log.LogAttrs(ctx, levelOf(e), "renewal", attrs...)
		}
	}}
}

func renewalAttrs(w broker.Work, e broker.Ended) []slog.Attr {
	attrs := []slog.Attr{
		slog.Int64("connection", int64(w.Connection)), slog.String("account", w.Account),
		slog.Int64("generation", w.Generation), slog.String("result", e.Result),
	}
	if e.Reason != "" {
		attrs = append(attrs, slog.String("reason", e.Reason))
	}
	if w.Forced {
		attrs = append(attrs, slog.Bool("forced", true))
	}
	attrs = append(attrs, slog.Int("requests", e.Tries))
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	return attrs
}

// levelOf says how urgent it is: what heals by itself and what needs a person of the
// account are warnings; what failed here is an error.
func levelOf(e broker.Ended) slog.Level {
	switch e.Result {
	case broker.RenewalDone, broker.RenewalOvertaken:
		return slog.LevelInfo
	case broker.RenewalFailed:
		return slog.LevelError
	}
	return slog.LevelWarn
}
