// Package issuerhttp is the wire of the issuer: the OAuth endpoints in Zendesk's
// dialect, the pages on which a person signs in and consents, and the
// management API.
//
//	routes.go      every path and method on one page
//	authorize.go   GET /oauth/authorizations/new ─► sign-in page | consent page | redirect
//	signin.go      sign in, pick a user (demo), sign out
//	consent.go     Allow, Deny, another account
//	center.go      who may see the Admin Center, and its paths
//	clientpages.go the Admin Center's OAuth clients
//	logos.go       their logos, and forms with a file
//	tokenpages.go  its tokens
//	settingpages.go, apitokenpages.go
//	               its API settings and API tokens
//	auditpages.go, auditfile.go
//	               its audit trail, and the same as a file
//	userpages.go   its users
//	apppages.go    what a user has of their own: authorized apps, a token by hand
//	token.go       POST /oauth/tokens
//	users.go       /api/v2/users/me
//	oauthtokens.go, oauthclients.go, globalclients.go, apitokens.go
//	               the management API: who has which token, through which client
//	respond.go     each error in the dialect of the surface it came through
//
// It parses and renders. What may happen, package issuer decides.
package issuerhttp
