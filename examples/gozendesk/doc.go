// Package gozendesk shows, in its example, another library for Zendesk over the HTTP
// client of a connection: it needs no change for it, and no token.
package gozendesk
