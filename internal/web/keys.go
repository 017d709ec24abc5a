package web

import (
	"slices"
	"time"
)

// Names of the form fields of a key, beside FieldName and FieldCan.
const (
	FieldReach   = "connections" // their numbers
	FieldKeyLife = "expires_in"  // in days

	FieldOver = "over" // of an address: those that are not accepted any more
)

// KeyPowers are what a key can be for, in the order of the page.
var KeyPowers = []string{"lend", "connect", "pass", "admin"}

// keyLives are how many days a key can be good; 0: for ever.
var keyLives = []string{"30", "90", "365", "0"}

// KeyRow is a key of the broker's API in a list.
type KeyRow struct {
	ID          int64
	Name        string
	Can         []string
	Connections []int64 // none: all of them
	Created     time.Time
	Maker       Who   // nobody, where the trail does not tell any more
	From        int64 // the connection whose person got it by a code; 0: none
	Expires     time.Time
	Used        time.Time
	Ended       time.Time
}

// EndPath is where it is revoked; for templates.
func (r KeyRow) EndPath() string { return idPath(PathKeys, r.ID) + "/revoke" }

// FromPath is the page of the connection that it is from; for templates.
func (r KeyRow) FromPath() string { return idPath(PathConnections, r.From) }

// Reached are the connections, with their pages; for templates.
func (r KeyRow) Reached() (all []ConnectionRow) {
	for _, id := range r.Connections {
		all = append(all, ConnectionRow{ID: id})
	}
	return all
}

// Keys is the list of the broker's keys.
type Keys struct {
	Board
	Over  bool // whether it is of those that are not accepted any more
	Rows  []KeyRow
	Older string // the next page
}

func (p Keys) frame() frame {
	f := p.Board.frame("keys", p.Title(), AtKeys)
	f.Roomy = true
	return f
}

// Title is the page's title and first heading; for the template.
func (p Keys) Title() string { return p.T("operator.keys.title") }

// Kinds are the two lists; for the template.
func (p Keys) Kinds() []Entry {
	return []Entry{
		{p.T("operator.keys.good"), PathKeys, !p.Over},
		{p.T("operator.keys.over"), Within(PathKeys, FieldOver, "yes"), p.Over},
	}
}

// CanText is a power in a word, or the power itself where there is none; for templates.
func (b Board) CanText(power string) string {
	if slices.Contains(KeyPowers, power) {
		return b.T("operator.key.can." + power)
	}
	return power
}

// KeyForm is what somebody typed of a key.
type KeyForm struct {
	Name  string
	Can   []string
	Reach string
	Life  string // in days; 0: for ever
}

// NewKey is the page on which a key is made.
type NewKey struct {
	Board
	Form  KeyForm
	Wrong string // the field that is wrong; empty: none
}

func (p NewKey) frame() frame { return p.Board.frame("new_key", p.Title(), AtKeys) }

// Title is the page's title and first heading; for the template.
func (p NewKey) Title() string { return p.T("operator.key.new") }

// NameField is the field of the name; for the template.
func (p NewKey) NameField() Field {
	return Field{
		Name: FieldName, Label: p.T("operator.key.name"), Value: p.Form.Name, Help: p.T("operator.key.name.help"),
		Wrong: p.flaw("key", FieldName, p.Wrong), Needed: true,
	}
}

// ReachField is the field of the connections; for the template.
func (p NewKey) ReachField() Field {
	return Field{
		Name: FieldReach, Label: p.T("operator.key.reach"), Value: p.Form.Reach, Help: p.T("operator.key.reach.help"),
		Wrong: p.flaw("key", FieldReach, p.Wrong),
	}
}

// Powers are what it can be for; for the template.
func (p NewKey) Powers() Choices {
	c := Choices{Name: FieldCan, Label: p.T("operator.key.can"), Wrong: p.flaw("key", FieldCan, p.Wrong)}
	for _, power := range KeyPowers {
		c.Values = append(c.Values, Choice{
			Value: power, Text: p.CanText(power), Help: p.T("operator.key.can." + power + ".help"), Chosen: slices.Contains(p.Form.Can, power),
		})
	}
	return c
}

// Lives are how long it can be good; for the template.
func (p NewKey) Lives() Choices {
	c := Choices{Name: FieldKeyLife, Label: p.T("operator.key.life"), Wrong: p.flaw("key", FieldKeyLife, p.Wrong)}
	for _, days := range keyLives {
		c.Values = append(c.Values, Choice{Value: days, Text: p.T("operator.key.life." + days), Chosen: p.Form.Life == days})
	}
	return c
}

// EndKey asks before a key is revoked.
type EndKey struct {
	Board
	Row KeyRow
}

func (p EndKey) frame() frame { return p.Board.frame("end_key", p.Title(), AtKeys) }

// Title is the page's title and first heading; for the template.
func (p EndKey) Title() string { return p.T("operator.key.end.title", p.Row.Name) }
