package webtest

import "github.com/deskauth/deskauth/internal/web"

// apiTokens are the pages of an account's API tokens.
func apiTokens() []Sample {
	list := web.APITokens{Center: center(), Removal: "allowed", Tokens: []web.APITokenRow{
		{ID: 4, Description: "Nightly export", Hint: "0123456789", Active: true, Created: at(20), Used: at(21)},
		{ID: 3, Description: longWord + " " + longWord, Hint: "abcdef0123", Created: at(2)},
		{ID: 2, Description: rtlName, Hint: "fedcba9876", Active: true, Created: at(1)},
		{ID: 1, Hint: "00ff00ff00", Active: true, Created: at(1), Used: at(1)},
	}, Pager: web.Pager{Newer: "/admin/apis/tokens?before=4"}}
	list.Done = web.DoneDeactivated
	blocked := list
	blocked.Done, blocked.Removal, blocked.AccessOff, blocked.Pager = web.DoneNothing, "creation_blocked", true, web.Pager{}
	over := blocked
	over.Removal, over.Tokens = "off", list.Tokens[:1]
	wrong := web.APITokens{Center: center(), Removal: "allowed", Description: longWord, Problems: web.Problems{
		web.FieldDescription: {"must have at most 255 characters"}, "base": {"an account has at most 256 API tokens"},
	}}
	shown := web.ShowAPIToken{
		Center: center(), Description: rtlName + " " + longWord, BaseURL: "http://acme.localhost:4000",
		Token: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	}
	shown.User.Email = "o'neill@acme.example"
	return []Sample{
		{"api_tokens", 200, list},
		{"api_tokens_blocked", 200, blocked},
		{"api_tokens_over", 200, over},
		{"api_tokens_wrong", 422, wrong},
		{"api_tokens_none", 200, web.APITokens{Center: center(), Removal: "allowed"}},
		{"api_token_shown", 200, shown},
		{"api_token_delete", 200, web.DeleteAPIToken{Center: center(), APITokenRow: list.Tokens[0]}},
		{"api_token_delete_unnamed", 200, web.DeleteAPIToken{Center: center(), APITokenRow: list.Tokens[3]}},
	}
}

// settings are the pages of an account's API settings.
func settings() []Sample {
	plain := web.Settings{Center: center(), Seen: "1795338600000000", Form: web.SettingsForm{
		PasswordAccess: true, TokenAccess: true, BasicAuth: "creation_blocked", Era: "enforced",
	}}
	off := plain
	off.Done = web.DoneSaved
	off.User = longPeople[0]
	off.User.Role = "admin"
	off.Form = web.SettingsForm{BasicAuth: "allowed", TokenFormat: "jwt", Era: "legacy", PasswordGrant: true, RevokeReplayed: true}
	overtaken := plain
	overtaken.Overtaken, overtaken.Account, overtaken.User.Name, overtaken.Form.BasicAuth = true, rtlName, rtlName, "off"
	wrong := plain
	wrong.Form.BasicAuth, wrong.Form.TokenFormat = "never heard of", longWord
	wrong.Problems = web.Problems{web.FieldBasicAuth: {"is none of those that there are"}, web.FieldTokenFormat: {"is none of those that there are"}}
	return []Sample{
		{"settings", 200, plain},
		{"settings_off", 200, off},
		{"settings_overtaken", 409, overtaken},
		{"settings_wrong", 422, wrong},
		{"settings_basic_off", 200, web.BasicOff{Center: center(), Seen: "1795338600000000"}},
	}
}
