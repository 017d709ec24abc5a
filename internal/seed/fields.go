package seed

import (
	"errors"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/desk"
)

// fields reads what an account adds to its tickets. They are numbered in their
// order.
func (o object) fields() []desk.FieldChange {
	var all []desk.FieldChange
	titles := unique{}
	for _, it := range o.list("ticket_fields") {
		f, ok := o.r.object(it.node, "a ticket field", it.line, "title", "type", "description", "required", "tag", "regexp_for_validation",
			"visible_in_portal", "editable_in_portal", "required_in_portal", "options")
		if !ok {
			continue
		}
		before := len(o.r.problems)
		title := f.required("title")
		titles.check(o.r, f.at("title"), title, "title "+shortened(title))
		kind := choice(f, "type", desk.FieldText, desk.FieldKinds...)
		description, tag, pattern := f.optional("description"), f.optional("tag"), f.optional("regexp_for_validation")
		required := f.switched("required")
		visible, editable, must := f.switched("visible_in_portal"), f.switched("editable_in_portal"), f.switched("required_in_portal")
		want := desk.FieldChange{
			Kind: &kind, Title: &title, Description: &description, Tag: &tag, Pattern: &pattern, Required: &required,
			PortalVisible: &visible, PortalEditable: &editable, PortalRequired: &must,
		}
		if options := f.options(); options != nil {
			want.Options = &options
		}
		if len(o.r.problems) == before {
			o.r.field(f, want)
		}
		all = append(all, want)
	}
	return all
}

func (o object) options() []desk.Option {
	var all []desk.Option
	for _, it := range o.list("options") {
		v, ok := o.r.object(it.node, "an option", it.line, "name", "value")
		if ok {
			all = append(all, desk.Option{Name: v.required("name"), Value: v.required("value")})
		}
	}
	return all
}

// seedKeys are what this file calls what the API has other names for.
var seedKeys = map[string]string{"custom_field_options": "options"}

// field reports what the desk would refuse.
func (r *reader) field(o object, want desk.FieldChange) {
	_, err := desk.NewField(0, time.Time{}, want)
	var invalid desk.Invalids
	if !errors.As(err, &invalid) {
		return
	}
	for _, one := range invalid {
		key := one.Field
		if known := seedKeys[key]; known != "" {
			key = known
		}
		r.add(o.at(key), "%s %s", strings.ReplaceAll(key, "_", " "), one.Why)
	}
}
