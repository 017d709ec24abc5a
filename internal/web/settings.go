package web

// Names of form fields on the pages of an account's API settings. Those of the
// settings themselves are named as in the seed file.
const (
	FieldPasswordAccess = "password_access"
	FieldTokenAccess    = "token_access"
	FieldBasicAuth      = "basic_auth"
	FieldPasswordGrant  = "password_grant"
	FieldTokenFormat    = "token_format"
	FieldReplayed       = "revoke_replayed"
	FieldEra            = "era"

	FieldPart = "part" // which of the two forms it is
	FieldSeen = "seen" // in which state the page showed what is to be changed
	FieldSure = "sure" // that somebody was told what it means

	PartAccess = "access" // Zendesk's own switches
	PartLocal  = "local"  // what no real Zendesk lets one choose

	On = "on" // the value of a switch that is on, and of FieldSure
)

// SettingsForm is what the settings are, or what somebody chose.
type SettingsForm struct {
	PasswordAccess, TokenAccess   bool
	PasswordGrant, RevokeReplayed bool
	BasicAuth, TokenFormat, Era   string
}

// Settings is the page of an account's API settings: Zendesk's two switches, and
// beside them what only a local Zendesk has.
type Settings struct {
	Center
	Form      SettingsForm
	Seen      string
	Overtaken bool // somebody else changed them while this form was open
	Problems  Problems
}

func (p Settings) frame() frame { return p.Center.frame("settings", p.Title(), AtSettings) }

// Title is the page's title and first heading; for the template.
func (p Settings) Title() string { return p.T("settings.title") }

// Access are Zendesk's switches; for the template.
func (p Settings) Access() []Switch {
	return []Switch{
		{FieldPasswordAccess, p.T("settings.password_access"), p.T("settings.password_access.help"), p.Form.PasswordAccess},
		{FieldTokenAccess, p.T("settings.token_access"), p.T("settings.token_access.help"), p.Form.TokenAccess},
	}
}

// Removed tells whether the removal of API tokens is over, so that the switches
// open nothing; for the template.
func (p Settings) Removed() bool { return p.Form.BasicAuth == "off" }

// BothOff tells whether Basic authentication is switched off; for the template.
func (p Settings) BothOff() bool { return !p.Form.PasswordAccess && !p.Form.TokenAccess }

// Removal are the steps of the removal of API tokens; for the template.
func (p Settings) Removal() Choices {
	return p.choices(FieldBasicAuth, p.T("settings.basic_auth"), p.T("settings.basic_auth.help"), p.Form.BasicAuth,
		Choice{Value: "by_date", Text: p.T("settings.basic_auth.by_date"), Help: p.T("settings.basic_auth.by_date.help")},
		Choice{Value: "allowed", Text: p.T("settings.basic_auth.allowed")},
		Choice{Value: "creation_blocked", Text: p.T("settings.basic_auth.creation_blocked"), Help: p.T("settings.basic_auth.creation_blocked.help")},
		Choice{Value: "off", Text: p.T("settings.basic_auth.off"), Help: p.T("settings.basic_auth.off.help")})
}

// Eras are the two ways in which tokens expire; for the template.
func (p Settings) Eras() Choices {
	return p.choices(FieldEra, p.T("settings.era"), p.T("settings.era.help"), p.Form.Era,
		Choice{Value: "enforced", Text: p.T("settings.era.enforced"), Help: p.T("settings.era.enforced.help")},
		Choice{Value: "legacy", Text: p.T("settings.era.legacy"), Help: p.T("settings.era.legacy.help")})
}

// Formats are how access tokens can look; for the template.
func (p Settings) Formats() Choices {
	return p.choices(FieldTokenFormat, p.T("settings.token_format"), "", p.Form.TokenFormat,
		Choice{Value: "", Text: p.T("settings.token_format.era"), Help: p.T("settings.token_format.era.help")},
		Choice{Value: "jwt", Text: p.T("settings.token_format.jwt")},
		Choice{Value: "opaque", Text: p.T("settings.token_format.opaque")})
}

func (p Settings) choices(name, label, help, chosen string, values ...Choice) Choices {
	for n := range values {
		values[n].Chosen = values[n].Value == chosen
	}
	return Choices{Name: name, Label: label, Help: help, Values: values, Wrong: p.Problems[name]}
}

// Switches are the local extensions that are on or off; for the template.
func (p Settings) Switches() []Switch {
	return []Switch{
		{FieldPasswordGrant, p.T("settings.password_grant"), p.T("settings.password_grant.help"), p.Form.PasswordGrant},
		{FieldReplayed, p.T("settings.revoke_replayed"), p.T("settings.revoke_replayed.help"), p.Form.RevokeReplayed},
	}
}

// BasicOff says what it means to switch both kinds of Basic authentication off,
// before it is done.
type BasicOff struct {
	Center
	Seen string
}

func (p BasicOff) frame() frame { return p.Center.frame("basic_off", p.Title(), AtSettings) }

// Title is the page's title and first heading; for the template.
func (p BasicOff) Title() string { return p.T("basic_off.title") }
