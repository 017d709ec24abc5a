package zendesk

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// GlobalClient is a client that lives outside accounts, as an account that
// authorized it sees it: all of it read-only.
type GlobalClient struct {
	ID          int64   `json:"id"`
	Identifier  string  `json:"identifier"` // begins with "zdg-"
	Name        string  `json:"name"`
	Company     *string `json:"company"`
	Description *string `json:"description"`
	Kind        string  `json:"kind"` // Public or Confidential
	LogoURL     *string `json:"logo_url"`
}

// GlobalClientEnvelope is the body that holds one global client.
type GlobalClientEnvelope struct {
	GlobalClient GlobalClient `json:"global_client"`
}

// TokenSummary tells how much an account uses a global client.
type TokenSummary struct {
	ID          int64 `json:"id"` // the global client's
	LastUsedAt  *Time `json:"last_used_at"`
	TokensCount int64 `json:"tokens_count"`
}

// GlobalClients lists the global clients that the account's people authorized, for an
// admin. Errors as for Me, and ErrTooDeep.
func (a *API) GlobalClients(ctx context.Context, options ...ListOption) iter.Seq2[GlobalClient, error] {
	return list(ctx, a, OAuthGlobalClientsPath, "global_clients", nil, options, exactly[GlobalClient])
}

// GlobalClient is one of them by its number. Errors as for Me; an *APIError with Status
// 404 when there is none.
func (a *API) GlobalClient(ctx context.Context, id int64) (GlobalClient, error) {
	e, err := one(ctx, a, call{method: http.MethodGet, path: numbered(OAuthGlobalClientsPath, id)}, exactly[GlobalClientEnvelope],
		func(e GlobalClientEnvelope) bool { return e.GlobalClient.ID != 0 })
	return e.GlobalClient, err
}

// TokenSummaries tells how much the account uses global clients: one of them, by its
// number, or with 0 all. Errors as for GlobalClients.
func (a *API) TokenSummaries(ctx context.Context, globalClient int64, includeExpired bool, options ...ListOption) iter.Seq2[TokenSummary, error] {
	q := url.Values{}
	if globalClient != 0 {
		q.Set("global_client_id", strconv.FormatInt(globalClient, 10))
	}
	if includeExpired {
		q.Set("include_expired", "true")
	}
	return list(ctx, a, OAuthGlobalClientsPath+"/token_summary", "global_clients", q, options, exactly[TokenSummary])
}
