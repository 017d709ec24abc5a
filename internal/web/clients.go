package web

import (
	"html/template"
	"strconv"
)

// Names of form fields on the pages of clients; those of the client itself are
// named as in the API.
const (
	FieldName        = "name"
	FieldDescription = "description"
	FieldCompany     = "company"
	FieldIdentifier  = "identifier"
	FieldKind        = "kind"
	FieldRedirects   = "redirect_uri"
	FieldScopes      = "allowed_scopes"
	FieldLogo        = "logo"
	FieldRemoveLogo  = "remove_logo"
	FieldOldLife     = "old_secret_expires_in"
	FieldTyped       = "typed"
	FieldSearch      = "q"
)

// ClientRow is a client in the list.
type ClientRow struct {
	ID                        int64
	Name, Company, Identifier string
	Kind                      string // "public" or "confidential"
	Tokens                    int    // that are live
	More                      bool   // whether there may be more of those
	Used                      Moment
	LogoURL                   string
}

// Picture is the client as its logo shows it; for the template.
func (c ClientRow) Picture() Client { return Client{Name: c.Name, LogoURL: c.LogoURL} }

// Clients is the list of an account's OAuth clients (facts §4.7).
type Clients struct {
	Center
	Chat    bool
	Search  string
	Clients []ClientRow
	Pager   Pager
}

func clientsAt(isChat bool) (string, Section) {
	if isChat {
		return PathChatClients, AtChatClients
	}
	return PathClients, AtClients
}

func (p Clients) frame() frame {
	_, at := clientsAt(p.Chat)
	return p.Center.frame("clients", p.Title(), at)
}

// Title is the page's title and first heading; for the template.
func (p Clients) Title() string {
	if p.Chat {
		return p.T("clients.chat.title")
	}
	return p.T("clients.title")
}

// Path is the page's own address; for the template.
func (p Clients) Path() string {
	path, _ := clientsAt(p.Chat)
	return path
}

// URL is the page of a client; for the template.
func (p Clients) URL(c ClientRow) string { return idPath(p.Path(), c.ID) }

// KindText is a kind in words; for the template.
func (c Center) KindText(kind string) string {
	if kind == "public" {
		return c.T("kind.public")
	}
	return c.T("kind.confidential")
}

// ClientForm is what somebody typed of a client.
type ClientForm struct {
	Name, Description, Company, Identifier, Kind string
	Redirects                                    string // one a line
	Scopes                                       []string
}

// EditClient is the page on which a client is made or changed.
type EditClient struct {
	Center
	Chat     bool
	ID       int64  // 0: it is to be made
	Saved    string // its name as it is kept, for the title
	LogoURL  string // as it is kept; empty: none
	Form     ClientForm
	Problems Problems
	Hint     string // of its secret
	Tokens   int    // that are live
	More     bool   // whether there may be more of those
}

func (p EditClient) frame() frame {
	_, at := clientsAt(p.Chat)
	return p.Center.frame("edit_client", p.Title(), at)
}

// Title is the page's title and first heading; for the template.
func (p EditClient) Title() string {
	if p.ID == 0 {
		return p.T("edit_client.new.title")
	}
	return p.Saved
}

// List is the address of the list, to which the form of a new client is posted.
func (p EditClient) List() string {
	path, _ := clientsAt(p.Chat)
	return path
}

// Path is where the form is posted to; for the template.
func (p EditClient) Path() string {
	if p.ID == 0 {
		return p.List()
	}
	return idPath(p.List(), p.ID)
}

// TokensURL is the list of the client's tokens; for the template.
func (p EditClient) TokensURL() string {
	return Within(PathTokens, "client_id", strconv.FormatInt(p.ID, 10))
}

// TokensText tells how many tokens are live; for the template.
func (p EditClient) TokensText() string {
	if p.More {
		return p.T("client.tokens.least", p.Tokens)
	}
	return Count(p.Lang, "client.tokens", p.Tokens)
}

// Fields are the plain fields of the form; for the template.
func (p EditClient) Fields() []Field {
	from, help := "", p.T("client.identifier.help")
	if p.ID == 0 {
		from, help = FieldName, p.T("client.identifier.help.new")
	}
	return []Field{
		{Name: FieldName, Label: p.T("client.name"), Value: p.Form.Name, Wrong: p.Problems[FieldName], Needed: true},
		{Name: FieldIdentifier, Label: p.T("client.identifier"), Value: p.Form.Identifier, Wrong: p.Problems[FieldIdentifier], Help: help, From: from},
		{Name: FieldCompany, Label: p.T("client.company"), Value: p.Form.Company, Wrong: p.Problems[FieldCompany]},
		{Name: FieldDescription, Label: p.T("client.description"), Value: p.Form.Description, Wrong: p.Problems[FieldDescription], Help: p.T("client.description.help"), Rows: 3},
		{Name: FieldRedirects, Label: p.T("client.redirects"), Value: p.Form.Redirects, Wrong: p.Problems[FieldRedirects], Help: p.T("client.redirects.help"), Rows: 4},
	}
}

