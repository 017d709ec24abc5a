package desk

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func options(values ...string) (all []Option) {
	for n, v := range values {
		all = append(all, Option{ID: int64(n + 1), Name: strings.ToUpper(v), Value: v})
	}
	return all
}

// sample are fields of each kind; 103 ends with a checkbox that has no tag.
var sample = []Field{
	{ID: 101, Kind: FieldTagger, Title: "Product", Active: true, Options: options("phone", "tablet")},
	{ID: 102, Kind: FieldMultiselect, Title: "Parts", Active: true, Options: options("screen", "battery")},
	{ID: 103, Kind: FieldCheckbox, Title: "Broken", Active: true, Tag: "broken"},
	{ID: 104, Kind: FieldCheckbox, Title: "Sworn", Active: true},
	{ID: 105, Kind: FieldText, Title: "Serial", Active: true, Required: true, PortalVisible: true, PortalEditable: true, PortalRequired: true},
	{ID: 106, Kind: FieldDate, Title: "Bought", Active: true},
	{ID: 107, Kind: FieldTagger, Title: "Gone", Options: options("old")},
}

func TestFieldValues(t *testing.T) {
	pattern := Field{Kind: FieldRegexp, Pattern: `^A[0-9]{3}$`}
	phone := sample[0]
	for name, c := range map[string]struct {
		field Field
		given string // "|" parts a list
		want  string
		ok    bool
	}{
		"a text as it is":             {Field{Kind: FieldText}, " a ", " a ", true},
		"a text that is too long":     {Field{Kind: FieldText}, strings.Repeat("x", commentMost+1), "", false},
		"a text without NUL":          {Field{Kind: FieldTextarea}, "a\x00\xff\nb", "a�\nb", true},
		"a number":                    {Field{Kind: FieldInteger}, " -7 ", "-7", true},
		"a number of many digits":     {Field{Kind: FieldInteger}, strings.Repeat("9", 65), "", false},
		"no whole number":             {Field{Kind: FieldInteger}, "1.5", "", false},
		"a number in other digits":    {Field{Kind: FieldInteger}, "٣", "", false},
		"a decimal":                   {Field{Kind: FieldDecimal}, "1.50", "1.50", true},
		"a decimal from its point on": {Field{Kind: FieldDecimal}, ".5", ".5", true},
		"a point":                     {Field{Kind: FieldDecimal}, ".", "", false},
		"an exponent":                 {Field{Kind: FieldDecimal}, "1e9", "", false},
		"a date":                      {Field{Kind: FieldDate}, "2028-02-29", "2028-02-29", true},
		"a day that is not":           {Field{Kind: FieldDate}, "2027-02-29", "", false},
		"a date and time":             {Field{Kind: FieldDate}, "2027-02-28T10:00:00Z", "", false},
		"no date":                     {Field{Kind: FieldDate}, " ", "", true},
		"a match":                     {pattern, "A123", "A123", true},
		"no match":                    {pattern, "B", "", false},
		"nothing to match":            {pattern, "", "", true},
		"an option":                   {phone, "phone", "phone", true},
		"no option stays as it was":   {phone, "fridge", "tablet", true},
		"none":                        {phone, "", "", true},
		"options":                     {sample[1], "battery|BATTERY|screen|fridge", "battery screen", true},
		"ticked":                      {sample[3], "true", "true", true},
		"ticked by a number":          {sample[3], "1", "true", true},
		"not ticked":                  {sample[3], "False", "", true},
		"perhaps ticked":              {sample[3], "perhaps", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := c.field.parse(strings.Split(c.given, "|"), "tablet")
			if ok != c.ok || ok && got != c.want {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

// A field whose values are tags and the ticket's tags go together.
func TestFieldsAndTags(t *testing.T) {
	type custom = map[FieldID]string
	type want = map[FieldID][]string
	for name, c := range map[string]struct {
		tags   string
		custom custom
		want   Change
		told   string
		after  custom
	}{
		"a value brings its tag":            {"a", nil, Change{Custom: want{101: {"phone"}}}, "tags a→a phone, 101 -→phone", custom{101: "phone"}},
		"another takes it away":             {"a phone", custom{101: "phone"}, Change{Custom: want{101: {"tablet"}}}, "tags a phone→a tablet, 101 phone→tablet", custom{101: "tablet"}},
		"none takes it away":                {"phone", custom{101: "phone"}, Change{Custom: want{101: nil}}, "tags phone→-, 101 phone→-", custom{}},
		"no option changes nothing":         {"phone", custom{101: "phone"}, Change{Custom: want{101: {"fridge"}}}, "", custom{101: "phone"}},
		"a tag brings its value":            {"", nil, Change{AddTags: []string{"tablet", "screen"}}, "tags -→tablet screen, 101 -→tablet, 102 -→screen", custom{101: "tablet", 102: "screen"}},
		"its value goes with a tag":         {"phone b", custom{101: "phone"}, Change{RemoveTags: []string{"phone"}}, "tags phone b→b, 101 phone→-", custom{}},
		"of two tags the old one counts":    {"tablet", custom{101: "tablet"}, Change{AddTags: []string{"phone"}}, "tags tablet→tablet phone", custom{101: "tablet"}},
		"what is said goes before the tags": {"phone", custom{101: "phone"}, Change{Tags: &[]string{"phone", "x"}, Custom: want{101: {"tablet"}}}, "tags phone→x tablet, 101 phone→tablet", custom{101: "tablet"}},
		"a tick brings its tag":             {"", nil, Change{Custom: want{103: {"true"}, 104: {"true"}}}, "tags -→broken, 103 -→true, 104 -→true", custom{103: "true", 104: "true"}},
		"a tag ticks":                       {"", custom{104: "true"}, Change{Tags: &[]string{"broken"}}, "tags -→broken, 103 -→true", custom{103: "true", 104: "true"}},
		"many":                              {"", nil, Change{Custom: want{102: {"battery", "screen"}}}, "tags -→battery screen, 102 -→battery screen", custom{102: "battery screen"}},
		"a field that is not in use":        {"", custom{107: "old"}, Change{AddTags: []string{"x"}, Custom: want{107: {"new"}, 999: {"y"}, 1: {"z"}}}, "tags -→x", custom{107: "old"}},
		"a value that cannot be":            {"", nil, Change{Custom: want{106: {"soon"}}}, "base: Bought is not valid", nil},
		"more than a ticket can have":       {"", custom{104: strings.Repeat("x", commentMost), 106: strings.Repeat("x", commentMost)}, Change{Custom: want{105: {"x"}}}, "base: Custom fields: are too long together", nil},
		"solved without what it needs":      {"", nil, Change{Status: ptr(Solved)}, "base: Serial: is required when solving a ticket", nil},
		"solved with it":                    {"", nil, Change{Status: ptr(Solved), Custom: want{105: {"1"}}}, "status open→solved, 105 -→1", custom{105: "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := begun(func(v *Ticket) { v.Tags, v.Custom = strings.Fields(c.tags), c.custom })
			kept := maps.Clone(c.custom)
			next, audit, err := before.change(noon, agent, c.want, cast{author: agent, fields: sample}, Origin{})
			got := told(audit)
			if err != nil {
				got = err.Error()
			}
			if got != c.told {
				t.Errorf("%s, want %s", got, c.told)
			}
			if err == nil && !maps.Equal(next.Custom, c.after) {
				t.Errorf("has %v, want %v", next.Custom, c.after)
			}
			if !maps.Equal(before.Custom, kept) {
				t.Errorf("the ticket before has %v now", before.Custom)
			}
		})
	}
}

func TestOpeningWithFields(t *testing.T) {
	draft := Draft{Comment: NewComment{Body: "b"}, Custom: map[FieldID][]string{101: {"phone"}, 105: {""}}}
	_, err := draft.open(noon, cast{author: asker, by: asker, fields: sample}, Origin{})
	if err == nil || err.Error() != "base: Serial: cannot be blank" {
		t.Errorf("who asks: %v", err)
	}
	draft.Custom[105] = []string{"x"}
	o, err := draft.open(noon, cast{author: asker, by: asker, fields: sample}, Origin{})
	if err != nil || !maps.Equal(o.Ticket.Custom, map[FieldID]string{105: "x"}) || len(o.Ticket.Tags) > 0 {
		t.Errorf("who asks fills in what they may: %v %v, %v", o.Ticket.Custom, o.Ticket.Tags, err)
	}
	draft.Custom[105], draft.Status = nil, Solved
	if _, err = draft.open(noon, cast{author: agent, by: agent, fields: sample}, Origin{}); err == nil || !strings.Contains(err.Error(), "Serial: is required when solving") {
		t.Errorf("solved: %v", err)
	}
	draft.Status = Open
	o, err = draft.open(noon, cast{author: agent, by: agent, fields: sample}, Origin{})
	if err != nil || !slices.Equal(o.Ticket.Tags, []string{"phone"}) || !strings.Contains(told(o.Audit), "tags=phone, 101=phone") {
		t.Errorf("%v %s, %v", o.Ticket.Tags, told(o.Audit), err)
	}
}

func TestFieldDecisions(t *testing.T) {
	kind := func(k FieldKind) *FieldKind { return &k }
	two := &[]Option{{Name: "One", Value: "One"}, {Name: "Two", Value: "two words"}}
	for name, c := range map[string]struct {
		want FieldChange
		err  string
	}{
		"a text":                  {FieldChange{Title: ptr("Age")}, ""},
		"without a title":         {FieldChange{Title: ptr(" \x00")}, "title: cannot be blank"},
		"of the system":           {FieldChange{Title: ptr("x"), Kind: kind(FieldStatus)}, "type: is not a type of field that can be added"},
		"a pattern":               {FieldChange{Title: ptr("x"), Kind: kind(FieldRegexp), Pattern: ptr("^a+$")}, ""},
		"no pattern":              {FieldChange{Title: ptr("x"), Kind: kind(FieldRegexp)}, "regexp_for_validation: cannot be blank"},
		"a pattern that is none":  {FieldChange{Title: ptr("x"), Kind: kind(FieldRegexp), Pattern: ptr("(")}, "regexp_for_validation: is not a valid pattern"},
		"options":                 {FieldChange{Title: ptr("x"), Kind: kind(FieldTagger), Options: two}, ""},
		"no options":              {FieldChange{Title: ptr("x"), Kind: kind(FieldMultiselect)}, "custom_field_options: cannot be blank"},
		"an option without value": {FieldChange{Title: ptr("x"), Kind: kind(FieldTagger), Options: &[]Option{{Name: "a"}}}, "custom_field_options: need a name and a value each"},
		"options twice":           {FieldChange{Title: ptr("x"), Kind: kind(FieldTagger), Options: &[]Option{{Name: "a", Value: "A"}, {Name: "b", Value: "a"}}}, "custom_field_options: have the value a twice"},
		"two defaults":            {FieldChange{Title: ptr("x"), Kind: kind(FieldTagger), Options: &[]Option{{Name: "a", Value: "a", Default: true}, {Name: "b", Value: "b", Default: true}}}, "custom_field_options: have more than one default"},
		"too many options":        {FieldChange{Title: ptr("x"), Kind: kind(FieldTagger), Options: ptr(make([]Option, optionsMost+1))}, "custom_field_options: are too many (maximum is 2000)"},
		"a place below the first": {FieldChange{Title: ptr("x"), Position: ptr[int64](-1)}, "position: is not a valid position"},
		"words too long":          {FieldChange{Title: ptr(strings.Repeat("x", 256)), Description: ptr(strings.Repeat("x", textMost+1))}, "title: is too long; title_in_portal: is too long; description: is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewField(1, noon, c.want)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.err {
				t.Errorf("got %s, want %s", got, c.err)
			}
		})
	}
	f, err := NewField(1, noon, FieldChange{Title: ptr("Pies"), Kind: kind(FieldTagger), Options: two, Tag: ptr("x"), Pattern: ptr("(")})
	if err != nil {
		t.Fatal(err)
	}
	if f.PortalTitle != "Pies" || f.Tag != "" || f.Pattern != "" || f.Position != 9999 || f.Options[1].Value != "two_words" {
		t.Errorf("made %+v", f)
	}
	// What stays keeps its number, by number or by value; a new one never gets an old one's.
	next, err := f.with(noon, FieldChange{Title: ptr("Cakes"), Options: &[]Option{{Name: "Three", Value: "three"}, {ID: 1, Name: "Uno", Value: "uno"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Option{{ID: 3, Name: "Three", Value: "three"}, {ID: 1, Name: "Uno", Value: "uno"}}
	if diff := cmp.Diff(want, next.Options); diff != "" || next.PortalTitle != "Cakes" || next.Version != 2 {
		t.Errorf("changed %+v %s", next, diff)
	}
	last, err := next.with(noon, FieldChange{PortalTitle: ptr("Cake?"), Options: &[]Option{{Name: "Two", Value: "two words"}, {Name: "Three", Value: "three"}}})
	if err != nil || last.Options[0].ID != 4 || last.Options[1].ID != 3 || last.PortalTitle != "Cake?" {
		t.Errorf("changed %+v, %v", last, err)
	}
}

func TestPageOf(t *testing.T) {
	all := []int64{1, 2, 3, 4, 5}
	for name, c := range map[string]struct {
		r    Range
		want []int64
		more bool
	}{
		"the first":         {Range{Limit: 2}, []int64{1, 2}, true},
		"after":             {Range{Limit: 2, After: 3}, []int64{4, 5}, false},
		"before":            {Range{Limit: 2, Before: 4}, []int64{2, 3}, true},
		"before the second": {Range{Limit: 2, Before: 2}, []int64{1}, false},
		"the last first":    {Range{Limit: 2, Descending: true}, []int64{5, 4}, true},
		"turned, after":     {Range{Limit: 9, Descending: true, After: 3}, []int64{2, 1}, false},
		"turned, before":    {Range{Limit: 1, Descending: true, Before: 3}, []int64{4}, true},
		"beyond":            {Range{Limit: 2, Offset: 9}, []int64{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := PageOf(all, func(n int64) int64 { return n }, c.r)
			if !slices.Equal(got.Items, c.want) || got.More != c.more || got.Total != 5 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// FuzzFieldValue: what a field takes, it takes again as the same; and it is text.
func FuzzFieldValue(f *testing.F) {
	for n, text := range []string{"", "phone", "1.5", "-7", "2026-11-22", "true", "\xff\x00", "A123", "screen battery", "٣"} {
		f.Add(uint8(n), text, "^A[0-9]+$")
	}
	f.Fuzz(func(t *testing.T, n uint8, text, pattern string) {
		kind := FieldKinds[int(n)%len(FieldKinds)]
		field, err := NewField(1, noon, FieldChange{Title: ptr("x"), Kind: &kind, Pattern: &pattern, Options: ptr(options("phone", "screen", "battery"))})
		if err != nil {
			return
		}
		got, ok := field.parse([]string{text}, "")
		if !ok {
			return
		}
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Fatalf("%q became %q", text, got)
		}
		if again, ok := field.parse([]string{got}, ""); !ok || again != got {
			t.Fatalf("%q became %q, and that %q, %v", text, got, again, ok)
		}
	})
}
