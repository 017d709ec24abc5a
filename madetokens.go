package deskauth

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// MadeToken is a token that a broker made at Zendesk by a connection, for a time. Zendesk
// lets such a token live until somebody revokes it; the broker does, when it is due.
type MadeToken struct {
	ID         int64       `json:"id"` // at the broker
	Connection int64       `json:"connection"`
	Account    string      `json:"account"`   // subdomain
	Token      int64       `json:"token_id"`  // its number at Zendesk; 0: not known
	ClientID   int64       `json:"client_id"` // its client's number at Zendesk
	Client     string      `json:"client"`    // the same one's identifier
	Scope      oauth.Scope `json:"scope"`
	Ticket     int64       `json:"ticket,omitempty"` // that it is for; 0: none
	Why        string      `json:"why,omitempty"`
	State      string      `json:"state"`            // asking, living, revoked; in_doubt: nobody heard whether it was made; left: its connection is gone, and it lives on
	Reason     string      `json:"reason,omitempty"` // why it could not be revoked the last time, as a word
	MadeBy     string      `json:"made_by,omitempty"`
	CreatedAt  time.Time   `json:"created_at"`
	Until      time.Time   `json:"until"`    // when it is revoked
	EndedAt    *time.Time  `json:"ended_at"` // nil: not
}

// MadeTokenRequest says what a token is to be for, and for how long.
type MadeTokenRequest struct {
	Client string      `json:"client"`          // identifier or number of an OAuth client of the account
	Scope  oauth.Scope `json:"scope"`           // what it may do
	For    string      `json:"for,omitempty"`   // how long it is needed: a duration such as 90m or 72h
	Until  *time.Time  `json:"until,omitempty"` // or until when
	Ticket int64       `json:"ticket,omitempty"`
	Why    string      `json:"why,omitempty"`
}

// MadeTokenPage is a part of the list of made tokens.
type MadeTokenPage struct {
	Tokens     []MadeToken `json:"tokens"`
	NextCursor *string     `json:"next_cursor"` // nil: this is the last part
}

// NewMadeToken is a token that was just made, with what it is, which is told once.
// Printing a NewMadeToken does not show it.
type NewMadeToken struct {
	MadeToken
	AccessToken string `json:"access_token"`
}

// Format hides the token from every verb of fmt.
func (t NewMadeToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// String hides the token.
func (t NewMadeToken) String() string {
	return fmt.Sprintf("deskauth.NewMadeToken(%d, [secret])", t.ID)
}

// LogValue hides the token from slog.
func (t NewMadeToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MakeToken makes a token at Zendesk by a connection, which acts as that connection's user
// with the scopes that r names, and which the broker revokes when it is due. It cannot be
// shown again. The error is one of Token's, *Invalid, or says what Zendesk had against it;
// where nobody heard Zendesk's answer, MadeTokens has it as in doubt.
func (c *Client) MakeToken(ctx context.Context, connection int64, r MadeTokenRequest) (NewMadeToken, error) {
	var out NewMadeToken
	return out, c.ask(ctx, http.MethodPost, record("connections", connection, "tokens"), nil, r, &out)
}

// MadeTokens lists the tokens that the broker made by a connection, in the order of their
// ids; those that have ended are among them.
func (c *Client) MadeTokens(ctx context.Context, connection int64) iter.Seq2[MadeToken, error] {
	return listed(ctx, c, record("connections", connection, "tokens"), func(p MadeTokenPage) ([]MadeToken, *string) { return p.Tokens, p.NextCursor })
}

// RevokeMadeToken revokes a token that the broker made by a connection now, before it is
// due. One that has ended stays so, and one in doubt is forgotten. The error is
// ErrNotFound, or one of MakeToken's.
func (c *Client) RevokeMadeToken(ctx context.Context, connection, id int64) error {
	return c.ask(ctx, http.MethodDelete, record("connections", connection, "tokens", fmt.Sprint(id)), nil, nil, nil)
}
