// Package apihttp is the shared edge of the Zendesk API: what every endpoint
// under /api/v2 has in common, so that none can forget it.
//
//	request ─► Hosts (which account?) ─► `.json` off ─► CORS ─► who calls? ─► which scopes? ─► Route.Serve
//	                                                                                             │
//	         JSON, or Zendesk's error body ◄── Fail ◄───────────── (Response, error) ◄───────────┘
//
// Packages issuerhttp and deskhttp give it their routes.
package apihttp
