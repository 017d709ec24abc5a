// Package journey runs the built binary as people and programs use it: real
// processes, real listeners, a browser's cookies and forms, `kill -9` at random
// moments. It holds the drivers; the journeys are its tests and the scripts of
// cmd/deskauth.
//
//	Main            builds the binary once for a test program
//	Start ─► Daemon   Kill, Stop, Restart; its log goes to package testlog
//	Browser         pages, forms and cookies
//	App             an OAuth client: code, token, refresh, users/me
//
//	Browser ──► broker ──► issuer: sign in, Allow ──► broker ──► "Hi, Ada Admin!"
//	Browser ──────────────► issuer: sign in, Allow ──► code ──► App ──► tokens
//
// No name is resolved: every host is this machine, whatever it is called.
package journey
