// Package foreign runs OAuth clients and client libraries that others wrote against
// the issuer: whoever comes to deskauth brings one of them, and knows nothing of us.
//
//	deskauth issuer (built, its own process) ◄── pages ── a person at a journey.Browser
//	      ▲                                                     │ redirected URL
//	      └── code, refresh, API ── golang.org/x/oauth2, python3-requests-oauthlib,
//	                                go-zendesk, node-zendesk (in node/)
//
// It holds tests alone.
package foreign
