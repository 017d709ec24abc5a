package seed_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/internal/store/storetest"
)

func TestParseRefusesFields(t *testing.T) {
	for field, want := range map[string]string{
		`hunter2`:                                        "a ticket field must be a mapping with title, type, description, required, tag, regexp_for_validation, visible_in_portal, editable_in_portal, required_in_portal and options, not text",
		`{type: text}`:                                   "title is missing",
		`{title: A, type: lookup}`:                       `type must be text, textarea, checkbox, date, integer, decimal, regexp, tagger or multiselect, not "lookup"`,
		`{title: A, type: tagger}`:                       "options cannot be blank",
		`{title: A, type: regexp}`:                       "regexp for validation cannot be blank",
		`{title: A, required: true}`:                     "required must be text, not true or false: put it in quotes",
		`{title: A, required: perhaps}`:                  `required must be on or off, not "perhaps"`,
		`{title: A, type: tagger, options: x}`:           "options must be a list, not text",
		`{title: A, type: tagger, options: [{name: x}]}`: "value is missing",
		`{title: A, type: tagger, options: [{name: x, value: y}, {name: z, value: Y}]}`:     "options have the value y twice",
		`{title: A, type: regexp, regexp_for_validation: "("}`:                              "regexp for validation is not a valid pattern",
		"{title: A}\n      - {title: A}":                                                    `title "A" is there twice, first on line 5`,
		`{title: A, type: tagger, options: [{name: x, value: y, hunter2 is the key: "1"}]}`: "unknown key in an option; expected name or value",
	} {
		_, err := seed.Parse("s.yaml", []byte("accounts:\n  - subdomain: acme\n    name: Acme\n    ticket_fields:\n      - "+field+"\n"))
		line := "s.yaml:5: "
		if field[len(field)-1] == '}' && field[:11] == "{title: A}\n" {
			line = "s.yaml:6: "
		}
		if err == nil || err.Error() != line+want {
			t.Errorf("%s: %v, want %s", field, err, want)
		}
	}
}

// What a file adds is there once, in its order, and is left alone afterwards.
func TestSeedAddsFields(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		db := storetest.Open(t, dsn)
		f, err := seed.Parse("seed.yaml", []byte(whole))
		if err != nil {
			t.Fatal(err)
		}
		apply(t, db, f)
		first := dump(t, dsn)
		fields, err := db.Desk().Fields(t.Context(), 1)
		if err != nil || len(fields) != 3 {
			t.Fatalf("%+v, %v", fields, err)
		}
		serial, pie := fields[0], fields[1]
		if serial.ID != desk.FirstField || serial.Kind != desk.FieldRegexp || serial.Pattern != "^S[0-9]+$" || !serial.PortalRequired || !serial.Active {
			t.Errorf("the first is %+v", serial)
		}
		if diff := cmp.Diff([]desk.Option{{ID: 1, Name: "Apple Pie", Value: "apple"}, {ID: 2, Name: "Pecan Pie", Value: "pecan"}}, pie.Options); diff != "" || pie.ID != desk.FirstField+1 {
			t.Errorf("the second is %+v %s", pie, diff)
		}
		apply(t, db, f)
		if diff := cmp.Diff(first, dump(t, dsn)); diff != "" {
			t.Errorf("a second time changed rows (-first +second):\n%s", diff)
		}
		if err := db.Desk().DeleteField(t.Context(), serial); err != nil {
			t.Fatal(err)
		}
		apply(t, db, f)
		if fields, err = db.Desk().Fields(t.Context(), 1); err != nil || len(fields) != 2 {
			t.Errorf("what was deleted came back: %+v, %v", fields, err)
		}
	})
}
