// Package deskauth is the client of a deskauth broker, and the wire types of its API.
//
// A broker sends people through Zendesk's OAuth, keeps their tokens sealed and renews
// them in time. A program that holds a key to it asks for a connection's token just
// before it calls Zendesk, and never stores one:
//
//	program ── deskauth (key, connection) ──► broker ── oauth ──► Zendesk
//	   │                                         │
//	   └──────── Zendesk API (token) ◄───────────┘
//
// To run the broker inside the program, with the same methods and types, use package
// embedded.
package deskauth
