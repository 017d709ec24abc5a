// Package brokerhttp puts the broker on the web: the pages that send a person to
// Zendesk and tell what came of it.
//
//	GET  /                         the subdomain box
//	GET  /connect?account=         the same, filled in
//	POST /connect                  cookie, 303 ──► Zendesk ──┐
//	GET  /zendesk/oauth/callback ◄───────────────────────────┘
//	       ├── connected ──► 303 /connected/{flow}, or the program's own page
//	       └── failed    ──► a page that says why
//	GET  /connected/{flow}         who was connected, for the browser that was
//
//	/device                        the code of a program that waits for a person (device_page.go)
//	/link/{secret}                 a link by which a person connects, or authorizes again (links.go)
//	/pass                          what the holder of a pass may send to a ticket (holder.go)
//	/sign-in, /connections         the broker's own pages, for whoever signed in (session.go, board.go)
//	/clients, /keys, /webhooks     and for operators alone (clientpages.go, keypages.go, webhookpages.go)
//
//	GET  /openapi.yaml                what follows, described
//	POST /v1/device_authorization     a program without a key begins to get one (device.go)
//	POST /v1/token                    and gets it
//	GET  /v1/connections              the records that the key reaches, in pages
//	GET  /v1/connections/{id}         the record, for a program with a key
//	GET  /v1/connections/{id}/token   its access token, renewed if need be; ?min_ttl=6h: one
//	                                  that lives so long; ?refused=3: another than
//	                                  that of generation 3, which Zendesk refused
//	     /v1/links, /v1/passes        what is handed out (links.go, passes.go)
//	     /v1/clients                  the OAuth clients, for a key that can admin (clients.go)
//	     /v1/keys, /v1/events         keys, and the audit trail (keys.go, changes.go)
//	     /v1/webhooks                 what is told what happens (webhooks.go)
//	ANY  /v1/connections/{id}/proxy/api/v2/…  Zendesk's API as the connection (proxy.go)
//
// A page that shows what came of a sign-in has an address without a code in it, and
// may be loaded again. Another name of this host is redirected to the public one
// before anything is set, or the cookie would not be there on the way back.
package brokerhttp
