package oauth

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// GrantType is how a client earns a token (RFC 6749 §1.3 and §6).
type GrantType string

// The grant types of RFC 6749.
const (
	GrantAuthorizationCode GrantType = "authorization_code"
	GrantRefreshToken      GrantType = "refresh_token"
	GrantClientCredentials GrantType = "client_credentials"
	GrantPassword          GrantType = "password"
)

// GrantDeviceCode is the grant of RFC 8628 §3.4. Its code is the parameter
// "device_code".
const GrantDeviceCode GrantType = "urn:ietf:params:oauth:grant-type:device_code"

// ClientAuth is where a token request carries the client's secret.
type ClientAuth int

const (
	ClientAuthNone  ClientAuth = iota // no secret: a public client
	ClientAuthBasic                   // Authorization: Basic (RFC 6749 §2.3.1)
	ClientAuthBody                    // client_secret in the body
)

// String is the method's name in RFC 8414's metadata.
func (a ClientAuth) String() string {
	switch a {
	case ClientAuthBasic:
		return "client_secret_basic"
	case ClientAuthBody:
		return "client_secret_post"
	}
	return "none"
}

// maxTokenValue bounds one parameter of a token request, in bytes.
const maxTokenValue = 8 << 10

// TokenRequest is a token request as it stands on the wire (RFC 6749 §4.1.3,
// §4.3.2, §4.4.2, §6; RFC 7636 §4.5). Nothing in it has been verified.
type TokenRequest struct {
	GrantType              GrantType
	ClientID, ClientSecret string

	Code, RedirectURI, CodeVerifier string // authorization_code
	RefreshToken                    string // refresh_token
	Username, Password              string // password

	Scope string
	// HasScope tells that a scope was given. An empty value counts as absent
	// (RFC 6749 §3.2), one of spaces alone does not.
	HasScope bool

	// ClientAuth is where ClientSecret stood, or is to stand.
	ClientAuth ClientAuth

	// Extra is every other parameter; nil when there is none.
	Extra url.Values
}

var tokenParams = []string{
	"grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier",
	"refresh_token", "scope", "username", "password",
}

// DecodeTokenRequest reads a token request: every value of its Authorization
// header, and its parameters. Schemes other than Basic are no client
// authentication and are ignored.
//
// InvalidRequest: a repeated parameter, a second Authorization header, two
// client ids that differ, a secret in both places (RFC 6749 §2.3 allows one
// method a request), no grant_type, no code or refresh_token for its grant, a
// value that is too long, not UTF-8 or holds a NUL. InvalidClient: a Basic header that cannot be read. What could be
// read is returned even then, for the log.
func DecodeTokenRequest(authorization []string, params url.Values) (TokenRequest, *Error) {
	r, err := DecodeClient(authorization, params)
	if err != nil {
		return r, err
	}
	return r, r.missing()
}

// DecodeClient reads the credentials of a request to another endpoint at which
// clients authenticate as they do at the token endpoint: RFC 7009 section 2.1 and
// RFC 7662 section 2.1. It is DecodeTokenRequest without a grant_type.
func DecodeClient(authorization []string, params url.Values) (TokenRequest, *Error) {
	v := &values{from: params, limit: maxTokenValue}
	r := TokenRequest{
		GrantType:    GrantType(v.take("grant_type")),
		ClientID:     v.take("client_id"),
		ClientSecret: v.take("client_secret"),
		Code:         v.take("code"),
		RedirectURI:  v.take("redirect_uri"),
		CodeVerifier: v.take("code_verifier"),
		RefreshToken: v.take("refresh_token"),
		Scope:        v.take("scope"),
		Username:     v.take("username"),
		Password:     v.take("password"),
		Extra:        v.rest(tokenParams),
	}
	r.HasScope = r.Scope != ""
	if r.ClientSecret != "" {
		r.ClientAuth = ClientAuthBody
	}
	for name, all := range r.Extra {
		if len(all) > 1 {
			v.fail("%q is repeated", clip(name))
		}
	}
	if v.err != nil {
		return r, v.err
	}
	if err := r.addBasic(authorization); err != nil {
		return r, err
	}
	return r, nil
}

