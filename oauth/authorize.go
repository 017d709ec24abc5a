package oauth

import (
	"fmt"
	"log/slog"
	"net/url"
)

// ResponseType is what an authorization request asks for (RFC 6749 §3.1.1).
type ResponseType string

// The response types of RFC 6749. They are untyped, so that they compare with
// the text of a request, which may be anything.
const (
	ResponseCode  = "code"
	ResponseToken = "token"
)

// Bounds of an authorization request, in bytes. The browser carries it in an
// address, and no server between accepts longer ones anyway.
const (
	maxAuthorizeValue = 2 << 10
	maxAuthorizeTotal = 16 << 10
)

// AuthorizeRequest is an authorization request as it stands on the wire (RFC
// 6749 §4.1.1 and §4.2.1, RFC 7636 §4.3). Nothing in it has been verified.
type AuthorizeRequest struct {
	ResponseType, ClientID, RedirectURI, Scope, State string

	CodeChallenge, CodeChallengeMethod string

	// HasRedirectURI tells that a redirect_uri was given, even one that could
	// not be read: RedirectURI is then "", which matches nothing. Only when
	// it is false may a client's single registered address be used.
	HasRedirectURI bool

	// Extra is every other parameter; nil when there is none.
	Extra url.Values
}

var authorizeParams = []string{
	"response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method",
}

// DecodeAuthorizeRequest reads a query. A known parameter that is repeated, too
// long, not UTF-8 or holds a NUL gives InvalidRequest with a Reason that names
// it. What could be read is returned even then, because the caller must find
// out whether the redirect URI is the client's before it may redirect the error.
func DecodeAuthorizeRequest(query url.Values) (AuthorizeRequest, *Error) {
	v := &values{from: query, limit: maxAuthorizeValue}
	total := 0
	for name, all := range query {
		for _, value := range all {
			total += len(name) + len(value) + 2
		}
	}
	if total > maxAuthorizeTotal {
		v.fail("the request is too long")
	}
	r := AuthorizeRequest{
		ClientID:            v.take("client_id"),
		RedirectURI:         v.take("redirect_uri"),
		HasRedirectURI:      v.has("redirect_uri"),
		State:               v.take("state"),
		ResponseType:        v.take("response_type"),
		Scope:               v.take("scope"),
		CodeChallenge:       v.take("code_challenge"),
		CodeChallengeMethod: v.take("code_challenge_method"),
	}
	if total <= maxAuthorizeTotal {
		r.Extra = v.rest(authorizeParams)
	}
	return r, v.err
}

// Encode is the query of the request. Empty fields are left out, and Extra
// cannot override a field.
func (r AuthorizeRequest) Encode() url.Values {
	v := url.Values{}
	put(v, "response_type", r.ResponseType)
	put(v, "client_id", r.ClientID)
	put(v, "redirect_uri", r.RedirectURI)
	put(v, "scope", r.Scope)
	put(v, "state", r.State)
	put(v, "code_challenge", r.CodeChallenge)
	put(v, "code_challenge_method", r.CodeChallengeMethod)
	addExtra(v, r.Extra, authorizeParams)
	return v
}

// AuthorizeResponse is what the authorization server sends back through the
// browser, in the query of the redirect URI (RFC 6749 §4.1.2).
type AuthorizeResponse struct {
	Code, State, Error, ErrorDescription string
}

// DecodeAuthorizeResponse reads the query of a callback.
func DecodeAuthorizeResponse(query url.Values) (AuthorizeResponse, *Error) {
	v := &values{from: query, limit: maxAuthorizeValue}
	return AuthorizeResponse{
		State:            v.take("state"),
		Code:             v.take("code"),
		Error:            v.take("error"),
		ErrorDescription: v.take("error_description"),
	}, v.err
}

// Encode is the query to add to the redirect URI.
func (r AuthorizeResponse) Encode() url.Values {
	v := url.Values{}
	put(v, "code", r.Code)
	put(v, "state", r.State)
	put(v, "error", r.Error)
	put(v, "error_description", r.ErrorDescription)
	return v
}

// String hides the code.
func (r AuthorizeResponse) String() string {
	return redacted("oauth.AuthorizeResponse",
		field{"code", hide(r.Code)}, field{"state", hide(r.State)},
		field{"error", r.Error}, field{"error_description", r.ErrorDescription})
}

// GoString hides the code from %#v.
func (r AuthorizeResponse) GoString() string { return r.String() }

// Format hides the code from every verb.
func (r AuthorizeResponse) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// LogValue hides the code from log/slog.
func (r AuthorizeResponse) LogValue() slog.Value { return slog.StringValue(r.String()) }
