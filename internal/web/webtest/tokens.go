package webtest

import "github.com/deskauth/deskauth/internal/web"

// tokens are the pages about tokens: an account's, and a user's own.
func tokens() []Sample {
	list := web.Tokens{Center: center(), Tokens: []web.TokenRow{
		{ID: 3, Hint: "0123456789", Client: "OAuth Tutorial App", User: "Ada Admin", Scope: "read write", State: web.TokenActive, Created: at(20), Used: at(21), Expires: at(22)},
		{ID: 2, Hint: "abcdef0123", Client: longWord, User: rtlName, Scope: "tickets:read users:read organizations:read hc:write", State: web.TokenRenewable, Created: at(2)},
		{ID: 1, Hint: "fedcba9876", Client: hostile, User: "", State: web.TokenExpired, Created: at(1), Used: at(1)},
	}, Pager: web.Pager{Older: "/admin/oauth/tokens?after=1"}}
	list.Done = web.DoneRevoked
	one := list
	one.Done, one.Client, one.ClientID, one.Pager = web.DoneNothing, longWord, 7, web.Pager{}

	user := own(people[2])
	apps := web.Apps{Center: user, Apps: []web.AuthorizedApp{
		{ID: 7, Product: "support", Client: web.Client{Name: tutorial.Name, Company: tutorial.Company, LogoURL: Logo}, Scopes: []string{"users:read", "impersonate"}, Since: at(1), Used: at(21)},
		{ID: 8, Product: "chat", Client: web.Client{Name: longWord + " " + rtlName}, Chat: true, Scopes: []string{"chat"}, Since: at(2)},
	}}
	apps.Languages = switchable.Languages
	ask := web.GetToken{Center: user, Clients: []web.Choice{{Value: "7", Text: "OAuth Tutorial App (oauth_tutorial_app)"}, {Value: "8", Text: longWord, Chosen: true}}}
	wrong := ask
	wrong.Scopes = []string{"write", "teapot"}
	wrong.Problems = web.Problems{web.FieldScopes: {`there is no scope "teapot"`}, web.FieldClient: {"Please fill this in."}}
	shown := web.GetToken{Center: user, Token: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", BaseURL: "http://acme.localhost:4000"}
	return []Sample{
		{"tokens", 200, list},
		{"tokens_client", 200, one},
		{"tokens_none", 200, web.Tokens{Center: center()}},
		{"apps", 200, apps},
		{"apps_none", 200, web.Apps{Center: user}},
		{"get_token", 200, ask},
		{"get_token_wrong", 422, wrong},
		{"get_token_shown", 200, shown},
		{"get_token_no_clients", 200, web.GetToken{Center: user}},
	}
}
