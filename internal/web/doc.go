// Package web is the one look of every page that deskauth shows to a person:
// the layout, the style sheet, the strings of each language, and one struct for
// each page. It knows nothing of OAuth beyond the words of scopes; its callers,
// issuerhttp and brokerhttp, decide what is shown and this package how.
//
//	handler ──► SignIn{…} ──► Render ──► frame()        which template, brand, title, form targets
//	                            │
//	                            ├──► templates/*.html    into a buffer, strings by T from strings/en.yaml
//	                            ├──► headers             CSP, no-store, no-referrer, Retry-After, Allow
//	                            └──► the response        whole, or a plain 500
//
//	browser ──► /static/style.HASH.css ──► Static        immutable, embedded in the binary
//
// Pages are server-rendered and need no JavaScript. The content security policy
// allows no inline script and no inline style, so neither does a template.
package web
