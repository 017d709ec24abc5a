package web

import (
	"strconv"
	"time"
)

// Names of form fields on the pages of the broker's clients.
const (
	FieldSecret  = "secret"
	FieldNumber  = "number" // of a secret
	FieldPlace   = "place"  // where a new secret is tried: FirstPlace or LastPlace
	FieldDropOld = "drop_old"
	FieldRefused = "refused" // of an address: only those that are
	FieldAfter   = "after"

	FirstPlace = "first"
	LastPlace  = "last"
)

// What a form on the page of a client orders.
const (
	OrderRoll         Order = "roll"
	OrderFirst        Order = "first"
	OrderRemoveSecret Order = "remove_secret"
	OrderCloseCircuit Order = "close_circuit"
)

// BoardClientRow is a client of the broker: as which it asks Zendesk for tokens.
type BoardClientRow struct {
	ID          int64
	Account     string // e.g. "acme.zendesk.com"; empty: every account that has no client of its own
	Product     string // Zendesk's own name
	Identifier  string
	Since       time.Time
	Secrets     []SecretRow // in the order in which they are tried; none: a public client
	Circuits    []CircuitRow
	Connections int
}

// SecretRow is a secret of a client, but for what it is.
type SecretRow struct {
	Number        int64
	Added, Worked time.Time
}

// CircuitRow is an account that refuses a client.
type CircuitRow struct {
	Account      string
	Since, Retry time.Time
	Failures     int
	Reason       string
}

// URL is the client's page; for templates.
func (r BoardClientRow) URL() string { return idPath(PathBoardClients, r.ID) }

// RemovePath is where it is removed; for templates.
func (r BoardClientRow) RemovePath() string { return r.URL() + "/remove" }

// ConnectionsURL is the list of the connections that are of it; for templates.
func (r BoardClientRow) ConnectionsURL() string {
	return Within(PathConnections, FieldOf, strconv.FormatInt(r.ID, 10))
}

// KindText is the client's kind in words; for templates.
func (b Board) KindText(r BoardClientRow) string {
	if len(r.Secrets) == 0 {
		return b.T("kind.public")
	}
	return b.T("kind.confidential")
}

// Standing is how Zendesk takes the client, as far as is known; for templates.
func (b Board) Standing(r BoardClientRow) Condition {
	if len(r.Circuits) > 0 {
		return Condition{"reauthorize", b.T("operator.client.refused")}
	}
	for _, s := range r.Secrets {
		if !s.Worked.IsZero() {
			return Condition{"active", b.T("operator.client.accepted")}
		}
	}
	if r.Connections > 0 {
		return Condition{"", b.T("operator.client.unknown")}
	}
	return Condition{"", b.T("operator.client.untried")}
}

// First is the account that refuses the client of which a list tells; for templates.
func (r BoardClientRow) First() CircuitRow { return r.Circuits[0] }

// MoreRefusals is how many others do, in words; for templates.
func (b Board) MoreRefusals(r BoardClientRow) string { return b.moreRefusals(r, 1) }

func (b Board) moreRefusals(r BoardClientRow, told int) string {
	if len(r.Circuits) <= told {
		return ""
	}
	return Count(b.Lang, "operator.client.refusals", len(r.Circuits)-told)
}

// Soon tells whether the next try is not held back any more; for templates.
func (b Board) Soon(c CircuitRow) bool { return !b.Now.Before(c.Retry) }

// ConnectionCount is how many connections are of the client, in words; for templates.
func (b Board) ConnectionCount(r BoardClientRow) string {
	return Count(b.Lang, "operator.client.uses", r.Connections)
}

// BoardClients is the list of the broker's clients.
type BoardClients struct {
	Board
	Search  string
	Refused bool // only those that are
	Rows    []BoardClientRow
	Next    string // the next page
	Header  string // the first line of a file of clients
}

func (p BoardClients) frame() frame {
	f := p.Board.frame("board_clients", p.Title(), AtBoardClients)
	f.Roomy = true
	return f
}

// Title is the page's title and first heading; for the template.
func (p BoardClients) Title() string { return p.T("operator.clients.title") }

// Narrowed tells whether something is held back; for the template.
func (p BoardClients) Narrowed() bool { return p.Search != "" || p.Refused }

// Kinds are all, and those that are refused; for the template.
func (p BoardClients) Kinds() []Entry {
	return []Entry{
		{p.T("connections.all"), Within(PathBoardClients, FieldSearch, p.Search), !p.Refused},
		{p.T("operator.client.refused"), Within(PathBoardClients, FieldSearch, p.Search, FieldRefused, "yes"), p.Refused},
	}
}

// BoardClient is the page of one client.
type BoardClient struct {
	Board
	Row   BoardClientRow
	Wrong string // the field that is wrong; empty: none
	Not   string // why something was not done: "only_secret"; empty: it was
}

