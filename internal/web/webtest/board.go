package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// boardNow is when the samples of the broker's signed-in pages are looked at.
var boardNow = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func board(operator bool) web.Board {
	b := web.Board{Page: switchable, User: ada, Account: "acme.zendesk.com", Operator: operator, Now: boardNow}
	if !operator {
		b.User = people[1]
	}
	return b
}

func connectionRows() []web.ConnectionRow {
	from := func(d time.Duration) time.Time { return boardNow.Add(d) }
	const day = 24 * time.Hour
	return []web.ConnectionRow{
		{ID: 12, User: ada, UserID: 1, State: "active", Account: "acme.zendesk.com", Product: "Support", Client: "tickets_app", Scopes: []string{"read", "tickets:write"}, AccessExpires: from(25 * time.Minute), RefreshExpires: from(29 * day), Renewed: from(-5 * time.Minute), Used: from(-20 * time.Second)},
		{ID: 11, User: people[1], UserID: 2, State: "renewing", Account: "acme.zendesk.com", Product: "Support", Client: "tickets_app", Scopes: []string{"read"}, AccessExpires: from(time.Minute), RefreshExpires: from(29 * day), Renewed: from(-29 * time.Minute), Used: from(-time.Hour)},
		{ID: 9, User: longPeople[0], UserID: 3, State: "reauthorize", Reason: "refresh_refused", Account: longWord[:60] + ".zendesk.com", Product: "Support", Client: "a_very_long_identifier_" + longWord, Scopes: twelve, AccessExpires: from(-3 * day), RefreshExpires: from(-day), Renewed: from(-4 * day), Failures: 7, Used: from(-3 * day)},
		{ID: 8, User: web.Person{Name: rtlName, Email: "maryam@acme.example", Role: "end-user"}, UserID: 4, State: "in_doubt", Reason: "answer_lost", Account: "globex.zendesk.com", Product: "Support", Client: "tickets_app", Scopes: []string{"tickets:read"}, AccessExpires: from(-time.Hour), RefreshExpires: from(20 * day), Renewed: from(-90 * time.Minute), Failures: 1},
		{ID: 5, UserID: 4711, State: "disabled", Reason: "switched_off", Account: "acme.zendesk.com", Product: "Chat", Client: "chat_app", Scopes: []string{"read"}, Renewed: from(-40 * day), Used: from(-2 * day)},
		{ID: 4, User: web.Person{Name: hostile, Email: hostile, Role: hostile}, UserID: 6, State: "active", Reason: "told_to_wait", Account: "acme.zendesk.com", Product: "Support", Client: hostile, Scopes: []string{hostile}, AccessExpires: from(8 * time.Minute), Renewed: from(-22 * time.Minute), Failures: 2},
	}
}

