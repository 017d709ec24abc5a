package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// events are the pages of the broker's audit trail.
func events() []Sample {
	at := func(minutes time.Duration) time.Time { return boardNow.Add(-minutes * time.Minute) }
	person := web.Who{Kind: "user", ID: 1, Name: ada.Name, Account: "acme.zendesk.com", Actor: "user acme/1"}
	connection := web.Thing{ID: 12, Name: ada.Name, URL: "/connections/12"}
	list := web.Events{Board: operated(), Kept: 400, Pager: web.Pager{Newer: "/events?after=OQ", Older: "/events?before=NA"}, Rows: []web.EventRow{
		{At: at(1), Kind: "ordered", Result: "done", Who: person, Account: "acme", Connection: connection, Client: web.Thing{ID: 1, Name: "tickets_app"}, Detail: "disable by acme/1"},
		{At: at(2), Kind: "state_changed", Result: "broken", Who: web.Who{Kind: "broker", Actor: "broker"}, Account: "globex", Connection: web.Thing{ID: 9}, Detail: "in_doubt: answer_lost"},
		{At: at(3), Kind: "pass_used", Result: "done", Who: web.Who{Kind: "pass", ID: 5, Actor: "pass 5"}, Account: "acme", Connection: connection, Pass: web.Thing{ID: 5, Name: "crash logs", URL: "/passes/5"}, Detail: `pass 5, ticket 35, from 203.0.113.7: "crash.log" (1234 bytes), a comment`},
		{At: at(4), Kind: "pass_made", Result: "done", Who: web.Who{Kind: "key", ID: 3, Name: "guide", Actor: "key 3"}, Account: "acme", Connection: connection, Pass: web.Thing{ID: 5}, Detail: "pass 5, ticket 35, until 2026-11-29T09:30:00Z: crash logs"},
		{At: at(5), Kind: "sign_in_failed", Result: "refused", Account: "acme", Client: web.Thing{ID: 1, Name: "tickets_app"}, Detail: "denied"},
		{At: at(6), Kind: "key_ended", Result: "done", Who: web.Who{Kind: "command", Actor: "command"}, Detail: "4"},
		{At: at(7), Kind: hostile, Result: "done", Who: web.Who{Kind: "user", ID: 4711, Account: longWord[:60] + ".zendesk.com", Actor: "user x/4711"}, Account: longWord[:60], Pass: web.Thing{ID: 1, Name: hostile, URL: "/passes/1"}, Client: web.Thing{ID: 2, Name: longWord}, Detail: longWord + hostile + rtlName},
	}}
	none, empty, narrowed, wrong, german := list, list, list, list, list
	none.Rows, none.Filter = nil, web.EventFilter{Words: longWord, Kind: "removed"}
	empty.Rows = nil
	narrowed.Filter, narrowed.By, narrowed.Rows = web.EventFilter{By: "user acme/1", Pass: "5", Client: "1", Connection: "12", Account: "acme", From: "2026-11-01", Until: "2026-11-22"}, person, list.Rows[:1]
	wrong.Filter, wrong.Rows, wrong.Wrong = web.EventFilter{Connection: hostile, From: "soon", Until: "2026-13-01"}, nil, map[string]bool{}
	for _, f := range web.EventFields {
		wrong.Wrong[f] = true
	}
	german.Lang = "de"
	return []Sample{
		{"events", 200, list},
		{"events_german", 200, german},
		{"events_narrowed", 200, narrowed},
		{"events_none", 200, none},
		{"events_empty", 200, empty},
		{"events_wrong", 422, wrong},
	}
}
