// Package issuer decides who may have which token: it is the authorization
// server of a local Zendesk, without its wire and without its tables.
//
// A request's way through it, in the order of the files:
//
//	account, user, client        who asks, of whom, through what
//	signin   ──► session         a person proves who they are
//	authorize ─► consent ──► code    the dispatcher; what the person allowed
//	exchange ──► token           a code or a refresh token becomes a token
//	bearer   ──► caller          a token becomes whoever calls the API
//	tokens, clients, globals, apitokens, users    what an admin sees and changes of all that
//
// Each use case loads, calls a value method that decides (no collaborators;
// the time and fresh secrets are arguments), asks the Store for one atomic
// step, and only then answers. The package does not know HTTP, SQL or logs: it
// returns errors for the edge to render, and events for the store to keep.
//
// What is Zendesk's rather than OAuth's (scopes, lifetimes, words) comes in as
// a Policy for each product.
package issuer
