package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"
)

// Code is an OAuth error code, as it stands in the parameter "error".
type Code string

// The codes of RFC 6749 §4.1.2.1 and §5.2, and of RFC 6750 §3.1.
const (
	InvalidRequest          Code = "invalid_request"
	InvalidClient           Code = "invalid_client"
	InvalidGrant            Code = "invalid_grant"
	UnauthorizedClient      Code = "unauthorized_client"
	UnsupportedGrantType    Code = "unsupported_grant_type"
	UnsupportedResponseType Code = "unsupported_response_type"
	InvalidScope            Code = "invalid_scope"
	AccessDenied            Code = "access_denied"
	ServerError             Code = "server_error"
	TemporarilyUnavailable  Code = "temporarily_unavailable"
	InvalidToken            Code = "invalid_token"
	InsufficientScope       Code = "insufficient_scope"
)

// What a device is told that asks for its token (RFC 8628 §3.5).
const (
	AuthorizationPending Code = "authorization_pending"
	SlowDown             Code = "slow_down" // as AuthorizationPending, and asks 5 seconds less often from now on
	ExpiredToken         Code = "expired_token"
)

// Status is the HTTP status with which a token endpoint (RFC 6749 §5.2) or a
// protected resource (RFC 6750 §3.1) answers this code.
func (c Code) Status() int {
	switch c {
	case InvalidClient, InvalidToken:
		return http.StatusUnauthorized
	case InsufficientScope:
		return http.StatusForbidden
	case ServerError:
		return http.StatusInternalServerError
	case TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// Error is a protocol error: what a client is told, and apart from it why.
type Error struct {
	Code Code `json:"error"`
	// Description is for the wire. Empty means that the dialect chooses.
	Description string `json:"error_description,omitempty"`
	URI         string `json:"error_uri,omitempty"`
	// Reason is for log and audit only, and never leaves the server: it may
	// tell an unknown client from a wrong secret. It holds no secret itself.
	Reason string `json:"-"`
}

// Errorf makes an error whose Reason is the formatted text. Pass no secret.
func Errorf(code Code, reason string, args ...any) *Error {
	if len(args) > 0 {
		reason = fmt.Sprintf(reason, args...)
	}
	return &Error{Code: code, Reason: reason}
}

// Error is for a log: the code with the Reason, or else with the Description.
func (e *Error) Error() string {
	switch {
	case e.Reason != "":
		return string(e.Code) + ": " + e.Reason
	case e.Description != "":
		return string(e.Code) + ": " + e.Description
	}
	return string(e.Code)
}

// ErrorCode is the code of the *Error in err's chain, "" when there is none.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) && e != nil {
		return e.Code
	}
	return ""
}

// ParseError reads an error that another server answered. It returns nil for
// what is no OAuth error: a page, an API's own error object, a proxy's text.
//
// It is tolerant of form: the content type is not believed, "error" may be an
// object with the code inside. It is strict about who speaks: a status of 500
// and above says that the server failed, so that a code which condemns the
// grant or the client is not taken from there.
func ParseError(status int, contentType string, body []byte) *Error {
	if body = bytes.TrimSpace(body); len(body) == 0 || body[0] != '{' {
		return nil
	}
	var wire struct {
		Error       json.RawMessage `json:"error"`
		Description any             `json:"error_description"`
		URI         any             `json:"error_uri"`
	}
	if json.Unmarshal(body, &wire) != nil {
		return nil
	}
	e := parseCode(wire.Error)
	if e == nil {
		return nil
	}
	if status >= 500 && e.Code != ServerError && e.Code != TemporarilyUnavailable {
		return nil
	}
	if words, ok := wire.Description.(string); ok && words != "" {
		e.Description = clip(words)
	}
	if uri, ok := wire.URI.(string); ok {
		e.URI = clip(uri)
	}
	return e
}

// parseCode reads "error": a string, or an object that has one as its code.
func parseCode(raw json.RawMessage) *Error {
	var code string
	if json.Unmarshal(raw, &code) == nil {
		if !looksLikeCode(code) {
			return nil
		}
		return &Error{Code: Code(code)}
	}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	e := &Error{}
	for _, key := range []string{"error", "code", "type"} {
		if s, ok := object[key].(string); ok && looksLikeCode(s) {
			e.Code = Code(s)
			break
		}
	}
	if e.Code == "" {
		return nil
	}
	for _, key := range []string{"error_description", "description", "message"} {
		if s, ok := object[key].(string); ok && s != "" {
			e.Description = clip(s)
			break
		}
	}
	return e
}

// looksLikeCode tells OAuth codes, lower snake case by registration, from the
// words that APIs put in the same place ("Forbidden", "RecordNotFound").
func looksLikeCode(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// clip bounds what another server wrote before it reaches a log or a page.
func clip(s string) string {
	const most = 512
	if len(s) <= most {
		return s
	}
	s = s[:most]
	for len(s) > 0 && !utf8.ValidString(s[max(0, len(s)-utf8.UTFMax):]) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