// boards are the broker's pages for whoever signs in.
func boards() []Sample {
	ask := web.BoardSignIn{Page: switchable, Subdomain: "acme", BaseSuffix: ".zendesk.com", ReturnTo: "/connections?state=in_doubt", FormOrigins: []string{"https://*.zendesk.com"}}
	first, over, undone, wrong, out := ask, ask, ask, ask, ask
	first.Invitation = "an-invitation"
	over.Uninvited, undone.Undone, out.Out = true, true, true
	wrong.Subdomain, wrong.Problem = "not a subdomain!", web.ProblemSubdomainInvalid

	orders := []web.Order{web.OrderRenew, web.OrderDisable, web.OrderEnable, web.OrderRevoke}
	list := web.Connections{
		Board: board(true), Connect: "/connect", Orders: orders, Rows: connectionRows(), Older: "/connections?before=NA",
		Counts:  map[web.ConnectionState]int{"active": 99_213, "reauthorize": 12, "in_doubt": 1, "disabled": 3},
		Clients: []web.Choice{{Text: "Any", Chosen: true}, {Value: "1", Text: "tickets_app"}, {Value: "2", Text: "chat_app (acme)"}},
	}
	own, empty, none, second, german := list, list, list, list, list
	own.Board, own.Orders, own.Clients, own.Older, own.Rows = board(false), nil, nil, "", list.Rows[1:2]
	own.Counts = map[web.ConnectionState]int{"active": 1}
	empty.Rows, empty.Counts, empty.Clients, empty.Older = nil, nil, nil, ""
	none.Rows, none.Older, none.Filter = nil, "", web.ConnectionFilter{State: "revoked", Words: longWord}
	second.Wrong, second.Filter = true, web.ConnectionFilter{State: "active", Account: "acme", Product: "support", Client: "1", Words: "ada"}
	german.Lang = "de"

	row := connectionRows()
	plan := web.Orders{Board: board(true), Order: web.OrderRevoke, Back: "/connections?q=ada&state=in_doubt", Lines: []web.OrderLine{
		{Row: row[0], Will: true}, {Row: row[2], Will: true}, {Row: row[4], Why: "already"},
	}}
	nothing, done := plan, plan
	nothing.Order, nothing.Lines = web.OrderDisable, plan.Lines[2:]
	done.Done, done.Lines = true, []web.OrderLine{
		{Row: row[0], Will: true, Gone: true}, {Row: row[2], Why: "lost"}, {Row: row[3], Why: "unreachable"}, {Row: web.ConnectionRow{UserID: 77}, Gone: true, Why: "not_found"},
	}
	past := func(hours time.Duration) time.Time { return boardNow.Add(-hours * time.Hour) }
	one := web.Connection{
		Board: board(true), Row: row[0], Generation: 7, Fingerprint: "9f3a", Created: past(400),
		Orders: []web.Order{web.OrderRenew, web.OrderLink, web.OrderDisable, web.OrderRevoke},
		Uses:   []web.DayUses{{Lent: 12, Called: 340}, {Lent: 40}, {}, {Called: 7}, {Lent: 1, Called: 1}},
		History: []web.Happening{
			{At: past(0), What: "access_token_refused", Detail: "generation 6", Grave: true},
			{At: past(0), What: "answered", Attempt: true, Took: 132 * time.Millisecond},
			{At: past(1), What: "unsent", Attempt: true, Detail: "unreachable", Took: 20 * time.Second, Grave: true},
			{At: past(25), What: "answered", Attempt: true, Took: 98 * time.Millisecond},
			{At: past(26), What: "state_changed", Detail: "disabled: switched_off"},
			{At: past(26), What: "ordered", Detail: "disable by acme/1"},
			{At: past(300), What: "something_new", Detail: longWord + hostile},
			{At: past(320), What: "pass_used", Detail: `pass 2, ticket 6, from 127.0.0.1: "app.log" (16 bytes)`},
			{At: past(330), What: "pass_refused", Detail: "pass 2: type, from 127.0.0.1"},
			{At: past(400), What: "connected", Detail: "support"},
		},
	}
	link, broken, odd, bare := one, one, one, one
	link.Link = "https://connect.example.com/link/ThisIsShownOnceAndNeverAgain_" + longWord
	broken.Row, broken.Missing, broken.Not = row[2], []string{"hc:read"}, "name"
	odd.Board, odd.Row, odd.Orders, odd.Did = board(false), row[5], nil, web.OrderRenew
	bare.Row, bare.History, bare.Generation, bare.Fingerprint, bare.Lang, bare.Uses = row[4], nil, 1, "", "de", nil
	return []Sample{
		{"connection", 200, one},
		{"connection_link", 200, link},
		{"board_missing", 404, web.BoardMissing{Board: board(false)}},
		{"board_missing_section", 404, web.BoardMissing{Board: board(false), Operators: true}},
		{"connection_broken", 422, broken},
		{"connection_odd", 200, odd},
		{"connection_bare_german", 200, bare},
		{"board_sign_in", 200, ask},
		{"board_sign_in_first", 200, first},
		{"board_sign_in_uninvited", 403, over},
		{"board_sign_in_undone", 403, undone},
		{"board_sign_in_wrong", 422, wrong},
		{"board_sign_in_out", 200, out},
		{"connections", 200, list},
		{"connections_german", 200, german},
		{"connections_own", 200, own},
		{"connections_empty", 200, empty},
		{"connections_none", 200, none},
		{"connections_second", 200, second},
		{"orders_plan", 200, plan},
		{"orders_nothing", 200, nothing},
		{"orders_done", 200, done},
	}
}
