package deskauth

import "time"

// OAuthClient is an OAuth client as registered at Zendesk, which the broker's
// connections are of. Its secrets are never shown.
type OAuthClient struct {
	ID         int64          `json:"id"`      // the broker's own number
	Account    string         `json:"account"` // subdomain; empty: it serves every account that has none of its own
	Product    string         `json:"product"` // support or chat
	Identifier string         `json:"identifier"`
	Public     bool           `json:"public"`   // it has no secret
	Secrets    []ClientSecret `json:"secrets"`  // in the order in which they are tried
	Circuits   []Circuit      `json:"circuits"` // of the accounts that refuse its credentials

	Connections int `json:"connections"` // that are of it
}

// OAuthClientPage is a part of the list of clients.
type OAuthClientPage struct {
	Clients    []OAuthClient `json:"clients"`
	NextCursor *string       `json:"next_cursor"` // nil: this is the last part
}

// ClientSecret tells of one of a client's secrets, and not what it is.
type ClientSecret struct {
	Number   int64      `json:"number"`
	AddedAt  *time.Time `json:"added_at"`  // nil: not known
	WorkedAt *time.Time `json:"worked_at"` // when Zendesk last gave tokens for it; nil: not yet
}

// Circuit is open while an account refuses a client's credentials: nothing is asked of
// it before RetryAt. A new secret closes it.
type Circuit struct {
	Account  string    `json:"account"`
	OpenedAt time.Time `json:"opened_at"`
	RetryAt  time.Time `json:"retry_at"`
	Failures int       `json:"failures"`
	Reason   string    `json:"reason"` // as a word
}

// ClientRemoval says what went with a client.
type ClientRemoval struct {
	Connections int `json:"connections_removed"` // their tokens were not revoked at Zendesk
}
