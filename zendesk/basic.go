package zendesk

import (
	"fmt"
	"log/slog"
	"time"
)

// Basic are a user's credentials for HTTP Basic: an API token, or else a password.
// Nobody can make an API token since APITokensNew, and none works from APITokensEnd;
// passwords are being removed as well (facts section 9).
type Basic struct {
	Email    string
	APIToken string `json:"-"` // wins over the password
	Password string `json:"-"`
}

// When API tokens end. Zendesk has moved such days before.
var (
	APITokensNew = time.Date(2026, 10, 27, 0, 0, 0, 0, time.UTC) // from then on none can be made
	APITokensEnd = time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC)  // from then on none is taken
)

// user tells an API token from a password by its ending (facts section 6.1).
func (b Basic) user() string {
	if b.APIToken != "" {
		return b.Email + "/token"
	}
	return b.Email
}

func (b Basic) secret() string {
	if b.APIToken != "" {
		return b.APIToken
	}
	return b.Password
}

// String hides the secrets.
func (b Basic) String() string { return fmt.Sprintf("zendesk.Basic{email:%q}", b.Email) }

// GoString hides the secrets from %#v.
func (b Basic) GoString() string { return b.String() }

// Format hides the secrets from every verb.
func (b Basic) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, b.String()) }

// LogValue hides the secrets from log/slog.
func (b Basic) LogValue() slog.Value { return slog.StringValue(b.String()) }
