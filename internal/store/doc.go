// Package store keeps the state of deskauth in SQL, on SQLite or PostgreSQL.
//
// One set of statements serves both engines (numbered parameters in the order
// of their first appearance, RETURNING, ON CONFLICT, no SQL functions); only
// the tables' definitions differ, in migrations/sqlite and migrations/postgres.
//
// The flow of a write:
//
//	use case ──► DB.<Step> ──► step(func(tx)) ──► SQLite: the writer's queue ──► SAVEPOINT … COMMIT ──► answer
//	                                         └─► PostgreSQL: one transaction of its own
//
// Every exported method is one atomic step of an interface that its user
// declares (issuer.Store, broker.Store). A step decides nothing: it swaps a
// state for the next one, and returns ErrConflict when another was faster.
// Nobody is answered before the commit.
package store
