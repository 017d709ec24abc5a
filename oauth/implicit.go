package oauth

import (
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
)

// ImplicitResponse is what the implicit grant sends back in the fragment of the
// redirect URI (RFC 6749 §4.2.2). Use FragmentURL with it.
type ImplicitResponse struct {
	AccessToken, TokenType, Scope, State string
	Error, ErrorDescription              string
	ExpiresIn                            *int64 // seconds; nil = not said
}

// DecodeImplicitResponse reads a fragment that was split as a query.
func DecodeImplicitResponse(fragment url.Values) (ImplicitResponse, *Error) {
	v := &values{from: fragment, limit: maxTokenValue}
	r := ImplicitResponse{
		State:            v.take("state"),
		AccessToken:      v.take("access_token"),
		TokenType:        v.take("token_type"),
		Scope:            v.take("scope"),
		Error:            v.take("error"),
		ErrorDescription: v.take("error_description"),
	}
	if n, ok := parseSeconds(v.take("expires_in")); ok {
		r.ExpiresIn = &n
	}
	return r, v.err
}

// Encode is the fragment to add to the redirect URI.
func (r ImplicitResponse) Encode() url.Values {
	v := url.Values{}
	put(v, "access_token", r.AccessToken)
	put(v, "token_type", r.TokenType)
	put(v, "scope", r.Scope)
	put(v, "state", r.State)
	put(v, "error", r.Error)
	put(v, "error_description", r.ErrorDescription)
	if r.ExpiresIn != nil {
		v.Set("expires_in", strconv.FormatInt(*r.ExpiresIn, 10))
	}
	return v
}

// String hides the token.
func (r ImplicitResponse) String() string {
	return redacted("oauth.ImplicitResponse",
		field{"access_token", hide(r.AccessToken)}, field{"token_type", r.TokenType}, field{"scope", r.Scope},
		field{"state", hide(r.State)}, field{"error", r.Error}, field{"error_description", r.ErrorDescription},
		field{"expires_in", seconds(r.ExpiresIn)})
}

// GoString hides the token from %#v.
func (r ImplicitResponse) GoString() string { return r.String() }

// Format hides the token from every verb.
func (r ImplicitResponse) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// LogValue hides the token from log/slog.
func (r ImplicitResponse) LogValue() slog.Value { return slog.StringValue(r.String()) }
