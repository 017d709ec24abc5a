package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// passes are the pages of whoever holds a pass.
func passes() []Sample {
	page := web.Page{Lang: web.English, RequestID: "01JD8Z4S9QW2", Languages: web.LanguageSwitch{Action: "/connect/language", Back: "/pass"}}
	at := func(hour int) web.Moment { return web.Moment{Time: time.Date(2026, 11, 22, hour, 4, 0, 0, time.UTC)} }
	good := web.Pass{
		Account: "acme.zendesk.com",
		Page:    page, Name: "Crash logs", CanUpload: true, CanComment: true, Types: []string{".log", ".txt", "image/*"},
		Until: at(18), UsesLeft: 3, FileMost: 50_000_000, BytesLeft: 480_000_000,
		Curl: "curl -H 'Authorization: Bearer deskauth_pass_bm90IGEgc2VjcmV0IGF0IGFsbCBidXQgYXMgbG9uZw' -T FILE https://connect.example.com/pass/files/",
	}
	with := func(edit func(*web.Pass)) web.Pass { p := good; edit(&p); return p }
	sent := []web.PassSending{
		{ID: 4, At: at(12), State: "sent", Files: []web.PassFile{{Name: "crash.log", Size: 1234}, {Name: "screen.png", Size: 2_345_678}}},
		{ID: 3, At: at(11), State: "in_doubt"},
		{ID: 2, At: at(10), State: "lapsed", Files: []web.PassFile{{Name: longWord + ".log", Size: 51 << 20}}},
	}
	return []Sample{
		{"pass", 200, good},
		{"pass_sent", 200, with(func(p *web.Pass) { p.Done, p.Sent, p.UsesLeft, p.Public = true, sent, 1, true })},
		{"pass_comment", 200, with(func(p *web.Pass) { p.CanUpload, p.Curl = false, "" })},
		{"pass_failed", 413, with(func(p *web.Pass) {
			p.CanComment, p.Types, p.Problem = false, nil, "why.file_too_large"
			p.Failed = []web.FailedFile{{Name: hostile + ".log", Problem: "why.file_too_large"}, {Name: rtlName + ".txt", Problem: "why.type"}}
		})},
		{"pass_open", 502, with(func(p *web.Pass) {
			p.Problem, p.Comment, p.Open = "obstacle.zendesk_fails", "It crashed "+hostile, []web.PassSending{{ID: 5, At: at(13), State: "open", Files: sent[0].Files}}
		})},
		{"pass_expired", 200, with(func(p *web.Pass) { p.Over, p.Curl, p.Sent = "why.expired", "", sent })},
		{"pass_broken", 200, with(func(p *web.Pass) { p.Over, p.Curl, p.Name = "obstacle.connection_broken", "", longWord+" "+rtlName })},
		{"pass_ask", 200, web.AskPass{Page: page, Action: "/pass/open"}},
		{"pass_ask_wrong", 401, web.AskPass{Page: page, Action: "/pass/open", Problem: "why.unknown"}},
	}
}
