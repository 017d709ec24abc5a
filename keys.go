package deskauth

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
)

// KeyRequest says what a key is to be for.
type KeyRequest struct {
	Name        string   `json:"name"`
	Can         []string `json:"can"`                   // lend, connect, pass, admin
	Connections []int64  `json:"connections,omitempty"` // that it reaches; none: all
	ExpiresIn   int64    `json:"expires_in,omitempty"`  // seconds; 0: it does not end
}

// NewKey is a key that was made, with what it is, which is told once. Printing a NewKey
// does not show it.
type NewKey struct {
	Key
	Secret string `json:"secret"`
}

// Format hides the secret from every verb of fmt.
func (k NewKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// String hides the secret.
func (k NewKey) String() string { return fmt.Sprintf("deskauth.NewKey(%d, [secret])", k.ID) }

// LogValue hides the secret from slog.
func (k NewKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MakeKey makes a key, which cannot be shown again. It takes a key that can admin. The
// error may be *Invalid.
func (c *Client) MakeKey(ctx context.Context, r KeyRequest) (NewKey, error) {
	var out NewKey
	return out, c.ask(ctx, http.MethodPost, "keys", nil, r, &out)
}

// Keys lists all keys, in the order of their ids, those that have ended included. It takes
// a key that can admin.
func (c *Client) Keys(ctx context.Context) iter.Seq2[Key, error] {
	return listed(ctx, c, "keys", func(p KeyPage) ([]Key, *string) { return p.Keys, p.NextCursor })
}

// EndKey ends a key for good. It takes a key that can admin. The error is ErrNotFound when
// there is none of that id that has not ended.
func (c *Client) EndKey(ctx context.Context, id int64) error {
	return c.ask(ctx, http.MethodDelete, record("keys", id), nil, nil, nil)
}

// EndOwnKey ends the key that the Client goes by, for good. The error is ErrKeyRefused
// when it had ended.
func (c *Client) EndOwnKey(ctx context.Context) error {
	return c.ask(ctx, http.MethodDelete, "keys/current", nil, nil, nil)
}
