// Package testlog proves that no issued secret is logged. It gathers what daemons
// and servers log while tests run, and which secrets were issued meanwhile:
//
//	Path, Writer ──► DIR/*.log ──────────┐
//	Issued ──► DIR/issued.txt ──► index ─┴─► leaks: the test fails when it ends
//	                │
//	                └──► leakcheck DIR OUTPUT, after all tests: every secret in every log
//
// DIR is $DESKAUTH_TEST_LOGS, which `make test` sets to a new directory, so that a
// secret issued by one process is looked for in the logs of all. Where it is not
// set, a test has a directory of its own and looks there.
//
// What is noted must be secret and hard to guess: an access or refresh token, a
// code, a client secret, a session cookie, a state. Something of a few characters
// would be found everywhere.
package testlog
