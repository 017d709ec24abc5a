package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

func at(day int) web.Moment {
	return web.Moment{Time: time.Date(2026, 11, day, 9, 30, 0, 0, time.UTC)}
}

func center() web.Center {
	page := base
	page.Admin = true
	return web.Center{Page: page, Account: account, Subdomain: subdomain, User: ada, HasChat: true}
}

// own is what the pages of a user's own share.
func own(user web.Person) web.Center {
	c := center()
	c.Admin, c.User = false, user
	return c
}

// clients are the pages of the Admin Center about OAuth clients.
func clients() []Sample {
	list := web.Clients{Center: center(), Clients: []web.ClientRow{
		{ID: 7, Name: "OAuth Tutorial App", Company: "Acme Inc.", Identifier: "oauth_tutorial_app", Kind: "confidential", Tokens: 12, Used: at(21), LogoURL: Logo},
		{ID: 6, Name: longWord, Company: rtlName, Identifier: "a_very_long_identifier_" + longWord, Kind: "public"},
		{ID: 5, Name: rtlName, Company: hostile, Identifier: "arabic", Kind: "public", Tokens: 5000, More: true, Used: at(2)},
	}, Pager: web.Pager{Newer: "/admin/oauth/clients?before=7", Older: "/admin/oauth/clients?after=5"}}
	list.Done, list.Languages = web.DoneDeleted, switchable.Languages
	empty := web.Clients{Center: center(), Chat: true}
	none := web.Clients{Center: center(), Search: longWord}

	add := web.EditClient{Center: center()}
	wrong := add
	wrong.Form = web.ClientForm{
		Name: "", Identifier: "oauth tutorial app", Kind: "public", Description: rtlName,
		Redirects: "https://app.example/callback\nhttp://app.example/callback\n" + longWord, Scopes: []string{"read", "tickets:read", "teapot:brew"},
	}
	wrong.Problems = web.Problems{
		web.FieldName: {"Please fill this in."}, web.FieldIdentifier: {"must be ASCII letters, digits and signs without spaces"},
		web.FieldRedirects: {"line 2: must be https", "line 3: " + longWord + " is no address"},
		web.FieldScopes:    {"tickets:read overlaps read, which includes it", `there is no scope "teapot:brew"`},
		web.FieldKind:      {"must be public or confidential"},
		web.FieldLogo:      {"is no JPG, GIF or PNG"},
	}
	edit := web.EditClient{
		Center: center(), ID: 7, Saved: "OAuth Tutorial App", Hint: "0a1b2c3d4", Tokens: 12, LogoURL: Logo,
		Form: web.ClientForm{
			Name: "OAuth Tutorial App", Company: "Acme Inc.", Identifier: "oauth_tutorial_app", Kind: "confidential",
			Description: tutorial.Description, Redirects: "http://localhost:8080/handle_user_decision", Scopes: []string{"tickets", "users:read"},
		},
	}
	edit.Done = web.DoneSaved
	chat := edit
	chat.Done, chat.Chat, chat.Tokens, chat.More, chat.Form.Scopes = web.DoneNothing, true, 5000, true, nil

	public := edit
	public.Done, public.Hint, public.Form.Kind = web.DoneNothing, "", "public"

	secret := web.ShowSecret{
		Center: center(), ID: 7, Name: "OAuth Tutorial App", Identifier: "oauth_tutorial_app", New: true,
		Secret: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", BaseURL: "http://acme.localhost:4000",
	}
	rolled := secret
	rolled.New, rolled.Name = false, rtlName+" "+longWord
	remove := web.DeleteClient{Center: center(), ID: 7, Name: "OAuth Tutorial App", Identifier: "oauth_tutorial_app", Tokens: 12}
	mistyped := remove
	mistyped.Name, mistyped.Identifier, mistyped.Tokens, mistyped.Typed, mistyped.Mistyped = longWord, longWord, 1, hostile, true

	return []Sample{
		{"clients", 200, list},
		{"clients_empty", 200, empty},
		{"clients_none", 200, none},
		{"client_new", 200, add},
		{"client_wrong", 422, wrong},
		{"client", 200, edit},
		{"client_chat", 200, chat},
		{"client_public", 200, public},
		{"client_secret", 200, secret},
		{"client_secret_rolled", 200, rolled},
		{"client_delete", 200, remove},
		{"client_delete_mistyped", 422, mistyped},
		{"forbidden", 403, web.Forbidden{Center: own(people[1]), Next: "/access/unauthenticated?return_to=%2Fadmin"}},
	}
}
