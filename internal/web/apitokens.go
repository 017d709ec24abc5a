package web

import (
	"strconv"
	"strings"
)

// FieldActive is whether an API token is to open the API; its values are those of a
// Go bool.
const FieldActive = "active"

// APITokenRow is an API token in the list.
type APITokenRow struct {
	ID                int64
	Description, Hint string
	Active            bool
	Created, Used     Moment
}

// APITokens is the list of an account's API tokens, where one is added too.
type APITokens struct {
	Center
	Tokens      []APITokenRow
	Pager       Pager
	Removal     string // "allowed", "creation_blocked" or "off": where the account stands (facts §9)
	AccessOff   bool   // token access is switched off
	Description string // what was typed of a new one
	Problems    Problems
}

func (p APITokens) frame() frame { return p.Center.frame("api_tokens", p.Title(), AtAPITokens) }

// Title is the page's title and first heading; for the template.
func (p APITokens) Title() string { return p.T("api_tokens.title") }

// MayAdd tells whether one can still be added; for the template.
func (p APITokens) MayAdd() bool { return p.Removal == "allowed" }

// Warning says why the tokens open nothing, if so; for the template.
func (p APITokens) Warning() string {
	switch {
	case p.Removal == "off":
		return p.T("api_tokens.over")
	case p.AccessOff:
		return p.T("api_tokens.access_off")
	}
	return ""
}

// Wrong is what is wrong, but with no field; for the template.
func (p APITokens) Wrong() string { return strings.Join(p.Problems["base"], " ") }

// Field is the one of a new token; for the template.
func (p APITokens) Field() Field {
	return Field{
		Name: FieldDescription, Label: p.T("api_tokens.description"), Value: p.Description,
		Help: p.T("api_tokens.description.help"), Wrong: p.Problems[FieldDescription],
	}
}

// Called is what people call a token: its description, or its first characters;
// for the template.
func (t APITokenRow) Called() string {
	if t.Description == "" {
		return t.Hint + "…"
	}
	return t.Description
}

// Path is where one token is changed; for the template.
func (t APITokenRow) Path() string { return idPath(PathAPITokens, t.ID) }

// Other is the state that the token is not in; for the template.
func (t APITokenRow) Other() string { return strconv.FormatBool(!t.Active) }

// ShowAPIToken shows an API token, once and never again.
type ShowAPIToken struct {
	Center
	Description string
	Token       string
	BaseURL     string // the account's root, for the curl line
}

func (p ShowAPIToken) frame() frame { return p.Center.frame("show_api_token", p.Title(), AtAPITokens) }

// Title is the page's title and first heading; for the template.
func (p ShowAPIToken) Title() string { return p.T("show_api_token.title") }

// Line is a command to try the token with, as whoever is signed in; for the template.
func (p ShowAPIToken) Line() string {
	return "curl -u " + quoted(p.User.Email+"/token:"+p.Token) + " " + p.BaseURL + "/api/v2/users/me.json"
}

// quoted is a text as a shell reads it.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// DeleteAPIToken asks before an API token goes.
type DeleteAPIToken struct {
	Center
	APITokenRow
}

func (p DeleteAPIToken) frame() frame {
	return p.Center.frame("delete_api_token", p.Title(), AtAPITokens)
}

// Title is the page's title and first heading; for the template.
func (p DeleteAPIToken) Title() string { return p.T("delete_api_token.title", p.Called()) }
