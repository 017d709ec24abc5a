package desk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// FieldID is the number of a field of tickets, within its account.
type FieldID int64

// FirstField is the number of the first field that an account adds. Those below
// are the system's own.
const FirstField FieldID = 101

// fieldsMost is how many fields an account may add, optionsMost how many options
// one may have: what Zendesk recommends, and what it documents.
const (
	fieldsMost  = 400
	optionsMost = 2000
)

// FieldKind is what a field holds, in Zendesk's words for its type.
type FieldKind string

// The kinds that an account can add.
const (
	FieldText        FieldKind = "text"
	FieldTextarea    FieldKind = "textarea"
	FieldCheckbox    FieldKind = "checkbox"
	FieldDate        FieldKind = "date"
	FieldInteger     FieldKind = "integer"
	FieldDecimal     FieldKind = "decimal"
	FieldRegexp      FieldKind = "regexp"
	FieldTagger      FieldKind = "tagger"
	FieldMultiselect FieldKind = "multiselect"
)

// FieldKinds are the kinds that an account can add.
var FieldKinds = []FieldKind{
	FieldText, FieldTextarea, FieldCheckbox, FieldDate, FieldInteger, FieldDecimal, FieldRegexp, FieldTagger, FieldMultiselect,
}

// The kinds of the system's fields.
const (
	FieldSubject     FieldKind = "subject"
	FieldDescription FieldKind = "description"
	FieldStatus      FieldKind = "status"
	FieldTicketType  FieldKind = "tickettype"
	FieldPriority    FieldKind = "priority"
	FieldGroup       FieldKind = "group"
	FieldAssignee    FieldKind = "assignee"
)

// Field is something that tickets have: one of the system's, or one that the
// account added.
type Field struct {
	Account          AccountID
	ID               FieldID
	Version          int64 // counts its changes
	Kind             FieldKind
	Title            string
	PortalTitle      string // what end users read
	Description      string
	AgentDescription string
	Position         int64
	Active           bool // whether tickets have it
	Required         bool // whether a ticket can be solved only with it
	Collapsed        bool
	PortalVisible    bool // whether end users see it
	PortalEditable   bool // whether they can fill it in
	PortalRequired   bool // whether they must
	Pattern          string
	Tag              string   // of a checkbox: what tickets are tagged with where it is ticked
	Options          []Option // of a tagger and a multiselect
	OptionsEver      int64    // how many options it ever had
	Created          time.Time
	Updated          time.Time
}

// Option is one of the values that a field can have. Its value is a tag.
type Option struct {
	ID      int64
	Name    string
	Value   string
	Default bool
}

// Custom tells whether the account added the field.
func (f Field) Custom() bool { return f.ID >= FirstField }

// HasOptions tells whether the field's values are among its options.
func (f Field) HasOptions() bool { return f.Kind == FieldTagger || f.Kind == FieldMultiselect }

// ShownTo tells whether somebody may know of the field.
func (f Field) ShownTo(p Person) bool { return p.Agent || f.Active && f.PortalVisible }

// FilledBy tells whether somebody may fill the field in.
func (f Field) FilledBy(p Person) bool {
	return f.Custom() && f.Active && (p.Agent || f.PortalVisible && f.PortalEditable)
}

// systemFields are what every ticket has, since the account is there.
func systemFields(a AccountID, since time.Time) []Field {
	fields := []Field{
		{Kind: FieldSubject, Title: "Subject", PortalVisible: true, PortalEditable: true, PortalRequired: true},
		{
			Kind: FieldDescription, Title: "Description", PortalVisible: true, PortalEditable: true, PortalRequired: true,
			Description: "Tell us what you need, and we answer as soon as we can.",
		},
		{Kind: FieldStatus, Title: "Status", Description: "Where the request stands"},
		{Kind: FieldTicketType, Title: "Type", Description: "What kind of request it is"},
		{Kind: FieldPriority, Title: "Priority", Description: "How urgent the request is"},
		{Kind: FieldGroup, Title: "Group", Description: "Who is to answer the request"},
		{Kind: FieldAssignee, Title: "Assignee", Description: "The agent who answers the request", Required: true},
	}
	for n := range fields {
		f := &fields[n]
		f.Account, f.ID, f.Position, f.Active = a, FieldID(n+1), int64(n+1), true
		f.PortalTitle, f.Created, f.Updated = f.Title, since, since
	}
	return fields
}

// FieldChange is what somebody wants of a field; nil leaves it as it is.
type FieldChange struct {
	Kind             *FieldKind // of a new one alone
	Title            *string
	PortalTitle      *string // empty: as Title
	Description      *string
	AgentDescription *string
	Position         *int64
	Active           *bool
	Required         *bool
	Collapsed        *bool
	PortalVisible    *bool
	PortalEditable   *bool
	PortalRequired   *bool
	Pattern          *string
	Tag              *string
	Options          *[]Option // all of them; what is left out goes. One without a number is known by its value
}

