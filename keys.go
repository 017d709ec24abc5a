package deskauth

import (
	"context"
	"net/http"
)

// EndOwnKey ends the key that the Client goes by, for good. The error is ErrKeyRefused
// when it had ended.
func (c *Client) EndOwnKey(ctx context.Context) error {
	return c.ask(ctx, http.MethodDelete, "keys/current", nil, nil, nil)
}
