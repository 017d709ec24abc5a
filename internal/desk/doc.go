// Package desk is the helpdesk of a local Zendesk: what the issuer's tokens open.
//
//	account ──► ticket ──► comment
//	              │           │
//	          requester     author      users of the same account
//
// It declares the Store that keeps them. Its numbers are those of the issuer's
// accounts and users; everything else about those stays with the issuer.
package desk
