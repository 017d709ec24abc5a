// Package zendesk is Zendesk's dialect of OAuth and of its API: what package
// oauth leaves open, and what Zendesk does differently. It is stateless and
// serves both directions: the issuer speaks it as Zendesk does, the broker and
// the command line speak it to Zendesk.
//
//	acme.zendesk.com ── CleanSubdomain ─▶ "acme" ── Base.URL ─▶ *url.URL + paths.go
//
//	query, form, JSON ── DecodeTokenParams ─▶ url.Values ── oauth.DecodeTokenRequest
//	                     DecodeLifetimes   ◀─ Extra ◀──────────────┘
//	scope ── Split, Within ─▶ granted ── Covers ─▶ may this endpoint be called?
//	*oauth.Error ── Description ─▶ Zendesk's sentence
//	API refusals (error.go) ─▶ bytes ─▶ ParseAPIError ─▶ *APIError
//
// What is written here was documented by Zendesk or observed from it; where
// nobody knows, it does what the Ruby gem rack-oauth2 does, whose sentences
// Zendesk's server speaks word for word.
package zendesk
