package deskauth

import (
	"context"
	"iter"
	"net/http"
)

// Connection returns a connection. The error is ErrNotFound when there is none of that id.
func (c *Client) Connection(ctx context.Context, id int64) (Connection, error) {
	var out Connection
	return out, c.ask(ctx, http.MethodGet, record("connections", id), nil, nil, &out)
}

// Connections lists the connections that the key reaches, in the order of their ids. A
// loop that gets an error gets nothing more.
func (c *Client) Connections(ctx context.Context) iter.Seq2[Connection, error] {
	return listed(ctx, c, "connections", func(p ConnectionPage) ([]Connection, *string) { return p.Connections, p.NextCursor })
}

// Disable keeps a connection and neither lends nor renews its tokens until Enable.
// The error is ErrNotFound, or *Unusable for one that cannot be.
func (c *Client) Disable(ctx context.Context, id int64) error { return c.order(ctx, id, "disable") }

// Enable ends what Disable began.
func (c *Client) Enable(ctx context.Context, id int64) error { return c.order(ctx, id, "enable") }

// Renew renews a connection though its token may have long to live, which ends that
// token. The error is one of Token's.
func (c *Client) Renew(ctx context.Context, id int64) error { return c.order(ctx, id, "renew") }

// Revoke ends a connection at Zendesk, makes sure that its tokens are not taken any
// more, and deletes it. When that fails the connection is disabled and stays, so that
// it can be tried again: ErrNotRevoked.
func (c *Client) Revoke(ctx context.Context, id int64) error {
	c.forget(id)
	return c.ask(ctx, http.MethodDelete, record("connections", id), nil, nil, nil)
}

func (c *Client) order(ctx context.Context, id int64, what string) error {
	c.forget(id)
	return c.ask(ctx, http.MethodPost, record("connections", id, what), nil, nil, nil)
}

// MakeLink makes a link by which one person connects; with r.Connection, by which that
// connection's own user authorizes it again. Its address cannot be shown again. The error
// is ErrNotFound for a connection that there is not, or *Invalid.
func (c *Client) MakeLink(ctx context.Context, r LinkRequest) (NewLink, error) {
	var out NewLink
	return out, c.ask(ctx, http.MethodPost, "links", nil, r, &out)
}

// Links lists the links that the key made, in the order of their ids; an admin's lists
// all. Those that are over are among them for an hour.
func (c *Client) Links(ctx context.Context) iter.Seq2[Link, error] {
	return listed(ctx, c, "links", func(p LinkPage) ([]Link, *string) { return p.Links, p.NextCursor })
}

// RevokeLink ends a link that is open. The error is ErrNotFound when there is none of
// that id.
func (c *Client) RevokeLink(ctx context.Context, id int64) error {
	return c.ask(ctx, http.MethodDelete, record("links", id), nil, nil, nil)
}

// MakePass makes a pass by which whoever holds it sends files to one ticket. Its link
// cannot be shown again. The connection is asked for the ticket first: the error is
// ErrNotFound, *Invalid, *Unusable, or says what Zendesk had against it.
func (c *Client) MakePass(ctx context.Context, r PassRequest) (NewPass, error) {
	var out NewPass
	return out, c.ask(ctx, http.MethodPost, "passes", nil, r, &out)
}

// Pass returns a pass, with what was sent by it. The error is ErrNotFound when there is
// none of that id.
func (c *Client) Pass(ctx context.Context, id int64) (Pass, error) {
	var out Pass
	return out, c.ask(ctx, http.MethodGet, record("passes", id), nil, nil, &out)
}

// Passes lists the passes of the connections that the key reaches, in the order of their
// ids.
func (c *Client) Passes(ctx context.Context) iter.Seq2[Pass, error] {
	return listed(ctx, c, "passes", func(p PassPage) ([]Pass, *string) { return p.Passes, p.NextCursor })
}

// RevokePass ends a pass. The error is ErrNotFound when there is none of that id.
func (c *Client) RevokePass(ctx context.Context, id int64) error {
	return c.ask(ctx, http.MethodDelete, record("passes", id), nil, nil, nil)
}
