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
// API calls Zendesk as the owner of a token. Every request goes the same way:
//
//	API.Clients, Me, Upload … ─▶ call ─▶ try ─▶ Answered ─▶ record, *APIError or *oauth.RemoteError
//	                               ▲      │
//	                               └──────┴── Retry: 429, 503 with Retry-After, no answer
//	lists ─▶ page ─▶ page ─▶ …     an iter.Seq2 that asks for a page when the loop gets there
//
// What is written here was documented by Zendesk or observed from it; where
// nobody knows, it does what the Ruby gem rack-oauth2 does, whose sentences
// Zendesk's server speaks word for word.
package zendesk
