package brokerhttp

import (
	"net/http"
	"strconv"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/web"
)

// eventPages show the audit trail.
var eventPages = []boardRoute{
	{web.PathEvents, operators, serving{"GET": (*site).eventList}},
	{web.PathEventsCSV, operators, serving{"GET": (*site).eventsCSV}},
	{web.PathEventsJSON, operators, serving{"GET": (*site).eventsJSON}},
}

// eventFilterOf reads the filter of an address, and which of its fields cannot be read.
// What is chosen by a link cannot be mistyped: the error is ErrNotFound.
func (s *site) eventFilterOf(v visit) (typed web.EventFilter, f broker.EventFilter, wrong map[string]bool, err error) {
	query := v.URL.Query()
	typed = web.EventFilter{
		Kind: query.Get(web.FieldKind), Account: query.Get(web.FieldAccount), Connection: query.Get(web.FieldConnection),
		Pass: query.Get(web.FieldPass), Client: query.Get(web.FieldOf), By: query.Get(web.FieldBy), Words: query.Get(web.FieldWords),
		From: query.Get(web.FieldFrom), Until: query.Get(web.FieldUntil),
	}
	f = broker.EventFilter{Kind: broker.EventKind(typed.Kind), Account: typed.Account, Words: typed.Words}
	if account, err := s.Broker.Base.CleanSubdomain(f.Account); err == nil {
		f.Account = account // the whole address may be pasted
	}
	wrong = map[string]bool{}
	whole := func(text string, refused func()) int64 {
		if text == "" {
			return 0
		}
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id <= 0 {
			refused()
		}
		return id
	}
	day := func(field, text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		at, err := time.Parse(time.DateOnly, text)
		if err != nil || at.Year() < 1971 || at.Year() > 9998 {
			wrong[field] = true
		}
		return at
	}
	gone := func() { err = broker.ErrNotFound }
	f.Connection = broker.ConnectionID(whole(typed.Connection, func() { wrong[web.FieldConnection] = true }))
	f.Pass, f.Client = broker.PassID(whole(typed.Pass, gone)), broker.ClientID(whole(typed.Client, gone))
	if by, ok := broker.ParseActor(typed.By); ok {
		f.By = by
	} else {
		gone()
	}
	f.Since = day(web.FieldFrom, typed.From)
	if f.Until = day(web.FieldUntil, typed.Until); !f.Until.IsZero() {
		f.Until = f.Until.AddDate(0, 0, 1) // the day is in it
		if !f.Since.Before(f.Until) {
			wrong[web.FieldUntil] = true
		}
	}
	return typed, f, wrong, err
}

// eventsShown is how many events a page of the list has.
const eventsShown = 50

// eventList is GET /events.
func (s *site) eventList(w http.ResponseWriter, v visit) error {
	typed, f, wrong, err := s.eventFilterOf(v)
	if err != nil {
		return err
	}
	p := web.Events{Board: s.boardPage(v), Filter: typed, Kept: int(s.Broker.EventsKeep / (24 * time.Hour))}
	p.Unknown = typed.Unknown()
	if len(wrong) > 0 || p.Unknown != "" {
		p.Wrong = wrong
		web.Render(w, http.StatusUnprocessableEntity, p)
		return nil
	}
	before, errBefore := readCursor(v.URL.Query().Get(web.FieldBefore))
	after, errAfter := readCursor(v.URL.Query().Get(web.FieldAfter))
	if errBefore != nil || errAfter != nil {
		return broker.ErrNotFound
	}
	found, err := s.Broker.EventsSeen(v.Context(), v.viewer, f, broker.EventPlace{Before: broker.EventID(before), After: broker.EventID(after)}, eventsShown)
	if err != nil {
		return err
	}
	names := s.names()
	if p.By, err = names.who(v.Context(), f.By); err != nil {
		return err
	}
	for _, e := range found.Events {
		row, err := names.event(v.Context(), e)
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if n := len(found.Events); n > 0 {
		to := func(field string, e broker.Recorded) string {
			return web.Within(web.PathEvents, append(typed.Pairs(), field, writeCursor(int64(e.ID)))...)
		}
		if found.Newer {
			p.Pager.Newer = to(web.FieldAfter, found.Events[0])
		}
		if found.Older {
			p.Pager.Older = to(web.FieldBefore, found.Events[n-1])
		}
	}
	web.Render(w, http.StatusOK, p)
	return nil
}

// eventHeads are the first line of the file.
var eventHeads = []string{"id", "at", "kind", "result", "by", "account", "connection", "pass", "client", "detail"}

func (s *site) eventsCSV(w http.ResponseWriter, v visit) error {
	_, f, wrong, err := s.eventFilterOf(v)
	if err != nil || len(wrong) > 0 {
		return broker.ErrNotFound
	}
	return sendCSV(s, w, v, "events", s.eventsFor(v, f), eventHeads, func(e broker.Recorded) ([]string, error) {
		return []string{
			number(int64(e.ID)), stamp(e.At), string(e.Kind), string(e.Result()), e.By.String(), e.Account,
			number(int64(e.Connection)), number(int64(e.Pass)), number(int64(e.Client)), e.Detail,
		}, nil
	})
}

func (s *site) eventsJSON(w http.ResponseWriter, v visit) error {
	_, f, wrong, err := s.eventFilterOf(v)
	if err != nil || len(wrong) > 0 {
		return broker.ErrNotFound
	}
	return sendJSON(s, w, v, "events", s.eventsFor(v, f), func(e broker.Recorded) any { return PublishedEvent(e) })
}

// eventsFor reads all that the filter chooses, the newest first.
func (s *site) eventsFor(v visit, f broker.EventFilter) reading[broker.Recorded] {
	return func(last *broker.Recorded) ([]broker.Recorded, bool, error) {
		at := broker.EventPlace{}
		if last != nil {
			at.Before = last.ID
		}
		found, err := s.Broker.EventsSeen(v.Context(), v.viewer, f, at, fileStep)
		return found.Events, found.Older, err
	}
}

// PublishedEvent is an event as other programs see it.
func PublishedEvent(e broker.Recorded) deskauth.Event {
	return deskauth.Event{
		ID: int64(e.ID), At: e.At, Kind: string(e.Kind), Result: string(e.Result()), By: e.By.String(), Account: e.Account,
		Connection: int64(e.Connection), Pass: int64(e.Pass), Client: int64(e.Client), Detail: e.Detail,
	}
}
