// Package deskhttp is the helpdesk on the wire: tickets, requests and uploads of
// the Zendesk API, and the files behind attachments.
//
//	apihttp (who calls, which scopes, which quota) ─► params ─► desk.Desk ─► render ─► JSON
//	                                                                │
//	                             Zendesk's words ◄── refuse ◄── error
//
//	GET /attachments/token/… ─► Content ─► the file, which no browser runs
//
// It gives package apihttp its routes; whoever composes the issuer mounts them
// beside those of package issuerhttp.
package deskhttp
