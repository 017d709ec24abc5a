package webtest

import "github.com/deskauth/deskauth/internal/web"

// audit are the pages of the audit trail.
func audit() []Sample {
	list := web.Audit{Center: center(), Rows: []web.AuditRow{
		{At: at(22), User: 1, Who: "Ada Admin", Action: "client.updated", Thing: web.AuditThing{Object: "client 7", Name: "OAuth Tutorial App", URL: "/admin/oauth/clients/7"}, Detail: "name, redirect_uri", Address: "203.0.113.7", RequestID: "01kaqv3m6t8rn0e6h8r5q2w4xz"},
		{At: at(21), User: 3, Who: rtlName, Action: "consent.given", Thing: web.AuditThing{Object: "chat client 8", Name: longWord, URL: "/admin/chat/clients/8"}, Detail: "read write " + longWord, Address: "2001:db8:85a3:8d3:1319:8a2e:370:7348", RequestID: "01kaqv3m6t8rn0e6h8r5q2w4y0"},
		{At: at(20), Action: "sign_in.failed", Thing: web.AuditThing{Object: "user 1", Name: "Ada Admin", URL: "/admin/users/1"}, Address: "198.51.100.23", RequestID: "r-3"},
		{At: at(19), User: 9, Who: "Deleted user", Action: "token.revoked", Thing: web.AuditThing{Object: "token 3"}},
		{At: at(18), Action: "token.family_revoked", Thing: web.AuditThing{Object: "token 2", Name: "0123456789…"}, Detail: hostile, Address: "192.0.2.9", RequestID: "r-2"},
		{At: at(17), User: 1, Who: "Ada Admin", Action: "api_token.created", Thing: web.AuditThing{Object: "api_token 4"}, Detail: "for the old script", Address: "203.0.113.7", RequestID: "r-1"},
		{At: at(16), User: 1, Who: "Ada Admin", Action: "client.deleted", Thing: web.AuditThing{Object: "client 5"}, Detail: "old_app", Address: "203.0.113.7", RequestID: "r-0"},
		{At: at(2), Action: "user.created", Thing: web.AuditThing{Object: "user 3", Name: rtlName, URL: "/admin/users/3"}, Detail: "agent"},
		{At: at(1), Action: "account.created", Planted: true, Thing: web.AuditThing{Object: "account 1", Name: account, URL: "/admin/apis/settings"}, Detail: "planted"},
		{At: at(1), Action: "something.new", Thing: web.AuditThing{Object: "thing"}},
	}, Pager: web.Pager{Newer: "/admin/audit?before=2-9", Older: "/admin/audit?after=1-1"}}
	filter := web.AuditFilter{Person: "ada@acme.example", Action: "user.deleted", Object: "user 9", From: "2026-11-01", Until: "2026-11-22"}
	wrong := web.Audit{Center: center(), Filter: web.AuditFilter{Person: longWord, Action: hostile, From: "2026-11-22", Until: "2026-11-21"}, Problems: web.Problems{
		web.FieldPerson: {"Nobody here has this email or number."}, web.FieldAction: {"There is no such thing to look for."}, web.FieldUntil: {"This is before the first day."},
	}}
	return []Sample{
		{"audit", 200, list},
		{"audit_empty", 200, web.Audit{Center: center()}},
		{"audit_none", 200, web.Audit{Center: center(), Filter: filter}},
		{"audit_wrong", 422, wrong},
	}
}
