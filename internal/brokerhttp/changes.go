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
		page.Events = append(page.Events, PublishedEvent(e))
	}
	return writeJSON(w, http.StatusOK, page)
}

// eventsAsked is the filter of a request.
func eventsAsked(u use) (broker.EventFilter, error) {
	query := u.URL.Query()
	f := deskauth.EventFilter{Kind: query.Get("kind"), Account: query.Get("account"), By: query.Get("by")}
	for name, id := range map[string]*int64{"connection": &f.Connection, "pass": &f.Pass} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *id, err = strconv.ParseInt(text, 10, 64); err != nil || *id <= 0 {
			return broker.EventFilter{}, noNumber(name)
		}
	}
	for name, at := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		text := query.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *at, err = time.Parse(time.RFC3339, text); err != nil {
			return broker.EventFilter{}, &broker.Invalid{Field: name, Why: "it is a time such as 2026-11-22T12:00:00Z"}
		}
	}
	return EventWish(f)
}

func noNumber(name string) error {
	return &broker.Invalid{Field: name, Why: "it is the number of a " + name}
}

// EventWish is the choice of events that a program makes, in the broker's types. The error
// is *broker.Invalid: a filter that was mistyped would look like an empty list.
func EventWish(f deskauth.EventFilter) (broker.EventFilter, error) {
	out := broker.EventFilter{
		Kind: broker.EventKind(f.Kind), Account: f.Account, Connection: broker.ConnectionID(f.Connection), Pass: broker.PassID(f.Pass),
		Since: f.Since, Until: f.Until,
	}
	var known bool
	out.By, known = broker.ParseActor(f.By)
	switch {
	case f.Kind != "" && !slices.Contains(web.EventKinds, f.Kind):
		return out, noKind(f.Kind)
	case f.Connection < 0:
		return out, noNumber("connection")
	case f.Pass < 0:
		return out, noNumber("pass")
	case !known:
		return out, &broker.Invalid{Field: "by", Why: "it is as an event has it, such as `key 3`"}
	}
	return out, nil
}

func noKind(kind string) error {
	why := "it is no kind of event"
	if near := slip.Near(kind, web.EventKinds); len(near) > 0 {
		return &broker.Invalid{Field: "kind", Why: why + slip.DidYouMean(near)}
	}
	return &broker.Invalid{Field: "kind", Why: why + ": they are " + strings.Join(web.EventKinds, ", ")}
}
