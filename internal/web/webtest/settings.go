package webtest

import "github.com/deskauth/deskauth/internal/web"

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
