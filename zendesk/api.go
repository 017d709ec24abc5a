package zendesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Time is a moment of the API: RFC 3339 in UTC, to the second.
type Time struct{ time.Time }

// TimeOf is for a field that may be null: nil for the zero time.
func TimeOf(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// MarshalJSON writes "2009-05-13T00:07:08Z".
func (t Time) MarshalJSON() ([]byte, error) {
	if y := t.UTC().Year(); y < 0 || y > 9999 {
		return nil, errYear
	}
	return []byte(t.UTC().Format(`"` + time.DateOnly + `T` + time.TimeOnly + `Z"`)), nil
}

// UnmarshalJSON reads what RFC 3339 can write in UTC, too: an hour before the year 0
// it cannot.
func (t *Time) UnmarshalJSON(text []byte) error {
	read := t.Time // null leaves it as it is
	if err := read.UnmarshalJSON(text); err != nil {
		return err
	}
	if y := read.UTC().Year(); y < 0 || y > 9999 {
		return errYear
	}
	t.Time = read
	return nil
}

var errYear = errors.New("zendesk: the year of a time has four digits")

// User is the record that GET /api/v2/users/me answers, in Zendesk's order. A
// pointer is a field that may be null.
type User struct {
	ID                   *int64          `json:"id"` // null: nobody is signed in
	URL                  *string         `json:"url"`
	Name                 string          `json:"name"`
	Email                *string         `json:"email"`
	CreatedAt            *Time           `json:"created_at"`
	UpdatedAt            *Time           `json:"updated_at"`
	TimeZone             *string         `json:"time_zone"`
	IANATimeZone         *string         `json:"iana_time_zone"`
	Phone                *string         `json:"phone"`
	SharedPhoneNumber    *bool           `json:"shared_phone_number"`
	Photo                json.RawMessage `json:"photo"`
	LocaleID             *int64          `json:"locale_id"`
	Locale               *string         `json:"locale"`
	OrganizationID       *int64          `json:"organization_id"`
	Role                 string          `json:"role"` // admin, agent or end-user
	Verified             bool            `json:"verified"`
	AuthenticityToken    *string         `json:"authenticity_token,omitempty"` // on users/me alone
	ExternalID           *string         `json:"external_id"`
	Tags                 []string        `json:"tags"`
	Alias                *string         `json:"alias"`
	Active               bool            `json:"active"`
	Shared               bool            `json:"shared"`
	SharedAgent          bool            `json:"shared_agent"`
	LastLoginAt          *Time           `json:"last_login_at"`
	TwoFactorAuthEnabled *bool           `json:"two_factor_auth_enabled"`
	Signature            *string         `json:"signature"`
	Details              *string         `json:"details"`
	Notes                *string         `json:"notes"`
	RoleType             *int64          `json:"role_type"`
	CustomRoleID         *int64          `json:"custom_role_id"`
	Moderator            bool            `json:"moderator"`
	TicketRestriction    *string         `json:"ticket_restriction"`
	OnlyPrivateComments  bool            `json:"only_private_comments"`
	RestrictedAgent      bool            `json:"restricted_agent"`
	Suspended            bool            `json:"suspended"`
	DefaultGroupID       *int64          `json:"default_group_id"`
	ReportCSV            bool            `json:"report_csv"`
	UserFields           map[string]any  `json:"user_fields"`
}

// UserEnvelope is the body of GET /api/v2/users/me.
type UserEnvelope struct {
	User User `json:"user"`
}

// AnonymousUser is whom Zendesk shows, with status 200, to a caller without
// credentials. A client must look at the id, never at the status alone.
func AnonymousUser() User {
	return User{Name: "Anonymous user", Role: "end-user", Tags: []string{}, UserFields: map[string]any{}}
}

// IsAnonymous tells that nobody is signed in.
func (u User) IsAnonymous() bool { return u.ID == nil }

// OAuthToken is a token in the OAuth Tokens API. Zendesk documents URLs that
// its server does not serve, so do not parse URL.
type OAuthToken struct {
	URL                   string   `json:"url"`
	ID                    int64    `json:"id"`
	UserID                int64    `json:"user_id"`
	ClientID              int64    `json:"client_id"`            // the numeric id
	Token                 string   `json:"token"`                // its first 10 characters
	FullToken             string   `json:"full_token,omitempty"` // the access token, on creation alone
	RefreshToken          *string  `json:"refresh_token"`        // cut short too
	CreatedAt             *Time    `json:"created_at"`
	UsedAt                *Time    `json:"used_at"`
	ExpiresAt             *Time    `json:"expires_at"` // null: never
	RefreshTokenExpiresAt *Time    `json:"refresh_token_expires_at"`
	Scopes                []string `json:"scopes"`
}

// OAuthTokenEnvelope is the body that holds one token.
type OAuthTokenEnvelope struct {
	Token OAuthToken `json:"token"`
}

// String hides the token.
func (t OAuthToken) String() string {
	return fmt.Sprintf("zendesk.OAuthToken{id:%d user_id:%d client_id:%d scopes:%q}", t.ID, t.UserID, t.ClientID, t.Scopes)
}

// GoString hides the token from %#v.
func (t OAuthToken) GoString() string { return t.String() }

// Format hides the token from every verb.
func (t OAuthToken) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// LogValue hides the token from log/slog.
func (t OAuthToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// The kinds of client.
const (
	Public       = "public"
	Confidential = "confidential"
)

// Client is an OAuth client in the OAuth Clients API.
type Client struct {
	ID          int64    `json:"id"`
	Identifier  string   `json:"identifier"` // what OAuth calls client_id
	Name        string   `json:"name"`
	Company     *string  `json:"company"`
	Description *string  `json:"description"`
	Global      bool     `json:"global"`
	Kind        string   `json:"kind"` // Public or Confidential
	LogoURL     *string  `json:"logo_url"`
	RedirectURI []string `json:"redirect_uri"` // many, though the name is singular
	// AllowedScopes is our name: Zendesk's for the field is not known.
	AllowedScopes []string `json:"allowed_scopes,omitempty"`
	// AnyLoopbackPort lets redirects to this machine name any port (RFC 8252
	// section 7.3). Zendesk has no such thing.
	AnyLoopbackPort bool   `json:"any_loopback_port,omitempty"`
	Secret          string `json:"secret"` // full when made, its first 9 characters later
	UserID          *int64 `json:"user_id"`
	URL             string `json:"url"`
	CreatedAt       *Time  `json:"created_at"`
	UpdatedAt       *Time  `json:"updated_at"`
}

// ClientEnvelope is the body that holds one client.
type ClientEnvelope struct {
	Client Client `json:"client"`
}

// String hides the secret.
func (c Client) String() string {
	return fmt.Sprintf("zendesk.Client{id:%d identifier:%q kind:%q}", c.ID, c.Identifier, c.Kind)
}

// GoString hides the secret from %#v.
func (c Client) GoString() string { return c.String() }

// Format hides the secret from every verb.
func (c Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// LogValue hides the secret from log/slog.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
