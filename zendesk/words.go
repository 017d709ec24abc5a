package zendesk

import "github.com/deskauth/deskauth/oauth"

// Endpoint is where an error is said: the sentences differ.
type Endpoint int

const (
	Authorize Endpoint = iota // in the redirect of the authorization endpoint
	Token                     // in the JSON of the token endpoint
)

// The sentences are rack-oauth2's, and those of invalid_grant, invalid_client
// and access_denied have been seen from Zendesk word for word. Clients compare
// them, so not a full stop may change.
var (
	authorizeWords = map[oauth.Code]string{
		oauth.InvalidRequest:          "The request is missing a required parameter, includes an unsupported parameter or parameter value, or is otherwise malformed.",
		oauth.UnauthorizedClient:      "The client is not authorized to use the requested response type.",
		oauth.AccessDenied:            "The end-user or authorization server denied the request.",
		oauth.UnsupportedResponseType: "The requested response type is not supported by the authorization server.",
		oauth.InvalidScope:            "The requested scope is invalid, unknown, or malformed.",
	}
	tokenWords = map[oauth.Code]string{
		oauth.InvalidGrant:         "The provided access grant is invalid, expired, or revoked (e.g. invalid assertion, expired authorization token, bad end-user password credentials, or mismatching authorization code and redirection URI).",
		oauth.InvalidClient:        "The client identifier provided is invalid, the client failed to authenticate, the client did not include its credentials, provided multiple client credentials, or used unsupported credentials type.",
		oauth.InvalidRequest:       "The request is missing a required parameter, includes an unsupported parameter or parameter value, repeats a parameter, includes multiple credentials, utilizes more than one mechanism for authenticating the client, or is otherwise malformed.",
		oauth.UnauthorizedClient:   "The authenticated client is not authorized to use the access grant type provided.",
		oauth.UnsupportedGrantType: "The access grant included - its type or another attribute - is not supported by the authorization server.",
		oauth.InvalidScope:         "The requested scope is invalid, unknown, malformed, or exceeds the previously granted scope.",
	}
	// Nobody has recorded what Zendesk says here; these words are our own.
	failureWords = map[oauth.Code]string{
		oauth.ServerError:            "Something went wrong on the server. Please try again.",
		oauth.TemporarilyUnavailable: "The server cannot answer right now. Please try again later.",
	}
)

// InvalidTokenWords is what the API says of a bearer token it does not take,
// whatever is wrong with it.
const InvalidTokenWords = "The access token provided is expired, revoked, malformed or invalid for other reasons."

// Description is Zendesk's sentence for a code at an endpoint, byte for byte;
// "" when the code does not occur there.
func Description(code oauth.Code, at Endpoint) string {
	if words, ok := failureWords[code]; ok {
		return words
	}
	if at == Authorize {
		return authorizeWords[code]
	}
	return tokenWords[code]
}

// TokenChallenge is the WWW-Authenticate header of invalid_client.
const TokenChallenge = `Basic realm="OAuth2 Token Endpoint"`