// NewField decides what a new field becomes. It returns Invalids. The store
// numbers it.
func NewField(a AccountID, now time.Time, want FieldChange) (Field, error) {
	f := Field{Account: a, Kind: FieldText, Active: true, Position: 9999, Created: now}
	if want.Kind != nil && *want.Kind != "" {
		f.Kind = *want.Kind
	}
	return f.with(now, want)
}

// with decides what becomes of a field.
func (f Field) with(now time.Time, want FieldChange) (Field, error) {
	followed := f.PortalTitle == f.Title
	for _, c := range []struct{ to, value *string }{
		{&f.Title, want.Title},
		{&f.PortalTitle, want.PortalTitle},
		{&f.Description, want.Description},
		{&f.AgentDescription, want.AgentDescription},
		{&f.Pattern, want.Pattern},
		{&f.Tag, want.Tag},
	} {
		set(c.to, c.value)
		*c.to = strings.TrimSpace(clean(*c.to))
	}
	if f.PortalTitle == "" || want.PortalTitle == nil && followed {
		f.PortalTitle = f.Title
	}
	set(&f.Position, want.Position)
	for _, c := range []struct{ to, value *bool }{
		{&f.Active, want.Active},
		{&f.Required, want.Required},
		{&f.Collapsed, want.Collapsed},
		{&f.PortalVisible, want.PortalVisible},
		{&f.PortalEditable, want.PortalEditable},
		{&f.PortalRequired, want.PortalRequired},
	} {
		set(c.to, c.value)
	}
	f.Tag = strings.Join(normalTags([]string{f.Tag}), "_")
	var all Invalids
	if f.Kind != FieldCheckbox {
		f.Tag = ""
	}
	if f.Kind != FieldRegexp {
		f.Pattern = ""
	}
	if f.HasOptions() && want.Options != nil {
		all = f.setOptions(*want.Options)
	}
	if f.HasOptions() && len(f.Options) == 0 && all == nil {
		all.add("custom_field_options", Blank, "cannot be blank")
	}
	f.Version, f.Updated = f.Version+1, now
	return f, append(f.check(), all...).orNil()
}

// check tells what is wrong with a field. What Zendesk says of most of it is not
// known.
func (f Field) check() (all Invalids) {
	if !slices.Contains(FieldKinds, f.Kind) {
		all.add("type", NotAllowed, "is not a type of field that can be added")
	}
	if f.Title == "" {
		all.add("title", Blank, "cannot be blank")
	}
	for _, c := range []struct {
		field, text string
		most        int
	}{
		{"title", f.Title, nameMost},
		{"title_in_portal", f.PortalTitle, nameMost},
		{"tag", f.Tag, nameMost},
		{"description", f.Description, textMost},
		{"agent_description", f.AgentDescription, textMost},
		{"regexp_for_validation", f.Pattern, nameMost},
	} {
		if len(c.text) > c.most {
			all.add(c.field, NotAllowed, "is too long")
		}
	}
	if f.Position < 0 || f.Position > 1<<31 {
		all.add("position", NotAllowed, "is not a valid position")
	}
	if f.Kind == FieldRegexp && f.Pattern == "" {
		all.add("regexp_for_validation", Blank, "cannot be blank")
	} else if _, err := regexp.Compile(f.Pattern); err != nil {
		all.add("regexp_for_validation", NotAllowed, "is not a valid pattern")
	}
	return all
}

// setOptions puts the wanted options in the place of those there are, which keep
// their numbers.
func (f *Field) setOptions(want []Option) (all Invalids) {
	const field = "custom_field_options"
	if len(want) > optionsMost {
		all.add(field, NotAllowed, fmt.Sprintf("are too many (maximum is %d)", optionsMost))
		return all
	}
	old, seen, defaults := f.Options, map[string]bool{}, 0
	f.Options = nil
	for _, o := range want {
		o.Name, o.Value = strings.TrimSpace(clean(o.Name)), strings.Join(normalTags([]string{o.Value}), "_")
		switch {
		case o.Name == "" || o.Value == "":
			all.add(field, Blank, "need a name and a value each")
			return all
		case len(o.Name) > nameMost || len(o.Value) > nameMost:
			all.add(field, NotAllowed, "have a name or a value that is too long")
			return all
		case seen[o.Value]:
			all.add(field, NotAllowed, "have the value "+o.Value+" twice")
			return all
		}
		seen[o.Value] = true
		same := func(v Option) bool { return o.ID != 0 && v.ID == o.ID || o.ID == 0 && v.Value == o.Value }
		if at := slices.IndexFunc(old, same); at >= 0 && !slices.ContainsFunc(f.Options, func(v Option) bool { return v.ID == old[at].ID }) {
			o.ID = old[at].ID
		} else {
			f.OptionsEver++
			o.ID = f.OptionsEver
		}
		if o.Default {
			defaults++
		}
		f.Options = append(f.Options, o)
	}
	if defaults > 1 {
		all.add(field, NotAllowed, "have more than one default")
	}
	return all
}
