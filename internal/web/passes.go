package web

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The addresses of the passes, and the names of their fields.
const (
	PathPassNew = "/new-pass" // beside them: what stands below is the number of one

	FieldConnection = "connection"
	FieldCan        = "can"
	FieldPublic     = "public"
	FieldTypes      = "types"
	FieldFileMost   = "file_most"
	FieldAllMost    = "all_most"
	FieldUses       = "uses"
	FieldLife       = "life"
)

// PassState is how a pass stands, as the pages have a word and a sign for.
type PassState string

// PassStates are those, in the order in which the form offers them.
var PassStates = []PassState{"good", "used_up", "expired", "revoked"}

// PassRow is a pass in a list.
type PassRow struct {
	ID         int64
	Name       string
	State      PassState
	Ticket     int64
	TicketURL  string // where agents see it
	Account    string // e.g. "acme.zendesk.com"
	Connection ConnectionRow
	Upload     bool
	Comment    bool
	Public     bool
	Types      []string
	FileMost   int64 // bytes
	BytesMost  int64
	Bytes      int64
	UsesMost   int
	Uses       int
	Maker      Who
	Created    time.Time
	Expires    time.Time
	Revoked    time.Time // zero: not
	Used       time.Time // zero: never
}

// URL is the pass's page; for templates.
func (r PassRow) URL() string { return idPath(PathPasses, r.ID) }

// PassName is what a pass is called; for templates.
func (b Board) PassName(r PassRow) string {
	if r.Name == "" {
		return b.T("passes.unnamed")
	}
	return r.Name
}

// PassIs is the state of a pass; for templates.
func (b Board) PassIs(r PassRow) Condition {
	return Condition{ConnectionState(r.State), b.T("passes.state." + string(r.State))}
}

// Allows says what the pass lets its holder do; for templates.
func (b Board) Allows(r PassRow) string {
	switch {
	case r.Upload && r.Comment:
		return b.T("passes.can.both")
	case r.Upload:
		return b.T("passes.can.upload")
	}
	return b.T("passes.can.comment")
}

// UsesText is how often it was used, and may be; for templates.
func (b Board) UsesText(r PassRow) string { return b.T("passes.of", r.Uses, r.UsesMost) }

// BytesText is how much was sent by it, and may be; for templates.
func (b Board) BytesText(r PassRow) string {
	return b.T("passes.of", Bytes(r.Bytes), Bytes(r.BytesMost))
}

// PassFilter is what was asked for, as it was typed.
type PassFilter struct{ State, Connection, Words string }

// Pairs are the filter as the pairs of a query.
func (f PassFilter) Pairs() []string {
	return []string{FieldState, f.State, FieldConnection, f.Connection, FieldWords, f.Words}
}

// Unknown is what of the filter no pass can be, empty where there is no such thing.
func (f PassFilter) Unknown() string {
	if f.State != "" && !slices.Contains(PassStates, PassState(f.State)) {
		return f.State
	}
	return ""
}

// Any tells whether the filter holds anything back; for the template.
func (f PassFilter) Any() bool { return f != PassFilter{} }

// Passes is the list of what was handed out.
type Passes struct {
	Board
	Filter  PassFilter
	Unknown string // what of the filter no pass can be
	Rows    []PassRow
	Pager   Pager
}

func (p Passes) frame() frame {
	f := p.Board.frame("passes", p.Title(), AtPasses)
	f.Roomy = true
	return f
}

// Title is the page's title and first heading; for the template.
func (p Passes) Title() string { return p.T("board.passes") }

// States are those to filter by; for the template.
func (p Passes) States() []Choice {
	all := []Choice{{Text: p.T("connections.any"), Chosen: p.Filter.State == ""}}
	for _, s := range PassStates {
		all = append(all, Choice{Value: string(s), Text: p.T("passes.state." + string(s)), Chosen: string(s) == p.Filter.State})
	}
	return all
}

// New is where a pass is made; for the template.
func (p Passes) New() string { return PathPassNew }

// PassPage is the page of one pass.
type PassPage struct {
	Board
	Row    PassRow
	Sent   []SentRow
	Ending bool // it is asked whether it is to be revoked
	Done   bool // it was, just now
}

// SentRow is what was sent by a pass at one time.
type SentRow struct {
	At      time.Time
	State   string // sent, finishing, in_doubt, lapsed, open
	Address string
	Files   []PassFile
}

func (p PassPage) frame() frame { return p.Board.frame("pass_page", p.Title(), AtPasses) }

// Title is the page's title and first heading; for the template.
func (p PassPage) Title() string {
	if p.Row.Name == "" {
		return p.T("pass_page.title.unnamed", p.Row.ID)
	}
	return p.T("pass_page.title", p.Row.Name)
}

// TypesText names the types; for the template.
func (p PassPage) TypesText() string { return Pass{Page: p.Page, Types: p.Row.Types}.TypesText() }

// SeenText says who sees what is sent; for the template.
func (p PassPage) SeenText() string {
	if p.Row.Public {
		return p.T("pass_page.public")
	}
	return p.T("pass_page.internal")
}

// FileText is how large a file may be; for the template.
func (p PassPage) FileText() string { return Bytes(p.Row.FileMost) }

// Over tells that there is nothing to revoke; for the template.
func (p PassPage) Over() bool { return !p.Row.Revoked.IsZero() }

// SentText is a sending's state in words; for the template.
func (p PassPage) SentText(s SentRow) string { return p.T("pass_page.sent." + s.State) }

