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
// Most programs call HTTPClient and never see a token:
//
//	c := &deskauth.Client{URL: "https://broker.example", Key: key}
//	resp, err := c.HTTPClient(connection.ID).Get(connection.URL + "/api/v2/users/me.json")
//
// The way of such a request:
//
//	remembered token ─▶ Zendesk ─▶ 401 invalid_token? ─▶ the broker, with the refused generation
//	      ▲                                                  │
//	      └── the broker, shortly before the token's end     └─▶ Zendesk, once more
//
// What can go wrong with a connection comes as an error that says who has to act:
//
//	*ReauthorizeError   its person, who signs in at URL
//	*Unusable           somebody who looks at it: it is disabled, or its answer was lost
//	*Unavailable        nobody: it heals; RetryAfter says when
//	ErrAway             nobody: the broker cannot be reached
//	ErrNotFound         the program: it was revoked, or never was
//
// To run the broker inside the program, with the same methods, types and errors, use
// package embedded.
package deskauth
