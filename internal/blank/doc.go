// Package blank takes what is secret or personal out of a log before it leaves the
// machine: tokens, keys, passwords, and addresses of people and machines.
//
//	line ─► inside a private key? ─► each pattern, the surest first ─► [token 1] … [address 3]
//
// A value keeps its number, so that who reads the log can still tell that it was the same
// one twice. What a pattern does not know goes through: it lowers a risk, and a person
// looks at what is sent.
package blank
