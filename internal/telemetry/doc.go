// Package telemetry tells people's monitoring what a broker does.
//
//	broker.Observer ──┬─► Metrics ──► counters, histograms ─┐
//	                  │                                     ├─► /metrics
//	broker.Totals ────┼─► Gauges, asked at a scrape ────────┘
//	                  └─► Lines ────► one line of the log for each renewal
//
// Traces are of package tracing, which observes in the same way.
//
// Every label has its values from a list of the broker's own words. No label and no
// line has a token, code, secret, name or email address; an account's subdomain stands
// in the log alone, which has as many lines as there is to tell.
package telemetry
