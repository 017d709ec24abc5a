package brokerhttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/slip"
	"github.com/deskauth/deskauth/internal/web"
)

// changeRoutes are those by which an admin's program changes connections.
var changeRoutes = []apiRoute{
	{http.MethodPost, apiPath + "/connections/{id}/disable", broker.Admin, changing((*broker.Broker).Disable)},
	{http.MethodPost, apiPath + "/connections/{id}/enable", broker.Admin, changing((*broker.Broker).Enable)},
	{http.MethodPost, apiPath + "/connections/{id}/renew", broker.Admin, changing(func(b *broker.Broker, ctx context.Context, _ broker.Actor, id broker.ConnectionID) (broker.Connection, error) {
		return b.RenewNow(ctx, id) // attempts are the record of renewals
	})},
	{http.MethodDelete, apiPath + "/connections/{id}", broker.Admin, (*site).revokeConnection},
}

// changing is a route whose answer is the connection as it is afterwards.
func changing(change func(*broker.Broker, context.Context, broker.Actor, broker.ConnectionID) (broker.Connection, error)) func(*site, http.ResponseWriter, use) error {
	return func(s *site, w http.ResponseWriter, u use) error {
		id, err := u.connection()
		if err != nil {
			return err
		}
		httpd.Note(u.Context(), slog.Int64("connection", int64(id)))
		c, err := change(s.Broker, u.Context(), u.key.Actor(), id)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, Published(s.Broker.Base, c))
	}
}

// revokeConnection ends it at Zendesk, looks that it is gone there, and deletes it.
func (s *site) revokeConnection(w http.ResponseWriter, u use) error {
	id, err := u.connection()
	if err != nil {
		return err
	}
	httpd.Note(u.Context(), slog.Int64("connection", int64(id)))
	if err := s.Broker.Revoke(u.Context(), u.key.Actor(), id); err != nil {
		return notRevoked(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// stillThere says that a connection could not be ended at Zendesk, and so is kept.
type stillThere struct{ error }

func (e stillThere) Unwrap() error { return e.error }

// notRevoked leaves the errors that have an answer of their own.
func notRevoked(err error) error {
	if !NotRevoked(err) {
		return err
	}
	return stillThere{err}
}

// NotRevoked tells of an error of broker.Revoke that the connection is kept, because it
// could not be ended at Zendesk.
func NotRevoked(err error) bool {
	var unusable *broker.Unusable
	var unavailable *broker.Unavailable
	return err != nil && !errors.Is(err, broker.ErrNotFound) && !errors.As(err, &unusable) && !errors.As(err, &unavailable) &&
		!errors.Is(err, context.Canceled)
}

// eventRoutes show the audit trail.
var eventRoutes = []apiRoute{
	{http.MethodGet, apiPath + "/events", broker.Admin, (*site).listEvents},
}

func (s *site) listEvents(w http.ResponseWriter, u use) error {
	filter, err := eventsAsked(u)
	if err != nil {
		return err
	}
	list := func(after broker.EventID, limit int) ([]broker.Recorded, error) {
		return s.Broker.Events(u.Context(), filter, after, limit)
	}
	all, next, err := part(u, list, func(e broker.Recorded) broker.EventID { return e.ID })
	if err != nil {
		return err
	}
	page := deskauth.EventPage{Events: []deskauth.Event{}, NextCursor: next}
	for _, e := range all {
		page.Events = append(page.Events, publishedEvent(e))
	}
	return writeJSON(w, http.StatusOK, page)
}

// eventsAsked is the filter of a request.
func eventsAsked(u use) (broker.EventFilter, error) {
	query := u.URL.Query()
	f := broker.EventFilter{Kind: broker.EventKind(query.Get("kind")), Account: query.Get("account")}
	if f.Kind != "" && !slices.Contains(web.EventKinds, string(f.Kind)) {
		why := "it is no kind of event"
		if near := slip.Near(string(f.Kind), web.EventKinds); len(near) > 0 {
			why += slip.DidYouMean(near)
		} else {
			why += ": they are " + strings.Join(web.EventKinds, ", ")
		}
		return f, &broker.Invalid{Field: "kind", Why: why}
	}
	for _, name := range []string{"connection", "pass"} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			return f, &broker.Invalid{Field: name, Why: "it is the number of a " + name}
		}
		if name == "pass" {
			f.Pass = broker.PassID(id)
		} else {
			f.Connection = broker.ConnectionID(id)
		}
	}
	for name, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *at, err = time.Parse(time.RFC3339, text); err != nil {
			return f, &broker.Invalid{Field: name, Why: "it is a time such as 2026-11-22T12:00:00Z"}
		}
	}
	by, ok := broker.ParseActor(query.Get("by"))
	if !ok {
		return f, &broker.Invalid{Field: "by", Why: "it is as an event has it, such as `key 3`"}
	}
	f.By = by
	return f, nil
}