// Doubtful tells that a sending may not have arrived; for the template.
func (p PassPage) Doubtful(s SentRow) bool { return s.State == "in_doubt" || s.State == "lapsed" }

// List are a sending's files; for the template.
func (p PassPage) List(s SentRow) []ListedFile { return Pass{}.List(PassSending{Files: s.Files}) }

// Trail is what the audit trail has of the pass; for the template.
func (p PassPage) Trail() string {
	return Within(PathEvents, FieldPass, strconv.FormatInt(p.Row.ID, 10))
}

// PassChoice is where a pass begins: which connection it is to act as.
type PassChoice struct {
	Board
	Words   string
	Rows    []CarrierRow
	More    bool // there are others that match
	Connect string
}

// CarrierRow is a connection that a pass may act as, or why it may not.
type CarrierRow struct {
	ConnectionRow
	Cannot string // "state", "scope", "product"; empty: it may
}

func (p PassChoice) frame() frame { return p.Board.frame("pass_choice", p.Title(), AtPasses) }

// Title is the page's title and first heading; for the template.
func (p PassChoice) Title() string { return p.T("pass_new.title") }

// For is where the pass of a connection is made; for the template.
func (p PassChoice) For(r CarrierRow) string {
	return Within(PathPassNew, FieldConnection, strconv.FormatInt(r.ID, 10))
}

// CannotText is why a connection may not; for the template.
func (p PassChoice) CannotText(r CarrierRow) string { return p.T("pass_new.cannot." + r.Cannot) }

// PassLives are how long a pass may live, in hours, as the form offers it.
var PassLives = []int{1, 24, 72, 168, 720, 2160}

// PassTyped is a pass as it was typed.
type PassTyped struct {
	Name, Ticket, Types, FileMost, AllMost, Uses string // sizes in MB
	Life                                         int    // hours
	Upload, Comment, Public                      bool
}

// PassNew is the form by which a pass is made.
type PassNew struct {
	Board
	Row     ConnectionRow
	Typed   PassTyped
	Problem string          // why Zendesk could not be asked: a key of pass_new.not; empty: nothing is wrong with it
	Wrong   map[string]bool // fields that something is wrong with: see [PassFields]
}

func (p PassNew) frame() frame { return p.Board.frame("pass_new", p.Title(), AtPasses) }

// Title is the page's title and first heading; for the template.
func (p PassNew) Title() string { return p.T("pass_new.title") }

// ProblemText is what went wrong; for the template.
func (p PassNew) ProblemText() string {
	switch {
	case p.Problem != "":
		return p.T("pass_new.not." + p.Problem)
	case len(p.Wrong) > 0:
		return p.T("pass_new.not.right")
	}
	return ""
}

// passNewNots are the keys of pass_new.not.
var passNewNots = []string{"connection", "zendesk"}

// PassFields are the fields that something can be wrong with: see the strings
// pass_new.wrong.*.
var PassFields = []string{FieldName, FieldTicket, FieldCan, FieldTypes, FieldFileMost, FieldAllMost, FieldUses, FieldLife}

// wrong is what is wrong with a field, in words.
func (p PassNew) wrong(field string) []string {
	if !p.Wrong[field] {
		return nil
	}
	return []string{p.T("pass_new.wrong." + field)}
}

// First are the fields that are empty at first; for the template.
func (p PassNew) First() []Field {
	return []Field{
		{Name: FieldTicket, Label: p.T("pass_new.ticket"), Value: p.Typed.Ticket, Help: p.T("pass_new.ticket.help"), Wrong: p.wrong(FieldTicket), Needed: true},
		{Name: FieldName, Label: p.T("pass_new.name"), Value: p.Typed.Name, Help: p.T("pass_new.name.help"), Wrong: p.wrong(FieldName)},
	}
}

// Bounds are the fields that have something in them from the start; for the template.
func (p PassNew) Bounds() []Field {
	field := func(name, value string) Field {
		return Field{Name: name, Label: p.T("pass_new." + name), Value: value, Help: p.T("pass_new." + name + ".help"), Wrong: p.wrong(name)}
	}
	return []Field{
		field(FieldUses, p.Typed.Uses), field(FieldFileMost, p.Typed.FileMost), field(FieldAllMost, p.Typed.AllMost), field(FieldTypes, p.Typed.Types),
	}
}

// CanWrong is what is wrong with what it allows; for the template.
func (p PassNew) CanWrong() []string { return p.wrong(FieldCan) }

// LifeWrong is what is wrong with how long it lives; for the template.
func (p PassNew) LifeWrong() []string { return p.wrong(FieldLife) }

// Lives are how long it may live; for the template.
func (p PassNew) Lives() (all []Choice) {
	for _, hours := range PassLives {
		text := Count(p.Lang, "span.days", hours/24)
		if hours < 24 {
			text = Count(p.Lang, "span.hours", hours)
		}
		all = append(all, Choice{Value: strconv.Itoa(hours), Text: text, Chosen: hours == p.Typed.Life})
	}
	return all
}

// PassMade shows what the holder of a pass is given, this once.
type PassMade struct {
	Board
	Row  PassRow
	Link string
	Curl string // empty: it takes no files
}

func (p PassMade) frame() frame { return p.Board.frame("pass_made", p.Title(), AtPasses) }

// Title is the page's title and first heading; for the template.
func (p PassMade) Title() string { return p.T("pass_made.title") }

// SplitTypes reads what was typed as types of file.
func SplitTypes(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
}
