package zendesk

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
)

// APIToken is a token for Basic authentication in the API Tokens API. The path
// is Zendesk's; the shape is not documented, and this one is our own.
type APIToken struct {
	ID          int64  `json:"id"`
	Description string `json:"description"`
	Active      bool   `json:"active"`
	Token       string `json:"token"`                // its first 10 characters
	FullToken   string `json:"full_token,omitempty"` // on creation alone
	CreatedAt   *Time  `json:"created_at"`
	UpdatedAt   *Time  `json:"updated_at"`
	LastUsedAt  *Time  `json:"last_used_at"`
	URL         string `json:"url"`
}

// APITokenEnvelope is the body that holds one API token.
type APITokenEnvelope struct {
	APIToken APIToken `json:"api_token"`
}

// APITokensEnded is for an account that can make no more of them: since
// 2026-10-27 that is every one (facts section 9). The words are our own.
var APITokensEnded = Refusal{
	status: http.StatusForbidden,
	body:   `{"error":{"title":"Forbidden","message":"API tokens can no longer be created. Use OAuth instead."}}`,
}

// String hides the token.
func (t APIToken) String() string {
	return fmt.Sprintf("zendesk.APIToken{id:%d active:%t}", t.ID, t.Active)
}

// GoString hides the token from %#v.
func (t APIToken) GoString() string { return t.String() }

// Format hides the token from every verb.
func (t APIToken) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// LogValue hides the token from log/slog.
func (t APIToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// APITokens lists the account's API tokens, which are cut short, for an admin. That the
// real Zendesk answers with such records is a guess (facts section 7.4). Errors as for
// Me, and ErrTooDeep.
func (a *API) APITokens(ctx context.Context, options ...ListOption) iter.Seq2[APIToken, error] {
	return list(ctx, a, APITokensPath, "api_tokens", nil, options, readable[APIToken])
}

// DeleteAPIToken deletes an API token by its number. Errors as for Me.
func (a *API) DeleteAPIToken(ctx context.Context, id int64) error {
	return a.Delete(ctx, numbered(APITokensPath, id))
}
