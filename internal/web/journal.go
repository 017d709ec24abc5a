package web

import (
	"bytes"
	"slices"
	"strings"
)

// Names of the fields by which the journal's page is filtered. They are those of
// the journal's queries, so that a filter of the page serves a program as well.
const (
	FieldEvent   = "event"
	FieldAccount = "account"
	FieldRoute   = "route"
	FieldStatus  = "status"
)

// Journal is the live page of a demo's journal, the newest entry first. Its words
// are English alone, as the names of the events are.
type Journal struct {
	Page
	Path     string // of this page
	Stream   string // where its entries come from as they happen; empty: it does not follow
	Clock    JournalClock
	Events   []string // names; with a dot at its end, a family of them
	Accounts []string
	Filter   JournalFilter
	Wrong    string // what is wrong with the filter
	Lost     bool   // the oldest entries are gone
	Entries  []JournalEntry
}

// JournalFilter is what a reader chose to see.
type JournalFilter struct {
	Event, Account, Client, Route, Status string
	Others                                string // choices that have no field, in words
}

// JournalClock is protocol time as the page shows it.
type JournalClock struct {
	Now     Moment
	Steered bool    // false: it is the machine's own
	Rate    float64 // how many times as fast as the machine's; 0: it stands still
}

// JournalEntry is an entry of the journal: a line, and what one sees on opening it.
type JournalEntry struct {
	Seq     int64
	Now     Moment // protocol time
	Event   string
	Grave   bool     // something was refused or cut off
	About   []string // account, client, user, token
	Request string   // method and route
	Status  int
	Meaning string // what the event means
	JSON    string // the entry as programs get it
	Same    string // the address of all entries of the same request; empty: none
}

func (p Journal) frame() frame {
	f := frame{Template: "journal", Title: p.Title(), Wide: true}
	if p.Stream != "" {
		f.Script, f.Follows = "journal.js", true
	}
	return f
}

// Title is the page's title and first heading; for the template.
func (p Journal) Title() string { return p.T("journal.title") }

// Filtered tells whether anything was chosen; for the template.
func (p Journal) Filtered() bool { return p.Filter != JournalFilter{} }

// EventChoices are the events to choose from; for the template.
func (p Journal) EventChoices() []Choice {
	all := []Choice{{Text: p.T("journal.event.any")}}
	for _, name := range p.Events {
		c := Choice{Value: name, Text: name, Chosen: name == p.Filter.Event}
		if family, whole := strings.CutSuffix(name, "."); whole {
			c.Text = p.T("journal.event.family", family)
		}
		all = append(all, c)
	}
	return all
}

// AccountChoices are the accounts to choose from, and the one that was chosen even
// if it is no more; for the template.
func (p Journal) AccountChoices() []Choice {
	all := []Choice{{Text: p.T("journal.account.any")}}
	names := p.Accounts
	if chosen := p.Filter.Account; chosen != "" && !slices.Contains(names, chosen) {
		names = append(slices.Clone(names), chosen)
	}
	for _, name := range names {
		all = append(all, Choice{Value: name, Text: name, Chosen: name == p.Filter.Account})
	}
	return all
}

// Pace is how the clock goes, in words; for the template.
func (p Journal) Pace(c JournalClock) string {
	switch {
	case !c.Steered:
		return p.T("journal.clock.own")
	case c.Rate == 0:
		return p.T("journal.clock.frozen")
	case c.Rate == 1:
		return p.T("journal.clock.steered")
	default:
		return p.T("journal.clock.rate", c.Rate)
	}
}

// journalPart is what the parts of the page see that also come by its stream.
type journalPart struct {
	Page  Journal
	Entry JournalEntry
	Clock JournalClock
}

// Part is what a part of the page is made of; for the template.
func (p Journal) Part(e JournalEntry) any { return journalPart{Page: p, Entry: e} }

// Face is what the clock is made of; for the template.
func (p Journal) Face() any { return journalPart{Page: p, Clock: p.Clock} }

// EntryHTML is an entry as the page shows it, in one line, for its stream.
func (p Journal) EntryHTML(e JournalEntry) (string, error) {
	return journalHTML("journal_entry", journalPart{Page: p, Entry: e})
}

// ClockHTML is the clock as the page shows it, in one line, for its stream.
func (p Journal) ClockHTML(c JournalClock) (string, error) {
	return journalHTML("journal_clock", journalPart{Page: p, Clock: c})
}

// journalHTML writes the ends of lines as references: a line ends a field of a
// stream (HTML, section 9.2.5), and those of an entry's JSON are to be seen.
func journalHTML(part string, data any) (string, error) { return partHTML("journal", part, data) }

func partHTML(page, part string, data any) (string, error) {
	var b bytes.Buffer
	if err := templates()[page].ExecuteTemplate(&b, part, data); err != nil {
		return "", err
	}
	return strings.NewReplacer("\r", "", "\n", "&#10;").Replace(b.String()), nil
}
