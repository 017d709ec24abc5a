// Command withpg runs another command beside a PostgreSQL server of its own:
//
//	go run ./internal/store/storetest/withpg -- go test ./...
//
// Its flow:
//
//	pgserver.Start → DESKAUTH_TEST_POSTGRES=dsn CMD… ─┐  signals go to CMD
//	               ← stop the server, exit with CMD's code
//
// By default the server does not sync to disk (-fsync makes it). It dies with withpg,
// on Linux even when that is killed.
package main