func (p BoardClient) frame() frame { return p.Board.frame("board_client", p.Title(), AtBoardClients) }

// refusalsMost bounds how many accounts the page names: a global client may be refused
// by all of them.
const refusalsMost = 20

// Refusals are the accounts that the page names; for the template.
func (p BoardClient) Refusals() []CircuitRow {
	return p.Row.Circuits[:min(len(p.Row.Circuits), refusalsMost)]
}

// Unnamed is how many others there are, in words; for the template.
func (p BoardClient) Unnamed() string { return p.moreRefusals(p.Row, refusalsMost) }

// Title is the page's title and first heading; for the template.
func (p BoardClient) Title() string { return p.Row.Identifier }

// SecretField is the field of a new secret, which is never filled in; for the template.
func (p BoardClient) SecretField() Field {
	return Field{
		Name: FieldSecret, Label: p.T("operator.client.secret.new"), Help: p.T("operator.client.secret.help"), Type: "password",
		Auto: "new-password", Needed: true, Wrong: p.flaw("client", FieldSecret, p.Wrong),
	}
}

// Places are where it can be tried; for the template.
func (p BoardClient) Places() Choices {
	return Choices{Name: FieldPlace, Label: p.T("operator.client.place"), Values: []Choice{
		{FirstPlace, p.T("operator.client.place.first"), p.T("operator.client.place.first.help"), true},
		{LastPlace, p.T("operator.client.place.last"), p.T("operator.client.place.last.help"), false},
	}}
}

// NotText is why something was not done; for the template.
func (p BoardClient) NotText() string {
	if p.Not == "" {
		return ""
	}
	return p.T("operator.client.only_secret")
}

// BoardClientForm is what somebody typed of a client, but for its secret.
type BoardClientForm struct{ Account, Product, Identifier string }

// NewBoardClient is the page on which a client is added.
type NewBoardClient struct {
	Board
	Form   BoardClientForm
	There  int64  // the client that there is already; 0: none
	Wrong  string // the field that is wrong; empty: none
	Suffix string // of an account's address, e.g. ".zendesk.com"
}

func (p NewBoardClient) frame() frame {
	return p.Board.frame("new_board_client", p.Title(), AtBoardClients)
}

// Title is the page's title and first heading; for the template.
func (p NewBoardClient) Title() string { return p.T("operator.clients.add") }

// ThereURL is the page of the client that there is already; for the template.
func (p NewBoardClient) ThereURL() string { return idPath(PathBoardClients, p.There) }

// Fields are those of the form, but for the product; for the template.
func (p NewBoardClient) Fields() []Field {
	return []Field{
		{Name: FieldIdentifier, Label: p.T("client.identifier"), Value: p.Form.Identifier, Help: p.T("operator.client.identifier.help"), Wrong: p.flaw("client", FieldIdentifier, p.Wrong), Needed: true},
		{Name: FieldAccount, Label: p.T("connections.account"), Value: p.Form.Account, Help: p.T("operator.client.account.help", p.Suffix), Wrong: p.flaw("client", FieldAccount, p.Wrong)},
		{Name: FieldSecret, Label: p.T("edit_client.secret"), Help: p.T("operator.client.secret.public"), Type: "password", Auto: "new-password", Wrong: p.flaw("client", FieldSecret, p.Wrong)},
	}
}

// Products are those that a client can be of; for the template.
func (p NewBoardClient) Products() Choices {
	isChat := p.Form.Product == "chat"
	return Choices{Name: FieldProduct, Label: p.T("connections.product"), Wrong: p.flaw("client", FieldProduct, p.Wrong), Values: []Choice{
		{Value: "support", Text: "Support", Chosen: !isChat}, {Value: "chat", Text: "Chat", Chosen: isChat},
	}}
}

// RemoveBoardClient asks for a client's identifier before it goes.
type RemoveBoardClient struct {
	Board
	Row      BoardClientRow
	Typed    string
	Mistyped bool
}

func (p RemoveBoardClient) frame() frame {
	return p.Board.frame("remove_board_client", p.Title(), AtBoardClients)
}

// Title is the page's title and first heading; for the template.
func (p RemoveBoardClient) Title() string {
	return p.T("operator.client.remove.title", p.Row.Identifier)
}

// LossText is how many connections go with it; for the template.
func (p RemoveBoardClient) LossText() string {
	return Count(p.Lang, "operator.client.loss", p.Row.Connections)
}

// Field is the one to type the identifier into; for the template.
func (p RemoveBoardClient) Field() Field {
	f := Field{Name: FieldTyped, Label: p.T("connection.type", p.Row.Identifier), Value: p.Typed}
	if p.Mistyped {
		f.Wrong = []string{p.T("operator.client.mistyped")}
	}
	return f
}
