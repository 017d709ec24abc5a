// Package prove shows that the broker keeps its promise (docs/reliability.md): no
// connection is lost to a race, a crash or an outage that could have been survived,
// and what could not be saved is named.
//
// Its tests run the built binary, a demo issuer and one to many replicas of the
// broker, with callers that lend tokens over HTTP and use them:
//
//	callers ──key──► replica ─┐                 ┌──► the issuer, with faults
//	callers ──key──► replica ─┼── PostgreSQL    │         │
//	callers ──key──► replica ─┘                 │      journal ──► what really happened
//	   └──────────── users/me, with the token ──┘
//
// Each has a small size, for every day, and a full one where DESKAUTH_PROVE is 1
// (`make prove`). What they count is logged; the figures of a full run stand in
// docs/reliability.md.
package prove