// Secretless tells of a public client without a secret, as a seed plants it: a new
// one would be of no use (facts §4.4); for the template.
func (p EditClient) Secretless() bool { return p.Form.Kind == "public" && p.Hint == "" }

// Kinds are the kinds to choose from. Chat's page knows none: what it saves is
// public (facts §8).
func (p EditClient) Kinds() []Choice {
	if p.Chat {
		return nil
	}
	isPublic := p.Form.Kind == "public"
	return []Choice{
		{"confidential", p.T("kind.confidential"), p.T("kind.confidential.help"), !isPublic},
		{"public", p.T("kind.public"), p.T("kind.public.help"), isPublic},
	}
}

// Picture is the client as its logo shows it; for the template.
func (p EditClient) Picture() Client { return Client{Name: p.Saved, LogoURL: p.LogoURL} }

// LogoWrong is what is wrong with the file of the logo; for the template.
func (p EditClient) LogoWrong() []string { return p.Problems[FieldLogo] }

// KindWrong is what is wrong with the kind; for the template.
func (p EditClient) KindWrong() []string { return p.Problems[FieldKind] }

// Scopes are the scopes to tick; for the template.
func (p EditClient) Scopes() []ScopeChoice { return scopeChoices(p.Lang, p.Chat, p.Form.Scopes) }

// ScopesWrong is what is wrong with the scopes; for the template.
func (p EditClient) ScopesWrong() []string { return p.Problems[FieldScopes] }

// Lives are how long the old secret may live beside a new one; for the template.
func (p EditClient) Lives() []Choice {
	return []Choice{
		{"0", p.T("secret.old.now"), "", true},
		{"3600", p.T("secret.old.hour"), "", false},
		{"86400", p.T("secret.old.day"), "", false},
	}
}

// ShowSecret shows what is shown once and never again: the secret of a client.
type ShowSecret struct {
	Center
	Chat             bool
	ID               int64
	Name, Identifier string
	Secret           string
	BaseURL          string // the account's root, for the .env file
	New              bool   // whether the client is new as well
}

func (p ShowSecret) frame() frame {
	_, at := clientsAt(p.Chat)
	return p.Center.frame("show_secret", p.Title(), at)
}

// Title is the page's title and first heading; for the template.
func (p ShowSecret) Title() string {
	if p.New {
		return p.T("show_secret.new.title", p.Name)
	}
	return p.T("show_secret.title", p.Name)
}

// Back is the page of the client; for the template.
func (p ShowSecret) Back() string {
	path, _ := clientsAt(p.Chat)
	return idPath(path, p.ID)
}

// Env is the file that programs read the secret from, as an address that holds
// it: so the server keeps nothing to be downloaded later.
func (p ShowSecret) Env() template.URL {
	return envURL([]Fact{{"ZENDESK_URL", p.BaseURL}, {"ZENDESK_CLIENT_ID", p.Identifier}, {"ZENDESK_CLIENT_SECRET", p.Secret}})
}

// DeleteClient asks for a client's identifier before it goes.
type DeleteClient struct {
	Center
	Chat             bool
	ID               int64
	Name, Identifier string
	Tokens           int
	More             bool // whether there may be more
	Typed            string
	Mistyped         bool
}

func (p DeleteClient) frame() frame {
	_, at := clientsAt(p.Chat)
	return p.Center.frame("delete_client", p.Title(), at)
}

// Title is the page's title and first heading; for the template.
func (p DeleteClient) Title() string { return p.T("delete_client.title", p.Name) }

// Back is the page of the client; for the template.
func (p DeleteClient) Back() string {
	path, _ := clientsAt(p.Chat)
	return idPath(path, p.ID)
}

// TokensText tells how many tokens will die; for the template.
func (p DeleteClient) TokensText() string {
	if p.More {
		return p.T("delete_client.tokens.least", p.Tokens)
	}
	return Count(p.Lang, "delete_client.tokens", p.Tokens)
}

// Field is the one to type the identifier into; for the template.
func (p DeleteClient) Field() Field {
	f := Field{Name: FieldTyped, Label: p.T("delete_client.type", p.Identifier), Value: p.Typed}
	if p.Mistyped {
		f.Wrong = []string{p.T("delete_client.mistyped")}
	}
	return f
}
