// Package tracing tells an OpenTelemetry collector what deskauth does, where it is asked
// to. It is off otherwise, and then nothing of it stands on any way.
//
//	request ──► Requests ──► a span, of the caller's trace where it brings one
//	                          │ context
//	broker  ──► Observer ─────┴─► spans: a lend that renews, the renewal, each refresh,
//	                              a wait for another replica, a call of Zendesk's API,
//	                              a delivery to a webhook, a use of a pass
//	                                    │
//	                                    └──► OTLP over HTTP, in batches
//
// Whether and where to is said by OpenTelemetry's own variables: Configure decides
// about them, and its SDK reads the rest of them (sampler, headers, batches, resource)
// by itself.
//
// A span says which route, by its pattern, and which connection, by its number. It has
// no path, query, header, address, account or name in it. To Zendesk, and to webhooks,
// nothing of a trace is sent.
package tracing
