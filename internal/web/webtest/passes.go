package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// operated is what the pages share that operators alone have: in the languages of the
// Admin Center.
func operated() web.Board {
	b := board(true)
	b.Admin = true
	return b
}

// passPages are the operators' pages of passes.
func passPages() []Sample {
	from := func(d time.Duration) time.Time { return boardNow.Add(d) }
	const day = 24 * time.Hour
	rows := connectionRows()
	person := web.Who{Kind: "user", ID: 1, Name: ada.Name, Account: "acme.zendesk.com", Actor: "user acme/1"}
	good := web.PassRow{
		ID: 12, Name: "crash logs", State: "good", Ticket: 35, TicketURL: "https://acme.zendesk.com/agent/tickets/35", Account: "acme.zendesk.com",
		Connection: rows[0], Upload: true, Comment: true, Types: []string{".log", "image/*"}, FileMost: 50e6, BytesMost: 500e6, Bytes: 2_346_912,
		UsesMost: 10, Uses: 2, Maker: person, Created: from(-3 * time.Hour), Expires: from(7*day - 3*time.Hour), Used: from(-9 * time.Minute),
	}
	used, expired, revoked, odd := good, good, good, good
	used.ID, used.Name, used.State, used.Comment, used.UsesMost, used.Maker = 11, "one screenshot", "used_up", false, 2, web.Who{Kind: "key", ID: 3, Name: "guide", Actor: "key 3"}
	expired.ID, expired.State, expired.Upload, expired.Expires, expired.Maker = 9, "expired", false, from(-day), web.Who{Kind: "command", Actor: "command"}
	revoked.ID, revoked.State, revoked.Revoked, revoked.Uses, revoked.Bytes, revoked.Used, revoked.Maker = 8, "revoked", from(-2*day), 0, 0, time.Time{}, web.Who{}
	odd.ID, odd.Name, odd.Account, odd.Maker.Name, odd.Ticket = 7, hostile+" "+longWord, longWord[:60]+".zendesk.com", rtlName, 4_611_686_018_427_387_904
	odd.Connection, odd.Public, odd.Types = web.ConnectionRow{}, true, nil

	list := web.Passes{Board: operated(), Rows: []web.PassRow{good, used, expired, revoked, odd}, Pager: web.Pager{Older: "/passes?before=NA"}}
	none, empty, german := list, list, list
	none.Rows, none.Filter = nil, web.PassFilter{State: "expired", Words: longWord}
	empty.Rows, german.Lang, german.Filter = nil, "de", web.PassFilter{State: "good"}

	choice := web.PassChoice{Board: operated(), Connect: "/connect", More: true, Words: "acme", Rows: []web.CarrierRow{
		{ConnectionRow: rows[0]}, {ConnectionRow: rows[1], Cannot: "scope"}, {ConnectionRow: rows[2], Cannot: "state"}, {ConnectionRow: rows[4], Cannot: "product"},
	}}
	nobody := choice
	nobody.Rows, nobody.Words = nil, ""
	form := web.PassNew{Board: operated(), Row: rows[0], Typed: web.PassTyped{FileMost: "50", AllMost: "500", Uses: "10", Life: 168, Upload: true, Comment: true}}
	wrong, away := form, form
	wrong.Typed, wrong.Wrong = web.PassTyped{Name: hostile, Ticket: "none", Types: "exe", Uses: "0", Life: 24}, map[string]bool{}
	for _, f := range web.PassFields {
		wrong.Wrong[f] = true
	}
	away.Problem, away.Row = "zendesk", rows[2]

	made := web.PassMade{
		Board: operated(), Row: good, Link: "https://connect.example.com/pass#deskauth_pass_" + longWord[:43],
		Curl: "curl -H 'Authorization: Bearer deskauth_pass_" + longWord[:43] + "' -T FILE https://connect.example.com/pass/files/",
	}
	page := web.PassPage{Board: operated(), Row: good, Sent: []web.SentRow{
		{At: from(-9 * time.Minute), State: "sent", Address: "203.0.113.7", Files: []web.PassFile{{Name: "crash.log", Size: 1234}, {Name: longWord + ".png", Size: 2_345_678}}},
		{At: from(-time.Hour), State: "in_doubt", Address: "2001:db8::7"},
		{At: from(-2 * time.Hour), State: "open", Address: "203.0.113.7", Files: []web.PassFile{{Name: hostile, Size: 1}}},
	}}
	ending, ended, bare := page, page, page
	ending.Ending, bare.Row, bare.Sent = true, odd, nil
	ended.Row, ended.Done = revoked, true
	return []Sample{
		{"passes", 200, list},
		{"passes_german", 200, german},
		{"passes_none", 200, none},
		{"passes_empty", 200, empty},
		{"pass_choice", 200, choice},
		{"pass_choice_empty", 200, nobody},
		{"pass_new", 200, form},
		{"pass_new_wrong", 422, wrong},
		{"pass_new_away", 502, away},
		{"pass_made", 200, made},
		{"pass_page", 200, page},
		{"pass_page_ending", 200, ending},
		{"pass_page_ended", 200, ended},
		{"pass_page_odd", 200, bare},
	}
}
