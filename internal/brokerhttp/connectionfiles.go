package brokerhttp

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/broker"
)

// connectionHeads are the first line of the file.
var connectionHeads = []string{
	"id", "account", "product", "user_id", "user", "email", "role", "client", "state", "reason", "scope",
	"access_expires_at", "refresh_expires_at", "created_at", "renewed_at", "failures", "last_used_at",
}

// connectionsCSV sends what the list with this filter shows, all of it.
func (s *site) connectionsCSV(w http.ResponseWriter, v visit) error {
	clients, err := s.clientNames(v.Context(), v.viewer)
	if err != nil {
		return err
	}
	return sendCSV(s, w, v, "connections", s.connectionsFor(v), connectionHeads, func(c broker.Connection) ([]string, error) {
		client, err := clients.of(v.Context(), c.Client)
		return []string{
			number(int64(c.ID)), c.Account, string(c.Product), number(c.User.ID), c.User.Name, c.User.Email,
			c.User.Role, client, string(c.Shown()), string(c.Reason), strings.Join(c.Granted, " "), stamp(c.AccessExpires),
			stamp(c.RefreshExpires), stamp(c.Created), stamp(c.RenewedAt), strconv.Itoa(c.Failures), stamp(c.LastUsedAt),
		}, err
	})
}

// connectionsJSON sends the same as the API's connections.
func (s *site) connectionsJSON(w http.ResponseWriter, v visit) error {
	return sendJSON(s, w, v, "connections", s.connectionsFor(v), func(c broker.Connection) any { return Published(s.Broker.Base, c) })
}

// connectionsFor reads all that the viewer sees through the filter, the newest first. A
// connection that is made meanwhile is newer than those that were sent, and stays out
// of it.
func (s *site) connectionsFor(v visit) reading[broker.Connection] {
	_, f := filterOf(v)
	return func(last *broker.Connection) ([]broker.Connection, bool, error) {
		before := broker.ConnectionID(0)
		if last != nil {
			before = last.ID
		}
		found, err := s.Broker.Seen(v.Context(), v.viewer, f, before, fileStep)
		return found.Connections, found.More, err
	}
}
