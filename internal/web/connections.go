package web

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The addresses of a list of connections in other forms, and the names of its fields.
const (
	PathConnectionsCSV    = PathConnections + ".csv"
	PathConnectionsJSON   = PathConnections + ".json"
	PathConnectionsLive   = PathConnections + ".live"
	PathConnectionsOrders = "/orders"

	FieldState  = "state"
	FieldOf     = "client" // its number
	FieldWords  = "q"
	FieldBefore = "before"
	FieldOrder  = "order"
	FieldID     = "id"
)

// ConnectionState is a connection's state, as the pages have a word and a sign for.
type ConnectionState string

// ConnectionStates are those that are shown, in the order in which they are counted.
var ConnectionStates = []ConnectionState{"active", "reauthorize", "in_doubt", "disabled", "revoked"}

// renewing is never stored, and so is not counted.
const renewing ConnectionState = "renewing"

// ConnectionReasons are those that there are words for: see the strings reason.*.
var ConnectionReasons = []string{
	"refresh_refused", "answer_lost", "scope_no_longer_allowed", "client_refused", "unreachable", "told_to_wait",
	"access_token_refused", "no_refresh_token", "switched_off", "not_revoked",
}

// StateText is the state in a word; for templates.
func (b Board) StateText(s ConnectionState) string {
	if text, ok := languages().lookup(b.Lang, "state."+string(s)); ok {
		return text
	}
	return string(s)
}

// ReasonText says what happened, empty where there is nothing to say; for templates.
func (b Board) ReasonText(reason string) string {
	for _, known := range ConnectionReasons {
		if reason == known {
			return b.T("reason." + reason)
		}
	}
	return ""
}

// ConnectionRow is a connection in a list.
type ConnectionRow struct {
	ID             int64
	User           Person
	UserID         int64
	State          ConnectionState
	Reason         string
	Account        string // e.g. "acme.zendesk.com"
	Product        string // Zendesk's own name
	Client         string // its identifier
	Scopes         []string
	AccessExpires  time.Time // zero: does not
	RefreshExpires time.Time // zero: does not, or not told
	Renewed        time.Time
	Failures       int // renewals that failed since
	Used           time.Time
}

// RenewalOver tells that no refresh token is left to renew it by: Zendesk refuses it, or it
// was lost; for templates.
func (r ConnectionRow) RenewalOver() bool {
	return r.State == "reauthorize" || r.State == "in_doubt" || r.State == "revoked"
}

// LastFailed tells that the state comes of a renewal that failed, and not of trying in
// vain to get there; for templates.
func (r ConnectionRow) LastFailed() bool {
	switch r.Reason {
	case "refresh_refused", "answer_lost", "scope_no_longer_allowed", "client_refused":
		return r.RenewalOver() && r.Failures == 0
	}
	return false
}

// URL is the connection's page; for templates.
func (r ConnectionRow) URL() string { return idPath(PathConnections, r.ID) }

// Name is what the row is called: the user's name, or their number.
func (r ConnectionRow) Name() string {
	if r.User.Name != "" {
		return r.User.Name
	}
	return strconv.FormatInt(r.UserID, 10)
}

// Confirmed tells whether what was typed to confirm something is the row's name, or its
// number, which is the shorter one.
func (r ConnectionRow) Confirmed(typed string) bool {
	typed = strings.TrimSpace(typed)
	return typed == strings.TrimSpace(r.Name()) || typed == strconv.FormatInt(r.ID, 10)
}

// Condition is a state with its word.
type Condition struct {
	State ConnectionState
	Text  string
}

// Is is the state of a row; for templates.
func (b Board) Is(r ConnectionRow) Condition { return Condition{r.State, b.StateText(r.State)} }

// ConnectionFilter is what was asked for, as it was typed.
type ConnectionFilter struct{ State, Account, Product, Client, Words string }

// Pairs are the filter as the pairs of a query.
func (f ConnectionFilter) Pairs() []string {
	return []string{FieldState, f.State, FieldAccount, f.Account, FieldProduct, f.Product, FieldOf, f.Client, FieldWords, f.Words}
}

