// Command withpg runs another command beside a PostgreSQL server of its own:
//
//	go run ./internal/store/storetest/withpg -- go test ./...
//
// Its flow:
//
//	find the binaries → a directory → initdb → postgres on a free port
//	      → DESKAUTH_TEST_POSTGRES=dsn CMD… ─┐  signals go to CMD
//	      ← stop the server, remove the directory, exit with CMD's code
//
// The server is for tests only. It listens on 127.0.0.1 and trusts whoever
// connects, keeps nothing, and by default does not sync to disk (-fsync makes it).
// PostgreSQL refuses to run as root, so that for root it runs as the user postgres.
// On Linux it dies with withpg even when withpg is killed; then, and only then, its
// directory stays behind.
package main
