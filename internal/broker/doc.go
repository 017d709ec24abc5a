// Package broker sends people through Zendesk's OAuth, keeps the tokens that come
// back sealed, and renews them so that none is lost that could be saved.
//
// Signing in:
//
//	Connect ──► Flow (state, PKCE verifier, browser) ──► the browser leaves for Zendesk
//	                                                             │
//	Callback ──► Flow.Accept ──► RedeemFlow ──► POST code ──► KeepTokens ──► who is it? ──► SettleConnection
//	             whose, when     pending row    once          sealed first   users/me       or MergeConnection
//
// Lending:
//
//	Token ──► Connection.Due? ──no──► lend what is there: of the row, or of memory
//	              │                   where this process alone serves a SQLite file
//	              │yes
//	              ▼
//	          one flight per connection ──► Claim ──► OpenAttempt ──► POST ──► Renew ──► lend
//	          (callers share it)            a lease   written first   once     a swap, before use
//	                                                                   │
//	                                                                   └──► Connection.Judge ──► again, next secret,
//	                                                                        wait, back off, or name what is lost
//
// Handing out: a Courier carries by passes (courier.go), deliveries tell webhooks
// (deliver.go), and sealing keys are rotated beside all of it (rotate.go).
//
// A use case loads, lets a value decide, asks the store for one atomic step and
// only then answers. The values (Flow, Connection, Attempt, Reply) decide without
// collaborators. No network call happens inside a step.
//
// There are two times. Now is protocol time: expiry, flows, back-off. Claims and
// I/O deadlines run on the machine's monotonic clock, which nothing steers.
package broker
