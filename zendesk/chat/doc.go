// Package chat is what Zendesk Chat's OAuth does differently from Support's: it is
// a system of its own, older, with its own clients, codes and tokens.
//
//	authorize ─▶ AuthorizePath        the client's error in the query has no description
//	token     ─▶ TokenPath            form-encoded alone; tokens do not expire; no PKCE
//	errors    ─▶ {"error":"…"}        bare
//	API       ─▶ zendesk.API          the same requests and retries; lists are bare arrays
//
// What is written here is Zendesk's tutorial and API reference for Chat, and what
// people saw (facts section 8).
package chat
