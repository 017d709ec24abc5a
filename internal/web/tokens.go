package web

// Names of form fields on the pages of tokens.
const (
	FieldToken   = "token" // the number of a ticked token
	FieldOnly    = "only"  // the number of the one whose own button was pressed
	FieldClient  = "client_id"
	FieldProduct = "product"
)

// TokenState tells what a token is still good for.
type TokenState string

// The states of tokens that lists show.
const (
	TokenActive    TokenState = "active"
	TokenRenewable TokenState = "renewable" // expired, but it can be refreshed
	TokenExpired   TokenState = "expired"
)

var tokenStates = []TokenState{TokenActive, TokenRenewable, TokenExpired}

// TokenRow is a token in the list.
type TokenRow struct {
	ID                     int64
	Hint                   string
	Client, User           string
	Scope                  string
	State                  TokenState
	Created, Used, Expires Moment
}

// Tokens is the list of an account's tokens, or of one client's.
type Tokens struct {
	Center
	Client   string // whose they are; empty: anybody's
	ClientID int64
	Tokens   []TokenRow
	Pager    Pager
}

func (p Tokens) frame() frame { return p.Center.frame("tokens", p.Title(), AtTokens) }

// Title is the page's title and first heading; for the template.
func (p Tokens) Title() string {
	if p.Client != "" {
		return p.T("tokens.of.title", p.Client)
	}
	return p.T("tokens.title")
}

// StateText is a state in words; for the template.
func (p Tokens) StateText(s TokenState) string { return p.T("tokens.state." + string(s)) }

// Label is what the box beside a token is called; for the template.
func (p Tokens) Label(t TokenRow) string { return p.T("tokens.choose", t.Hint) }

// AuthorizedApp is a client that holds access in a user's name.
type AuthorizedApp struct {
	ID          int64
	Product     string
	Client      Client
	Chat        bool
	Scopes      []string
	Since, Used Moment
}

// Apps is the list of what a user gave access to.
type Apps struct {
	Center
	Apps []AuthorizedApp
}

func (p Apps) frame() frame { return p.Center.frame("apps", p.Title(), AtApps) }

// Title is the page's title and first heading; for the template.
func (p Apps) Title() string { return p.T("apps.title") }

// Words are an app's scopes as sentences; for the template.
func (p Apps) Words(a AuthorizedApp) []Permission {
	if a.Chat {
		return ChatWords(p.Lang, a.Scopes)
	}
	return Words(p.Lang, a.Scopes)
}

// GetToken is where a user gets a token without an app, and where it is shown.
type GetToken struct {
	Center
	Clients  []Choice
	Scopes   []string // that were ticked
	Problems Problems
	Token    string // shown this once; empty: not made yet
	BaseURL  string // the account's root, for the curl line
}

func (p GetToken) frame() frame { return p.Center.frame("get_token", p.Title(), AtGetToken) }

// Title is the page's title and first heading; for the template.
func (p GetToken) Title() string {
	if p.Token != "" {
		return p.T("get_token.done.title")
	}
	return p.T("get_token.title")
}

// Choices are the scopes to tick; for the template.
func (p GetToken) Choices() []ScopeChoice { return scopeChoices(p.Lang, false, p.Scopes) }

// ScopesWrong is what is wrong with the scopes; for the template.
func (p GetToken) ScopesWrong() []string { return p.Problems[FieldScopes] }

// ClientWrong is what is wrong with the client; for the template.
func (p GetToken) ClientWrong() []string { return p.Problems[FieldClient] }
