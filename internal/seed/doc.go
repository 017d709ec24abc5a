// Package seed reads the file of accounts that an issuer starts with.
//
//	seed.yaml ── Parse ──► File ── Apply ──► issuer.Plant       account, users, clients, API tokens
//	builtin.yaml ─ BuiltIn ─┘        ├─────► desk.PlantTickets  its first tickets
//	                                 └─────► issuer.PlantGlobal clients from outside, and who approves them
//
// Parse refuses what it does not know, and says for each mistake the line and
// what was expected, so that a file can be mended in one go. It never repeats a
// line of the file, which may hold a password.
//
// Apply adds what is missing and alters nothing: a restart keeps what people
// changed. Its notes tell where file and database differ.
package seed