// missing names the parameter without which the grant is no request (RFC 6749
// §4.1.3, §6). An empty one is not there (§3.2).
func (r TokenRequest) missing() *Error {
	switch {
	case r.GrantType == "":
		return Errorf(InvalidRequest, "'grant_type' required.")
	case r.GrantType == GrantAuthorizationCode && r.Code == "":
		return Errorf(InvalidRequest, "'code' required.")
	case r.GrantType == GrantRefreshToken && r.RefreshToken == "":
		return Errorf(InvalidRequest, "'refresh_token' required.")
	}
	return nil
}

// addBasic puts the credentials of a Basic header into the request.
func (r *TokenRequest) addBasic(authorization []string) *Error {
	if len(authorization) > 1 {
		return Errorf(InvalidRequest, "more than one Authorization header")
	}
	if len(authorization) == 0 {
		return nil
	}
	id, secret, ok, err := parseBasic(authorization[0])
	if err != nil || !ok {
		return err
	}
	if r.ClientID != "" && r.ClientID != id {
		return Errorf(InvalidRequest, "two different client ids")
	}
	r.ClientID = id
	if secret == "" {
		return nil // a public client that names itself by Basic
	}
	if r.ClientSecret != "" {
		return Errorf(InvalidRequest, "a client secret both in the Authorization header and in the body")
	}
	r.ClientSecret, r.ClientAuth = secret, ClientAuthBasic
	return nil
}

// parseBasic reads client credentials from a Basic header, whose two halves are
// form-encoded before they are joined (RFC 6749 §2.3.1). ok is false for other
// schemes.
func parseBasic(header string) (id, secret string, ok bool, _ *Error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false, nil
	}
	broken := Errorf(InvalidClient, "the Basic header cannot be read")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil {
		return "", "", false, broken
	}
	rawID, rawSecret, found := strings.Cut(string(raw), ":")
	id, errID := url.QueryUnescape(rawID)
	secret, errSecret := url.QueryUnescape(rawSecret)
	if !found || errID != nil || errSecret != nil || id == "" {
		return "", "", false, broken
	}
	if unreadable(id, maxTokenValue) != "" || unreadable(secret, maxTokenValue) != "" {
		return "", "", false, Errorf(InvalidRequest, "the Basic header is too long, not UTF-8 or holds a NUL")
	}
	return id, secret, true, nil
}

// basicAuth is the header of parseBasic.
func basicAuth(id, secret string) string {
	pair := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
}

// Encode is the body of the request, credentials included (client_secret_post).
// Empty fields are left out, and Extra cannot override a field.
func (r TokenRequest) Encode() url.Values {
	v := url.Values{}
	put(v, "grant_type", string(r.GrantType))
	put(v, "client_id", r.ClientID)
	put(v, "client_secret", r.ClientSecret)
	put(v, "code", r.Code)
	put(v, "redirect_uri", r.RedirectURI)
	put(v, "code_verifier", r.CodeVerifier)
	put(v, "refresh_token", r.RefreshToken)
	put(v, "scope", r.Scope)
	put(v, "username", r.Username)
	put(v, "password", r.Password)
	addExtra(v, r.Extra, tokenParams)
	return v
}

// String hides the secrets.
func (r TokenRequest) String() string {
	return redacted("oauth.TokenRequest",
		field{"grant_type", string(r.GrantType)}, field{"client_id", r.ClientID}, field{"client_secret", hide(r.ClientSecret)},
		field{"code", hide(r.Code)}, field{"redirect_uri", r.RedirectURI}, field{"code_verifier", hide(r.CodeVerifier)},
		field{"refresh_token", hide(r.RefreshToken)}, field{"scope", r.Scope}, field{"username", r.Username},
		field{"password", hide(r.Password)}, field{"extra", strings.Join(sortedKeys(r.Extra), " ")})
}

// GoString hides the secrets from %#v.
func (r TokenRequest) GoString() string { return r.String() }

// Format hides the secrets from every verb.
func (r TokenRequest) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// LogValue hides the secrets from log/slog.
func (r TokenRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }
