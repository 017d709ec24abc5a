package desk

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Value is what a ticket has in a field; Text is empty where it has nothing. That
// of a checkbox which is ticked is "true", that of a multiselect its tags, joined
// by a space.
type Value struct {
	Field Field
	Text  string
}

// Values are what the ticket has in fields that are in use and shown to somebody,
// in the order of their numbers.
func (t Ticket) Values(fields []Field, to Person) []Value {
	var all []Value
	for _, f := range fields {
		if f.Custom() && f.Active && f.ShownTo(to) {
			all = append(all, Value{f, f.known(t.Custom[f.ID])})
		}
	}
	slices.SortFunc(all, func(a, b Value) int { return cmp.Compare(a.Field.ID, b.Field.ID) })
	return all
}

// known is a value without the options that the field no longer has.
func (f Field) known(text string) string {
	if !f.HasOptions() {
		return text
	}
	tags := slices.DeleteFunc(strings.Fields(text), func(tag string) bool { return !f.hasOption(tag) })
	return strings.Join(tags, " ")
}

func (f Field) hasOption(tag string) bool {
	return slices.ContainsFunc(f.Options, func(o Option) bool { return o.Value == tag })
}

// fill gives the ticket what somebody wants in its fields, and keeps those and the
// tags together: a field whose values are tags brings them and takes them away, and
// a tag that comes or goes by itself takes its field along. before is the ticket as
// it was; of a new one, nothing.
func (t Ticket) fill(fields []Field, by Person, want map[FieldID][]string, before Ticket) (Ticket, Invalids) {
	var all Invalids
	custom, tagged := maps.Clone(before.Custom), !slices.Equal(t.Tags, before.Tags)
	if custom == nil {
		custom = map[FieldID]string{}
	}
	for _, f := range fields {
		given, wanted := want[f.ID]
		was := before.Custom[f.ID]
		text := was
		switch {
		case wanted && f.FilledBy(by):
			var ok bool
			if text, ok = f.parse(given, was); !ok {
				all.addOf(f, NotAllowed, f.Title+" is not valid")
				continue
			}
			drop := f.tags(was)
			t.Tags = slices.DeleteFunc(slices.Clone(t.Tags), func(tag string) bool { return slices.Contains(drop, tag) })
			t.Tags = normalTags(append(t.Tags, f.tags(text)...))
		case tagged && f.Custom() && f.Active:
			text = f.fromTags(t.Tags, was)
		}
		if custom[f.ID] = text; text == "" {
			delete(custom, f.ID)
		}
	}
	t.Custom = custom
	size := 0
	for _, text := range custom {
		size += len(text)
	}
	if size > customMost {
		all.add("base", NotAllowed, "Custom fields: are too long together")
	}
	return t, all
}

// customMost bounds what a ticket has in its fields, in bytes: a page of tickets
// shows all of it. The bound is our own.
const customMost = 2 * commentMost

// tags are those that go with a value.
func (f Field) tags(text string) []string {
	switch {
	case f.HasOptions():
		return strings.Fields(text)
	case f.Tag != "" && text != "":
		return []string{f.Tag}
	default:
		return nil
	}
}

// fromTags is the value that tags mean. Of options, those that it had go first.
func (f Field) fromTags(tags []string, was string) string {
	found := slices.DeleteFunc(strings.Fields(f.known(was)), func(tag string) bool { return !slices.Contains(tags, tag) })
	for _, o := range f.Options {
		if slices.Contains(tags, o.Value) && !slices.Contains(found, o.Value) {
			found = append(found, o.Value)
		}
	}
	switch {
	case f.Kind == FieldMultiselect:
		return strings.Join(found, " ")
	case f.Kind == FieldTagger && len(found) > 0:
		return found[0]
	case f.Kind == FieldTagger:
		return ""
	case f.Kind == FieldCheckbox && f.Tag != "":
		return map[bool]string{true: ticked}[slices.Contains(tags, f.Tag)]
	default:
		return was
	}
}

// ticked is the value of a checkbox that is ticked.
const ticked = "true"

// numberMost bounds the digits of a number.
const numberMost = 64

var (
	wholeNumber = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?[0-9]+$`) })
	anyNumber   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$`) })
)

// parse decides what a field has once somebody gave it a value: a text, or a list
// of them. What is no option of the field is passed over, as Zendesk does; other
// values that cannot be are not ok.
func (f Field) parse(given []string, was string) (text string, ok bool) {
	if f.Kind == FieldMultiselect {
		given = normalTags(given)
		return f.known(strings.Join(given, " ")), true
	}
	if len(given) > 0 {
		text = clean(given[0])
	}
	line := strings.TrimSpace(text)
	switch f.Kind {
	case FieldTagger:
		if line != "" && !f.hasOption(line) {
			return was, true
		}
		return line, true
	case FieldCheckbox:
		switch strings.ToLower(line) {
		case ticked, "1":
			return ticked, true
		case "", "false", "0":
			return "", true
		}
		return "", false
	case FieldText, FieldTextarea:
		return text, len(text) <= commentMost
	}
	if line == "" {
		return "", true
	}
	switch f.Kind {
	case FieldInteger:
		ok = len(line) <= numberMost && wholeNumber().MatchString(line)
	case FieldDecimal:
		ok = len(line) <= numberMost && anyNumber().MatchString(line)
	case FieldDate:
		_, err := time.Parse(time.DateOnly, line)
		ok = err == nil
	case FieldRegexp:
		pattern, err := regexp.Compile(f.Pattern)
		ok = err == nil && len(line) <= commentMost && pattern.MatchString(line)
	}
	return line, ok
}

// lacking tells which fields keep the ticket from being solved.
func (t Ticket) lacking(fields []Field) (all Invalids) {
	for _, f := range fields {
		if f.Custom() && f.Active && f.Required && f.known(t.Custom[f.ID]) == "" {
			all.addOf(f, Unfilled, f.Title+": is required when solving a ticket")
		}
	}
	return all
}

// unfilled tells which fields somebody who asks must still fill in. What Zendesk
// says of them is not known.
func (t Ticket) unfilled(fields []Field) (all Invalids) {
	for _, f := range fields {
		if f.FilledBy(Person{}) && f.PortalRequired && t.Custom[f.ID] == "" {
			all.addOf(f, Blank, f.Title+": cannot be blank")
		}
	}
	return all
}

// customFields are what audits tell of the ticket's fields, and of those that
// another state of it has.
func (t Ticket) customFields(other *Ticket) (all []field) {
	ids := slices.Collect(maps.Keys(t.Custom))
	if other != nil {
		ids = slices.AppendSeq(ids, maps.Keys(other.Custom))
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		all = append(all, field{strconv.FormatInt(int64(id), 10), orNone(t.Custom[id]), false})
	}
	return all
}
