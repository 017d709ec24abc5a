package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// journal is the live page of a demo's journal, and what may stand on it.
func journal() []Sample {
	moment := func(second int) web.Moment {
		return web.Moment{Time: time.Date(2026, 11, 22, 9, 30, second, 120_000_000, time.UTC)}
	}
	page := web.Journal{
		Page: center().Page, Path: "/live", Clock: web.JournalClock{Now: moment(9)},
		Events: []string{"refresh.", "refresh.replayed"}, Accounts: []string{"acme", "globex"},
		Entries: []web.JournalEntry{
			{
				Seq: 19, Now: moment(8), Event: "request.answered", Grave: true, About: []string{"acme", "oauth_tutorial_app", "user 3"},
				Request: "POST /oauth/tokens", Status: 400, Meaning: "a request was answered; status tells how",
				JSON: "{\n  \"seq\": 19,\n  \"event\": \"request.answered\"\n}", Same: "/live?request_id=01JD8Z4S9QW2",
			},
			{
				Seq: 18, Now: moment(7), Event: "refresh.replayed", Grave: true, About: []string{"acme", "oauth_tutorial_app", "token 0a1b2c3d4…"},
				Meaning: "a refresh token was used again, or twice at the same time", JSON: "{\n  \"seq\": 18\n}", Same: "/live?request_id=01JD8Z4S9QW2",
			},
			{Seq: 17, Now: moment(6), Event: "clock.changed", Meaning: "the clock was set", JSON: "{}"},
			{
				Seq: 16, Now: moment(5), Event: "client.refused", Grave: true, About: []string{longWord, hostile, rtlName, longWord + longWord},
				Request: "POST /" + longWord + longWord, Status: 401, Meaning: "a client is unknown or did not prove itself", JSON: hostile + longWord + longWord,
			},
		},
	}
	// Following is looked at where there is something to follow.
	live := page
	live.Clock = web.JournalClock{Now: moment(9), Steered: true, Rate: 60}
	live.Filter = web.JournalFilter{
		Event: "refresh.", Account: longWord, Client: hostile, Route: "POST /oauth/tokens", Status: "4xx", Others: "request_id 01JD8Z4S9QW2",
	}
	live.Lost = true
	wrong := page
	wrong.Entries, wrong.Filter.Status, wrong.Wrong = nil, hostile, "status: is one such as 404, or a class of them such as 4xx"
	empty := page
	empty.Entries, empty.Clock = nil, web.JournalClock{Now: moment(9), Steered: true}
	return []Sample{
		{"journal", 200, page},
		{"journal_filtered", 200, live},
		{"journal_wrong", 422, wrong},
		{"journal_empty", 200, empty},
	}
}
