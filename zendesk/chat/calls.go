package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/deskauth/deskauth/zendesk"
)

// API calls Chat's API as the owner of a Chat token, which opens nothing else; nor does
// another token open this. Lists have no pages: all of one is there.
type API struct {
	// Zendesk sends the requests: where to, with which token, and when again.
	Zendesk *zendesk.API
}

var errRecord = errors.New("the answer is not the JSON of the record that was asked for")

// Account is the Chat account. Errors: *zendesk.APIError, and *oauth.RemoteError when
// there was no answer or none that could be read.
func (a *API) Account(ctx context.Context) (Account, error) {
	var out Account
	err := a.Zendesk.Get(ctx, AccountPath, &out)
	return out, err
}

// ClientChange is what a new client is to be, or what is to become of one. What is empty
// stays as it is.
type ClientChange struct {
	Name         string    `json:"name,omitempty"`
	Company      string    `json:"company,omitempty"`
	RedirectURIs Addresses `json:"redirect_uris,omitempty"`
	Scopes       string    `json:"scopes,omitempty"`
	// ClientType is public or confidential. Zendesk looks at it when a client is
	// updated, and makes every new one public (facts section 8.5).
	ClientType string `json:"client_type,omitempty"`
}

// Clients are the account's OAuth clients, for an admin. Errors as for Account.
func (a *API) Clients(ctx context.Context) ([]Client, error) {
	var all []Client
	err := a.Zendesk.Get(ctx, ClientsPath, &all)
	return all, err
}

// Client is one of them by its number. Errors as for Account.
func (a *API) Client(ctx context.Context, id int64) (Client, error) {
	var c Client
	return client(&c, a.Zendesk.Get(ctx, numbered(ClientsPath, id), &c))
}

// CreateClient makes a client, a public one, whose ClientSecret is in full this once.
// Errors as for Account.
func (a *API) CreateClient(ctx context.Context, change ClientChange) (Client, error) {
	var c Client
	return client(&c, a.Zendesk.Post(ctx, ClientsPath, change, &c))
}

// UpdateClient changes a client. Errors as for Account.
func (a *API) UpdateClient(ctx context.Context, id int64, change ClientChange) (Client, error) {
	var c Client
	return client(&c, a.Zendesk.Put(ctx, numbered(ClientsPath, id), change, &c))
}

// DeleteClient deletes a client and ends its tokens. Errors as for Account.
func (a *API) DeleteClient(ctx context.Context, id int64) error {
	return a.Zendesk.Delete(ctx, numbered(ClientsPath, id))
}

// Tokens are the caller's, cut short, for an admin. Errors as for Account.
func (a *API) Tokens(ctx context.Context) ([]Token, error) {
	var all []Token
	err := a.Zendesk.Get(ctx, TokensPath, &all)
	return all, err
}

// Token is one of them by its number. Errors as for Account.
func (a *API) Token(ctx context.Context, id int64) (Token, error) {
	var t Token
	err := a.Zendesk.Get(ctx, numbered(TokensPath, id), &t)
	if err == nil && t.ID == 0 {
		err = errRecord
	}
	return t, err
}

// RevokeToken ends a token by its number. Errors as for Account.
func (a *API) RevokeToken(ctx context.Context, id int64) error {
	return a.Zendesk.Delete(ctx, numbered(TokensPath, id))
}

// client is a client that was read. JSON of something else is none.
func client(c *Client, err error) (Client, error) {
	if err == nil && c.ID == 0 {
		err = errRecord
	}
	return *c, err
}

func numbered(path string, id int64) string { return fmt.Sprintf("%s/%d", path, id) }
