// Package apihttp is the shared edge of the Zendesk API: what every endpoint
// under /api/v2 has in common, so that none can forget it.
//
//	request ─► Hosts (which account?) ─► `.json` off ─► CORS ─► who calls? ─► which scopes, role? ─► Route.Serve
//	                                                                                                   │
//	         JSON, or Zendesk's error body ◄── Fail ◄───────────── (Response, error) ◄─────────────────┘
//
// A route reads what was sent by Request.ID, Params and Page, and answers a list
// by Listed: types, unknown members and pages are wrong alike everywhere.
//
// Packages issuerhttp and deskhttp give it their routes.
package apihttp
