package web

// ConnectLink says who asks by a link for what, and begins the sign-in only by its button:
// mail scanners open links.
type ConnectLink struct {
	Page
	Maker       string // who made it; empty: this site's own people
	Again       bool   // it is for a connection that is there
	Account     string // e.g. "acme.zendesk.com"; empty asks for it
	User        string // whose connection it is; empty: anybody's
	Asked       []string
	Subdomain   string // what was typed
	BaseSuffix  string // shown behind the box
	Problem     Problem
	FormOrigins []string // see [ConnectHome]
}

func (p ConnectLink) frame() frame {
	title := p.T("link.title")
	if p.Again {
		title = p.T("link.title.again")
	}
	return frame{Template: "link", Brand: Broker, Title: title, FormActions: p.FormOrigins}
}

// Title is the page's title and first heading; for the template.
func (p ConnectLink) Title() string { return p.frame().Title }

// Lead says who asks; for the template.
func (p ConnectLink) Lead() string {
	maker := p.Maker
	if maker == "" {
		maker = p.T("link.maker")
	}
	if p.Again {
		return p.T("link.lead.again", maker)
	}
	return p.T("link.lead", maker)
}

// Words are the scopes as sentences; for the template.
func (p ConnectLink) Words() []Permission { return Words(p.Lang, p.Asked) }

// ProblemText is the problem in words; for the template.
func (p ConnectLink) ProblemText() string {
	return ConnectHome{Page: p.Page, Problem: p.Problem}.ProblemText()
}
