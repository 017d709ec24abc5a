package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// connectionRoutes are those by which a program sees connections and borrows tokens.
var connectionRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/connections", broker.Lend, (*site).listConnections},
	{http.MethodGet, apiPath + "/connections/{id}", broker.Lend, (*site).showConnection},
	{http.MethodGet, apiPath + "/connections/{id}/token", broker.Lend, (*site).lendToken},
}

// connection is the one that the path names, if the key reaches it. One that is out
// of a key's reach does not exist for it.
func (u use) connection() (broker.ConnectionID, error) {
	id, err := strconv.ParseInt(u.PathValue("id"), 10, 64)
	if err != nil || id <= 0 || !u.key.Allows(broker.Lend, broker.ConnectionID(id)) {
		return 0, broker.ErrNotFound
	}
	return broker.ConnectionID(id), nil
}

func (s *site) lendToken(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	minTTL, err := ttlOf(u.URL.Query().Get("min_ttl"))
	if err != nil {
		return err
	}
	httpd.Note(u.Context(), slog.Int64("connection", int64(id)))
	var g broker.Grant
	if text := u.URL.Query().Get("refused"); text == "" {
		g, err = s.Broker.Token(u.Context(), id, minTTL)
	} else if refused, bad := strconv.ParseInt(text, 10, 64); bad != nil || refused < 0 {
		return &broker.Invalid{Field: "refused", Why: "it is the generation of the token that Zendesk refused"}
	} else {
		g, err = s.Broker.TokenRefused(u.Context(), id, refused)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, deskauth.Token{
		AccessToken: g.Access.Reveal(), ExpiresAt: orNil(g.Connection.AccessExpires), Generation: g.Connection.Generation,
		Unmet: g.Unmet(s.Broker.Now(), minTTL),
	})
}

// ttlMost is more than any token of Zendesk's lives (facts §2.3).
const ttlMost = 90 * 24 * time.Hour

// ttlOf reads a duration as Go writes it, or whole seconds.
func ttlOf(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := parseSpan(text)
	if err != nil || d < 0 || d > ttlMost {
		return 0, &broker.Invalid{Field: "min_ttl", Why: "it is a number of seconds such as 90, or a text such as 90s or 6h, up to 2160h"}
	}
	return d, nil
}

func (s *site) showConnection(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	c, err := s.Broker.Connection(u.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, Published(s.Broker.Base, c))
}

// listConnections shows those that the key reaches, in the order of their numbers.
func (s *site) listConnections(w http.ResponseWriter, u use) error {
	list := func(after broker.ConnectionID, limit int) ([]broker.Connection, error) {
		return s.reached(u.Context(), u.key, after, limit)
	}
	all, next, err := part(u, list, func(c broker.Connection) broker.ConnectionID { return c.ID })
	if err != nil {
		return err
	}
	page := deskauth.ConnectionPage{Connections: []deskauth.Connection{}, NextCursor: next}
	for _, c := range all {
		page.Connections = append(page.Connections, Published(s.Broker.Base, c))
	}
	return writeJSON(w, http.StatusOK, page)
}

// reached lists what a key reaches, from the one after `after`.
func (s *site) reached(ctx context.Context, key broker.Key, after broker.ConnectionID, limit int) ([]broker.Connection, error) {
	if len(key.Connections) == 0 {
		return s.Broker.Connections(ctx, after, limit)
	}
	var all []broker.Connection
	for _, id := range slices.Compact(slices.Sorted(slices.Values(key.Connections))) {
		if id <= after || len(all) == limit {
			continue
		}
		c, err := s.Broker.Connection(ctx, id)
		if errors.Is(err, broker.ErrNotFound) { // revoked since the key was made
			continue
		} else if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// Published is a connection as other programs see it.
func Published(base zendesk.Base, c broker.Connection) deskauth.Connection {
	var root string
	if u := base.URL(c.Account); u != nil {
		root = u.String()
	}
	// A set that is empty is written as a list, and not as null.
	granted := append(oauth.Scope{}, c.Granted...)
	return deskauth.Connection{
		ID: int64(c.ID), Account: c.Account, URL: root, Product: string(c.Product), User: deskauth.User(c.User),
		State: deskauth.State(c.Shown()), Reason: string(c.Reason), Generation: c.Generation,
		Scope: granted, Missing: c.Missing(),
		CreatedAt: c.Created, RenewedAt: c.RenewedAt,
		ExpiresAt: orNil(c.AccessExpires), RefreshExpiresAt: orNil(c.RefreshExpires),
	}
}
