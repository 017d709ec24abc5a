// Package httpd is how every listener of deskauth runs, whatever it serves.
//
//	Listen ─▶ Server ─▶ Run ──── until ctx ends, then 10 s for what is in flight
//	             │
//	             ▼  Chain, outermost first
//	  RequestID ─▶ Log ─▶ Metrics ─▶ Recover ─▶ ClientAddress ─▶ SecureHeaders ─▶ MaxBody ─▶ mux
//	      │         ▲        ▲          ▲             │                                       │
//	      └─────────┴────────┴──────────┴── exchange ─┴───────────── Note, the route's pattern ┘
//
// The outermost middleware makes one exchange for the request; the others find
// it in the context, so that what an inner one learns (client address, account,
// pattern) is in the line that an outer one logs. A handler between them that
// copies the request (WithContext, StripPrefix) hides the pattern from Log and
// Metrics: put Route directly round the mux there. Traced, where requests are
// traced, stands outside of all of them for the same reason.
//
// Queries, paths and headers are never logged or counted: they carry codes and
// tokens. Routes appear as the pattern they matched.
package httpd
