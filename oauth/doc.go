// Package oauth is the vocabulary of OAuth 2.0: RFC 6749, 6750, 7009, 7636,
// 7662 and 8414. It is stateless and serves both directions, so that a server
// and a client that use it cannot disagree about a field.
//
//	            client                                server
//	AuthorizeRequest.Encode  ──── the browser ───▶  DecodeAuthorizeRequest
//	DecodeAuthorizeResponse  ◀─── the browser ────  RedirectURL, FragmentURL
//	Exchange (one POST)      ────────────────────▶  DecodeTokenRequest
//	TokenResponse, ParseError ◀───────────────────  TokenResponse, Error
//
// Nothing here decides whether a grant is allowed, and nothing here knows
// Zendesk: what differs there is in package zendesk.
//
// Values that carry secrets (TokenRequest, TokenResponse, AuthorizeResponse,
// ImplicitResponse) print [secret] in their place through fmt and log/slog.
// fmt cannot call methods on unexported fields, so keep such a value out of
// unexported fields of structs that are printed.
package oauth
