// Package intercept answers for *.zendesk.com on this machine, so that a program that
// knows nothing of deskauth meets the local Zendesk where it asks for the real one.
//
//	program ── proxy variables, a preload, a trust store (Environment) ──┐
//	                                                                     ▼
//	  CONNECT acme.zendesk.com:443 ──► Proxy ── TLS by Authority ──► Answer (an issuer, or Remote)
//	  GET https://acme.zendesk.com/ ─►  │ (absolute form)
//	  CONNECT other.example:443 ──────► └── passed on, or refused when Offline
//
// No request for a name below zendesk.com leaves the machine: the one place where Proxy
// opens connections refuses those names. A Zendesk under a host name of its owner's own
// (support.customer.example) is not recognized and counts among the others.
//
// It knows host names only: which accounts there are is Answer's business.
package intercept
