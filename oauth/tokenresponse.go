package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
)

// TokenResponse is a token endpoint's success (RFC 6749 §5.1). The order of the
// fields is the order on the wire; empty ones are left out.
type TokenResponse struct {
	AccessToken           string `json:"access_token"`
	TokenType             string `json:"token_type,omitempty"`
	Scope                 string `json:"scope,omitempty"`
	ExpiresIn             *int64 `json:"expires_in,omitempty"` // seconds; nil = not said
	RefreshToken          string `json:"refresh_token,omitempty"`
	RefreshTokenExpiresIn *int64 `json:"refresh_token_expires_in,omitempty"` // seconds; nil = not said
}

// scopeMost bounds a scope, in bytes. All of Zendesk's scopes together are about
// 1 KiB.
const scopeMost = 8 << 10

var (
	errNoAccessToken = errors.New("the answer holds no access_token")
	errLongScope     = errors.New("the answer's scope is longer than 8 KiB")
)

// UnmarshalJSON reads what servers send. A pair that was answered exists
// nowhere else, so nothing loses it but a missing access token, or a scope of
// more than 8 KiB, which no server means: a lifetime may be a number, a text,
// null, or nonsense, which counts as not said; a scope may be an array.
func (t *TokenResponse) UnmarshalJSON(data []byte) error {
	var wire struct {
		AccessToken           any         `json:"access_token"`
		TokenType             any         `json:"token_type"`
		Scope                 any         `json:"scope"`
		ExpiresIn             wireSeconds `json:"expires_in"`
		RefreshToken          any         `json:"refresh_token"`
		RefreshTokenExpiresIn wireSeconds `json:"refresh_token_expires_in"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	access, _ := wire.AccessToken.(string)
	if access == "" {
		return errNoAccessToken
	}
	scope := text(wire.Scope)
	if len(scope) > scopeMost {
		return errLongScope
	}
	*t = TokenResponse{
		AccessToken:           access,
		TokenType:             text(wire.TokenType),
		Scope:                 scope,
		ExpiresIn:             wire.ExpiresIn.n,
		RefreshToken:          text(wire.RefreshToken),
		RefreshTokenExpiresIn: wire.RefreshTokenExpiresIn.n,
	}
	return nil
}

// text is a string, or an array of strings joined by spaces, or "".
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		words := make([]string, 0, len(v))
		for _, w := range v {
			if s, ok := w.(string); ok {
				words = append(words, s)
			}
		}
		return strings.Join(words, " ")
	}
	return ""
}

// wireSeconds reads a lifetime and never fails.
type wireSeconds struct{ n *int64 }

func (w *wireSeconds) UnmarshalJSON(data []byte) error {
	s := string(data)
	var quoted string
	if json.Unmarshal(data, &quoted) == nil {
		s = quoted
	}
	if n, ok := parseSeconds(strings.TrimSpace(s)); ok {
		w.n = &n
	}
	return nil
}

// parseSeconds reads a whole, non-negative number of seconds: 1800 or 1800.0.
func parseSeconds(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, n >= 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f != math.Trunc(f) || f >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// String hides the tokens.
func (t TokenResponse) String() string {
	return redacted("oauth.TokenResponse",
		field{"access_token", hide(t.AccessToken)}, field{"token_type", t.TokenType}, field{"scope", t.Scope},
		field{"expires_in", seconds(t.ExpiresIn)}, field{"refresh_token", hide(t.RefreshToken)},
		field{"refresh_token_expires_in", seconds(t.RefreshTokenExpiresIn)})
}

// GoString hides the tokens from %#v.
func (t TokenResponse) GoString() string { return t.String() }

// Format hides the tokens from every verb.
func (t TokenResponse) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// LogValue hides the tokens from log/slog.
func (t TokenResponse) LogValue() slog.Value { return slog.StringValue(t.String()) }