// Unknown is what of the filter no connection can be, empty where there is no such thing.
func (f ConnectionFilter) Unknown() string {
	if f.State != "" && !slices.Contains(ConnectionStates, ConnectionState(f.State)) {
		return f.State
	}
	if f.Product != "" && f.Product != "support" && f.Product != "chat" {
		return f.Product
	}
	if f.Client != "" {
		if id, err := strconv.ParseInt(f.Client, 10, 64); err != nil || id <= 0 {
			return f.Client
		}
	}
	return ""
}

// Any tells whether the filter holds anything back; for templates.
func (f ConnectionFilter) Any() bool { return f != ConnectionFilter{} }

// Here is the list's address, its first part; for the template.
func (p Connections) Here() string { return Within(PathConnections, p.Filter.Pairs()...) }

// Connections is the dashboard: what is connected, and how it is.
type Connections struct {
	Board
	Filter  ConnectionFilter
	Clients []Choice // to filter by
	Counts  map[ConnectionState]int
	Rows    []ConnectionRow
	Older   string // the next page
	Stream  string // what the page follows; empty: it stands still
	Unknown string // what of the filter no connection can be
	Connect string // where a first connection is made
	Orders  []Order
	Wrong   bool // an order came without a choice
}

func (p Connections) frame() frame {
	f := p.Board.frame("connections", p.Title(), AtConnections)
	f.Follows, f.Roomy = p.Stream != "", true
	return f
}

// Title is the page's title and first heading; for the template.
func (p Connections) Title() string {
	if p.Operator {
		return p.T("connections.title")
	}
	return p.T("connections.title.own")
}

// Tally is how many connections are in a state.
type Tally struct {
	State   ConnectionState
	Text    string
	N       int
	URL     string // shows those alone
	Current bool
}

// Tallies are the counts; for the template. What there is none of is left out, unless
// it is looked at.
func (p Connections) Tallies() (all []Tally) {
	f, sum := p.Filter, 0
	add := func(s ConnectionState, text string, n int) {
		f.State = string(s)
		all = append(all, Tally{s, text, n, Within(PathConnections, f.Pairs()...), p.Filter.State == string(s)})
	}
	for _, s := range ConnectionStates {
		sum += p.Counts[s]
	}
	add("", p.T("connections.all"), sum)
	for _, s := range ConnectionStates {
		if p.Counts[s] > 0 || p.Filter.State == string(s) {
			add(s, p.StateText(s), p.Counts[s])
		}
	}
	return all
}

// CSV is the address of the file with the same connections, all of them; for the template.
func (p Connections) CSV() string { return Within(PathConnectionsCSV, p.Filter.Pairs()...) }

// JSON is the same for programs; for the template.
func (p Connections) JSON() string { return Within(PathConnectionsJSON, p.Filter.Pairs()...) }

// Products are those to filter by; for the template.
func (p Connections) Products() []Choice {
	return []Choice{
		{Text: p.T("connections.any"), Chosen: p.Filter.Product == ""},
		{Value: "support", Text: "Support", Chosen: p.Filter.Product == "support"},
		{Value: "chat", Text: "Chat", Chosen: p.Filter.Product == "chat"},
	}
}

// ScopeCount is the number of scopes in words; for the template.
func (p Connections) ScopeCount(r ConnectionRow) string {
	return Count(p.Lang, "connections.scopes", len(r.Scopes))
}

// FailureCount is the number of failed renewals in words; for the template.
func (p Connections) FailureCount(r ConnectionRow) string {
	return Count(p.Lang, "connections.failed", r.Failures)
}

// Order is what can be asked for a connection.
type Order string

// The orders.
const (
	OrderRenew   Order = "renew"
	OrderDisable Order = "disable"
	OrderEnable  Order = "enable"
	OrderRevoke  Order = "revoke"
)

// OrderText is an order as a button has it; for templates.
func (b Board) OrderText(o Order) string { return b.T("order." + string(o)) }

// LivePart is a part of a page that changes while it is looked at: the element of that
// id, and what is to stand in it, on one line.
type LivePart struct{ Name, HTML string }

// liveParts renders those parts of a page that have a template of their own.
func liveParts(page string, data any, names ...string) (all []LivePart, err error) {
	for _, name := range names {
		html, err := partHTML(page, name, data)
		if err != nil {
			return nil, err
		}
		all = append(all, LivePart{name, html})
	}
	return all, nil
}

// LiveHTML are the parts of the page that change: the counts and the rows.
func (p Connections) LiveHTML() ([]LivePart, error) {
	return liveParts("connections", p, "counts", "rows")
}
