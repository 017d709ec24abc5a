// Package desk is the helpdesk of a local Zendesk: what the issuer's tokens open.
//
//	account ──► ticket ──► audit ──► event: a field that changed, or a comment ──► attachment
//	              │          │                                                        ▲
//	          requester    author      users of the same account       upload ────────┘
//
// A change goes one way: the ticket is loaded, Ticket.change decides what becomes
// of it, and one step of the Store swaps it, adds the audit and gives the comment
// the files of the uploads it spends. An upload's file is on the disk before its
// row is: a row never names a file that is not there. One whose row did not come
// to be is left to whoever tidies the directory.
//
// The package declares the Store that keeps all this. Its numbers are those of the
// issuer's accounts and users; everything else about those stays with the issuer,
// of which the desk knows only who is calling.
package desk
