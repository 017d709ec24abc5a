// Package pgserver runs a PostgreSQL server for tests:
//
//	Start ─► find the binaries ─► a directory ─► initdb ─► postgres on a free port
//	Restart ─► end it, as a restart or a crash does ─► the same again, at its port
//	Stop ─► end it, remove the directory
//
// The server listens on 127.0.0.1, trusts whoever connects and keeps nothing.
// PostgreSQL refuses to run as root, so that for root it runs as the user postgres.
// On Linux it dies with the process that started it, even when that is killed; then,
// and only then, its directory stays behind.
package pgserver
