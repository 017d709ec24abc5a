package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// users are the pages of an account's users.
func users() []Sample {
	row := func(id int64, p web.Person) web.UserRow {
		return web.UserRow{ID: id, Person: p, HasPassword: true, Created: at(int(id))}
	}
	list := web.Users{Center: center(), Users: []web.UserRow{
		row(7, longPeople[0]), row(6, longPeople[1]), row(5, longPeople[3]), row(3, people[2]), row(2, people[1]), row(1, ada),
	}, Pager: web.Pager{Older: "/admin/users?after=1"}}
	list.Users[1].Suspended, list.Users[2].HasPassword = true, false
	list.Done = web.DoneDeleted
	filtered := list
	filtered.Done, filtered.Search, filtered.Role, filtered.Users, filtered.Pager = web.DoneNothing, rtlName, "admin", list.Users[5:], web.Pager{}
	none := filtered
	none.Search, none.Users = longWord, nil

	add := web.EditUser{Center: center(), Form: web.UserForm{Role: "end-user"}}
	wrong := add
	wrong.Form = web.UserForm{Name: rtlName, Email: "nobody " + longWord, Role: "emperor"}
	wrong.Problems = web.Problems{
		web.FieldName: {"Please fill this in."}, web.FieldEmail: {"must be an address like ada@acme.example"},
		web.FieldRole: {"must be admin, agent or end-user"}, web.FieldPassword: {"must have at least 8 characters"},
	}
	edit := web.EditUser{
		Center: center(), UserRow: row(2, people[1]), Seen: "1795338600000000", Tokens: 3,
		Form: web.UserForm{Name: people[1].Name, Role: "agent"},
	}
	edit.Done = web.DoneUnsuspended
	suspended := web.EditUser{
		Center: center(), UserRow: list.Users[1], Seen: "1795338600000000", Tokens: 200, TokensMore: true, Overtaken: true,
		Form: web.UserForm{Name: longPeople[1].Name, Role: "end-user"},
	}
	self := web.EditUser{
		Center: center(), UserRow: row(1, ada), Seen: "1795338600000000", Tokens: 1, Self: true, Refused: true,
		Form: web.UserForm{Name: ada.Name, Role: "admin"},
	}
	remove := web.DeleteUser{Center: center(), UserRow: row(2, people[1]), Tokens: 3}
	mistyped := web.DeleteUser{Center: center(), UserRow: list.Users[0], Tokens: 200, TokensMore: true, Typed: hostile, Mistyped: true}
	lately := web.Moment{Time: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}
	withTickets := center()
	withTickets.Tickets = true
	tickets := []web.TicketRow{
		{Number: 12, Subject: "The export stops at 40 %", Status: "open", Requester: "Carl Customer", Updated: lately},
		{Number: 11, Subject: longWord + hostile, Status: "new", Requester: rtlName, Updated: lately},
	}
	ticket := web.Ticket{Center: withTickets, TicketRow: tickets[0], Created: lately, Comments: []web.TicketComment{
		{Author: "Carl Customer", At: lately, Public: true, Body: "It stops.\n\nEvery time. " + hostile},
		{Author: "Grace Agent", At: lately, Body: longWord, Files: []web.TicketFile{{Name: hostile + ".log", URL: "/attachments/token/x/?name=a.log", Size: 1_234_567}}},
	}}
	return []Sample{
		{"tickets", 200, web.Tickets{Center: withTickets, Rows: tickets, Pager: web.Pager{Older: web.PathTickets + "?from=50"}}},
		{"tickets_none", 200, web.Tickets{Center: withTickets}},
		{"ticket", 200, ticket},
		{"forbidden_agents", 403, web.Forbidden{Center: withTickets, Agents: true, Next: "/access/unauthenticated"}},
		{"users", 200, list},
		{"users_filtered", 200, filtered},
		{"users_none", 200, none},
		{"users_end", 200, web.Users{Center: center()}},
		{"user_new", 200, add},
		{"user_wrong", 422, wrong},
		{"user", 200, edit},
		{"user_suspended", 409, suspended},
		{"user_self", 409, self},
		{"user_delete", 200, remove},
		{"user_delete_mistyped", 422, mistyped},
	}
}
