package chat

import (
	"mime"
	"net/url"

	"github.com/deskauth/deskauth/oauth"
)

// Paths below https://{subdomain}.zendesk.com.
const (
	AuthorizePath = "/oauth2/chat/authorizations/new"
	TokenPath     = "/oauth2/chat/token" // singular, unlike Support's

	AccountPath = "/api/v2/chat/account"
	ClientsPath = "/api/v2/chat/oauth/clients"
	TokensPath  = "/api/v2/chat/oauth/tokens"
)

// The scopes. Chat is for the Conversations API, which wants all three.
const (
	Read  = "read"
	Write = "write"
	Chat  = "chat"
)

// Known tells whether Chat has such a scope.
func Known(scope string) bool { return scope == Read || scope == Write || scope == Chat }

// TokenType is what an answer's token_type says in JSON, FragmentTokenType in the
// fragment of the implicit grant: they differ in case.
const (
	TokenType         = "bearer"
	FragmentTokenType = "Bearer"
)

// Denied is the description of an error in a fragment. In a query there is none.
const Denied = "The end-user or authorization server denied the request"

// MethodNotAllowed is the body for a method that an address does not take.
const MethodNotAllowed = `{"description":"The method is not allowed for the requested URL.","error":"Method Not Allowed"}`

// DecodeTokenParams reads a token request: a form, and nothing else.
func DecodeTokenParams(contentType string, body []byte, query url.Values) (url.Values, *oauth.Error) {
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != "application/x-www-form-urlencoded" {
		return nil, oauth.Errorf(oauth.InvalidRequest, "a Chat token request is a form")
	}
	params, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, oauth.Errorf(oauth.InvalidRequest, "the form cannot be read")
	}
	return params, nil
}
