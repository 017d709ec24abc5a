package zendesk

import (
	"context"
	"iter"
	"net/http"
)

// ClientChange is what a new client is to be, or what is to become of one. What is nil
// stays as it is; a list that is empty and not nil becomes empty.
type ClientChange struct {
	Identifier  *string  `json:"identifier,omitempty"` // a new one needs it, and a Name
	Name        *string  `json:"name,omitempty"`
	Kind        *string  `json:"kind,omitempty"` // Public or Confidential
	Company     *string  `json:"company,omitempty"`
	Description *string  `json:"description,omitempty"`
	RedirectURI []string `json:"redirect_uri,omitzero"`
	UserID      *int64   `json:"user_id,omitempty"` // the admin whom client credentials act as
	// AllowedScopes and AnyLoopbackPort are as in Client: names of our own, which the real
	// Zendesk may pass over.
	AllowedScopes   []string `json:"allowed_scopes,omitzero"`
	AnyLoopbackPort *bool    `json:"any_loopback_port,omitempty"`
}

type clientRequest struct {
	Client ClientChange `json:"client"`
}

func readClient(data []byte, c *Client) error { return exactly(data, c) }

func hasClient(e ClientEnvelope) bool { return e.Client.ID != 0 }

// Clients lists the account's OAuth clients, for an admin. Their secrets are cut short.
// Errors as for Me, and ErrTooDeep.
func (a *API) Clients(ctx context.Context, options ...ListOption) iter.Seq2[Client, error] {
	return list(ctx, a, OAuthClientsPath, "clients", nil, options, readClient)
}

// MyClients lists the OAuth clients that the caller made. Errors as for Clients.
func (a *API) MyClients(ctx context.Context, options ...ListOption) iter.Seq2[Client, error] {
	return list(ctx, a, UsersMeClientsPath, "clients", nil, options, readClient)
}

// Client is an OAuth client by its number; only Clients tells it by its identifier.
// Errors as for Me; an *APIError with Status 404 when there is none.
func (a *API) Client(ctx context.Context, id int64) (Client, error) {
	e, err := one(ctx, a, call{method: http.MethodGet, path: numbered(OAuthClientsPath, id)}, exactly[ClientEnvelope], hasClient)
	return e.Client, err
}

// CreateClient makes an OAuth client, whose Secret is in full this once. Errors as for
// Me; an *APIError with Status 422 and Details says what cannot be.
func (a *API) CreateClient(ctx context.Context, c ClientChange) (Client, error) {
	e, err := sent(ctx, a, http.MethodPost, OAuthClientsPath, clientRequest{c}, exactly[ClientEnvelope], hasClient)
	return e.Client, err
}

// UpdateClient changes an OAuth client. Errors as for CreateClient.
func (a *API) UpdateClient(ctx context.Context, id int64, c ClientChange) (Client, error) {
	e, err := sent(ctx, a, http.MethodPut, numbered(OAuthClientsPath, id), clientRequest{c}, exactly[ClientEnvelope], hasClient)
	return e.Client, err
}

// DeleteClient deletes an OAuth client and ends all its tokens. Errors as for Client.
func (a *API) DeleteClient(ctx context.Context, id int64) error {
	return a.Delete(ctx, numbered(OAuthClientsPath, id))
}

// GenerateSecret gives a client a new secret, which is in full this once. The old one
// ends at once. Errors as for Client.
func (a *API) GenerateSecret(ctx context.Context, id int64) (Client, error) {
	// Sent twice it makes two of them, and the one that is answered holds.
	e, err := one(ctx, a, call{method: http.MethodPut, path: numbered(OAuthClientsPath, id) + "/generate_secret"}, exactly[ClientEnvelope],
		func(e ClientEnvelope) bool { return hasClient(e) && e.Client.Secret != "" })
	return e.Client, err
}
