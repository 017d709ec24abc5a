package oauth

import (
	"fmt"
	"log/slog"
	"net/url"
)

// TokenRef names a token to revoke (RFC 7009 §2.1) or to introspect (RFC 7662
// §2.1): both endpoints take the same two parameters.
type TokenRef struct {
	Token string
	// TypeHint is "access_token", "refresh_token" or "": a hint alone.
	TypeHint string
}

// DecodeTokenRef reads the body of a revocation or introspection request.
// Client authentication is apart from it.
func DecodeTokenRef(params url.Values) (TokenRef, *Error) {
	v := &values{from: params, limit: maxTokenValue}
	r := TokenRef{Token: v.take("token"), TypeHint: v.take("token_type_hint")}
	if v.err == nil && r.Token == "" {
		v.fail("'token' required.")
	}
	return r, v.err
}

// Encode is the body of the request.
func (r TokenRef) Encode() url.Values {
	v := url.Values{}
	put(v, "token", r.Token)
	put(v, "token_type_hint", r.TypeHint)
	return v
}

// String hides the token.
func (r TokenRef) String() string {
	return redacted("oauth.TokenRef", field{"token", hide(r.Token)}, field{"token_type_hint", r.TypeHint})
}

// GoString hides the token from %#v.
func (r TokenRef) GoString() string { return r.String() }

// Format hides the token from every verb.
func (r TokenRef) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// LogValue hides the token from log/slog.
func (r TokenRef) LogValue() slog.Value { return slog.StringValue(r.String()) }
