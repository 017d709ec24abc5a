package deskhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

func (r *reply) field(status int) zendesk.TicketField {
	r.t.Helper()
	var e zendesk.TicketFieldEnvelope
	r.want(status).decode(&e)
	return e.TicketField
}

func (w *world) addField(field map[string]any) zendesk.TicketField {
	w.t.Helper()
	return w.call(call{As: ada, Method: http.MethodPost, Path: "/ticket_fields.json", Body: map[string]any{"ticket_field": field}}).field(http.StatusCreated)
}

// titles are those of the fields of a list.
func (w *world) titles(as, path string) (all []string) {
	w.t.Helper()
	var list struct {
		Fields []zendesk.TicketField `json:"ticket_fields"`
	}
	w.call(call{As: as, Path: path}).want(http.StatusOK).decode(&list)
	for _, f := range list.Fields {
		all = append(all, f.Title)
	}
	return all
}

var pies = []map[string]any{{"name": "Apple Pie", "value": "apple"}, {"name": "Pecan Pie", "value": "pecan", "default": true}}

func TestFieldFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		system := []string{"Subject", "Description", "Status", "Type", "Priority", "Group", "Assignee"}
		if got := w.titles(grace, "/ticket_fields"); !slices.Equal(got, system) {
			t.Errorf("an account begins with %q", got)
		}
		status := w.call(call{As: grace, Path: "/ticket_fields/3"}).field(200)
		if status.Type != "status" || status.Removable || !status.Active || len(status.SystemFieldOptions) != 4 || status.CreatedAt == nil {
			t.Errorf("shows %+v", status)
		}
		age := w.addField(map[string]any{"title": "Age", "type": "integer", "position": 3, "agent_description": "Ask nicely"})
		if age.Type != "integer" || !age.Removable || age.TitleInPortal != "Age" || *age.AgentDescription != "Ask nicely" || age.VisibleInPortal ||
			!age.CreatedAt.Equal(w.Now()) || age.URL != fmt.Sprintf("http://acme.localhost/api/v2/ticket_fields/%d.json", age.ID) {
			t.Errorf("made %+v", age)
		}
		pie := w.addField(map[string]any{"title": "Pie", "type": "tagger", "custom_field_options": pies, "visible_in_portal": true})
		if len(*pie.CustomFieldOptions) != 2 || !(*pie.CustomFieldOptions)[1].Default || pie.ID != age.ID+1 {
			t.Errorf("made %+v", pie)
		}
		// By position without pages; by number with them.
		if got := w.titles(ada, "/ticket_fields?page=2&per_page=1"); !slices.Equal(got, append(slices.Insert(slices.Clone(system), 3, "Age"), "Pie")) {
			t.Errorf("by position %q", got)
		}
		if got := w.titles(ada, "/ticket_fields?page[size]=2&sort=-id"); !slices.Equal(got, []string{"Pie", "Age"}) {
			t.Errorf("by number %q", got)
		}
		if got := w.titles(carl, "/ticket_fields"); !slices.Equal(got, []string{"Subject", "Description", "Pie"}) {
			t.Errorf("who asks sees %q", got)
		}
		w.call(call{As: grace, Path: "/ticket_fields/count"}).want(200, `"value":9`)

		one := fmt.Sprintf("/ticket_fields/%d.json", pie.ID)
		w.pass(time.Hour)
		changed := w.call(call{As: ada, Method: "PUT", Path: one, Body: `{"ticket_field":{"type":"text","active":false,"custom_field_options":[{"name":"Apple","value":"apple"}]}}`}).field(200)
		if changed.Type != "tagger" || changed.Active || (*changed.CustomFieldOptions)[0] != (zendesk.TicketFieldItem{ID: 1, Name: "Apple", RawName: "Apple", Value: "apple"}) || !changed.UpdatedAt.Equal(w.Now()) {
			t.Errorf("changed %+v", changed)
		}
		if diff := cmp.Diff(changed, w.call(call{As: grace, Path: one}).field(200)); diff != "" {
			t.Error(diff)
		}
		w.call(call{As: ada, Method: "DELETE", Path: one}).want(http.StatusNoContent)
		w.call(call{As: ada, Path: one}).want(http.StatusNotFound)
		w.call(call{As: ada, Method: "DELETE", Path: one}).want(http.StatusNotFound)
		w.call(call{As: ada, Method: "PUT", Path: one, Body: `{"ticket_field":{}}`}).want(http.StatusNotFound)
		// A number is never given out twice, and another account counts its own.
		if again := w.addField(map[string]any{"title": "Cake"}); again.ID != pie.ID+1 || again.Type != "text" {
			t.Errorf("made %+v", again)
		}
		w.call(call{As: hank, Host: "globex.localhost", Path: fmt.Sprintf("/ticket_fields/%d", age.ID)}).want(http.StatusNotFound)
	})
}

func TestInvalidFields(t *testing.T) {
	w := newWorld(t, store.SQLite)
	one := fmt.Sprintf("/ticket_fields/%d", w.addField(map[string]any{"title": "Pie", "type": "tagger", "custom_field_options": pies}).ID)
	before := w.call(call{As: ada, Path: "/ticket_fields"}).Body
	for _, c := range []struct {
		method, path, body string
		status             int
		words              string
	}{
		{"POST", "/ticket_fields", `{}`, 400, "Parameter ticket_field is required"},
		{"POST", "/ticket_fields", `{"ticket_field":{}}`, 422, `"title":[{"description":"Title: cannot be blank","error":"BlankValue"}]`},
		{"POST", "/ticket_fields", `{"ticket_field":{"title":"x","type":"lookup"}}`, 422, "Type: is not a type of field"},
		{"POST", "/ticket_fields", `{"ticket_field":{"title":"x","type":"regexp"}}`, 422, "Regexp for validation: cannot be blank"},
		{"POST", "/ticket_fields", `{"ticket_field":{"title":"x","type":"tagger","custom_field_options":[]}}`, 422, "Custom field options: cannot be blank"},
		{"POST", "/ticket_fields", `{"ticket_field":{"title":"x","type":"tagger","custom_field_options":{}}}`, 400, "custom_field_options must be an array of hashes"},
		{"POST", "/ticket_fields", `{"ticket_field":{"title":"x","type":"tagger","custom_field_options":[{"name":1}]}}`, 400, "custom_field_options.name must be a string"},
		{"POST", "/ticket_fields", `{"ticket_field":{"title":"x","active":"maybe"}}`, 400, "active must be a boolean"},
		{"PUT", one, `{"ticket_field":{"title":""}}`, 422, "Title: cannot be blank"},
		{"PUT", one, `{"ticket_field":{"position":-1}}`, 422, "Position: is not a valid position"},
		{"PUT", "/ticket_fields/1", `{"ticket_field":{"title":"x"}}`, 422, "Subject is a field of the system"},
		{"DELETE", "/ticket_fields/1", ``, 422, "Subject is a field of the system"},
		{"PUT", "/ticket_fields/x", `{"ticket_field":{"title":"x"}}`, 404, ""},
	} {
		w.call(call{As: ada, Method: c.method, Path: c.path, Body: c.body}).want(c.status, c.words)
	}
	w.call(call{As: ada, Path: "/ticket_fields?page[after]=x"}).want(400)
	w.call(call{As: ada, Path: "/ticket_fields"}).want(200, before)
}

func TestWhoManagesFields(t *testing.T) {
	w := newWorld(t, store.SQLite)
	one := fmt.Sprintf("/ticket_fields/%d", w.addField(map[string]any{"title": "A"}).ID)
	const body = `{"ticket_field":{"title":"B"}}`
	for _, c := range []struct{ as, method, path string }{
		{grace, "POST", "/ticket_fields"},
		{grace, "PUT", one},
		{grace, "DELETE", one},
		{carl, "POST", "/ticket_fields"},
		{carl, "GET", one},
		{carl, "GET", "/ticket_fields/count"},
	} {
		w.call(call{As: c.as, Method: c.method, Path: c.path, Body: body}).want(http.StatusForbidden)
	}
	// Facts section 5.3: the narrower scopes do not reach.
	for scope, want := range map[string][2]int{"read": {200, 403}, "write": {403, 200}, "tickets:read tickets:write": {403, 403}} {
		bearer := w.bearer(scope)
		w.call(call{Bearer: bearer, Path: one}).want(want[0])
		w.call(call{Bearer: bearer, Path: "/ticket_fields"}).want(want[0])
		w.call(call{Bearer: bearer, Method: "PUT", Path: one, Body: body}).want(want[1])
	}
}

// custom is what a ticket or a request shows in its fields.
func custom(t *testing.T, fields, alias []zendesk.CustomField) map[int64]any {
	t.Helper()
	if diff := cmp.Diff(fields, alias); diff != "" {
		t.Errorf("fields is another name for custom_fields: %s", diff)
	}
	all := map[int64]any{}
	for _, f := range fields {
		all[f.ID] = f.Value
	}
	return all
}

func TestTicketsHaveCustomFields(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		pie := w.addField(map[string]any{"title": "Pie", "type": "tagger", "custom_field_options": pies}).ID
		parts := w.addField(map[string]any{"title": "Parts", "type": "multiselect", "custom_field_options": []any{map[string]any{"name": "A", "value": "a"}, map[string]any{"name": "B", "value": "b"}}}).ID
		broken := w.addField(map[string]any{"title": "Broken", "type": "checkbox", "tag": "broken"}).ID
		age := w.addField(map[string]any{"title": "Age", "type": "integer"}).ID
		made := w.open(grace, map[string]any{"comment": said("x"), "tags": []string{"hot"}, "custom_fields": []any{
			map[string]any{"id": pie, "value": "apple"},
			map[string]any{"id": parts, "value": []string{"b", "a"}},
			map[string]any{"id": broken, "value": true},
			map[string]any{"id": age, "value": 42},
			map[string]any{"id": 999, "value": "x"},
		}})
		want := map[int64]any{pie: "apple", parts: []any{"b", "a"}, broken: true, age: "42"}
		if diff := cmp.Diff(want, custom(t, made.Ticket.CustomFields, made.Ticket.Fields)); diff != "" {
			t.Error(diff)
		}
		if got := made.Ticket.Tags; !slices.Equal(got, []string{"hot", "apple", "b", "a", "broken"}) {
			t.Errorf("tags %q", got)
		}
		id := made.Ticket.ID
		shows := func(want map[int64]any, tags ...string) {
			t.Helper()
			got := w.call(call{As: grace, Path: fmt.Sprintf("/tickets/%d", id)}).want(200).ticket().Ticket
			if diff := cmp.Diff(want, custom(t, got.CustomFields, got.Fields)); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(got.Tags, tags) {
				t.Errorf("tags %q, want %q", got.Tags, tags)
			}
		}
		shows(want, "hot", "apple", "b", "a", "broken")
		// An object of values, by the other name, with the digits of numbers.
		w.update(grace, id, map[string]any{"fields": map[string]any{fmt.Sprint(pie): nil, fmt.Sprint(age): "-1", fmt.Sprint(broken): "false"}}).
			want(200, fmt.Sprintf(`"value":"-1","field_name":"%d","previous_value":"42"`, age))
		shows(map[int64]any{pie: nil, parts: []any{"b", "a"}, broken: false, age: "-1"}, "hot", "b", "a")
		w.call(call{As: grace, Method: "PUT", Path: fmt.Sprintf("/tickets/%d/tags", id), Body: `{"tags":["pecan"]}`}).want(200)
		shows(map[int64]any{pie: "pecan", parts: []any{"b", "a"}, broken: false, age: "-1"}, "hot", "b", "a", "pecan")
		// What is no option is passed over, as Zendesk does.
		if r := w.update(grace, id, map[string]any{"custom_fields": []any{map[string]any{"id": pie, "value": "pork"}}}).want(200); r.ticket().Audit != nil {
			t.Errorf("it changed: %s", r.Body)
		}
		invalid := w.update(grace, id, map[string]any{"custom_fields": []any{map[string]any{"id": age, "value": "old"}}}).want(422)
		var body struct{ Details map[string][]zendesk.Detail }
		invalid.decode(&body)
		if diff := cmp.Diff(map[string][]zendesk.Detail{"base": {{Description: "Age is not valid", Error: "InvalidValue", TicketFieldID: age, TicketFieldType: "FieldInteger"}}}, body.Details); diff != "" {
			t.Error(diff)
		}
		for _, bad := range []string{`"x"`, `[1]`, `[null]`, `[{"id":"x","value":"y"}]`, fmt.Sprintf(`[{"id":%d,"value":{}}]`, age), `{"x":"y"}`, fmt.Sprintf(`{"%d":[1]}`, age)} {
			w.update(grace, id, map[string]any{"custom_fields": json.RawMessage(bad)}).want(400, "custom_fields must be an array of ids and values")
		}
		shows(map[int64]any{pie: "pecan", parts: []any{"b", "a"}, broken: false, age: "-1"}, "hot", "b", "a", "pecan")
		// Neither a field out of use nor one that is gone is shown.
		w.call(call{As: ada, Method: "PUT", Path: fmt.Sprintf("/ticket_fields/%d", parts), Body: `{"ticket_field":{"active":false}}`}).want(200)
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("/ticket_fields/%d", broken)}).want(204)
		w.call(call{As: ada, Method: "PUT", Path: fmt.Sprintf("/ticket_fields/%d", pie), Body: `{"ticket_field":{"custom_field_options":[{"name":"Apple","value":"apple"}]}}`}).want(200)
		shows(map[int64]any{pie: nil, age: "-1"}, "hot", "b", "a", "pecan")
		list := w.call(call{As: grace, Path: "/tickets"}).want(200).Body
		if !strings.Contains(list, fmt.Sprintf(`"custom_fields":[{"id":%d,"value":null},{"id":%d,"value":"-1"}]`, pie, age)) {
			t.Errorf("the list has %s", list)
		}
		w.call(call{As: grace, Path: "/search?query=tags:pecan"}).want(200, fmt.Sprintf(`{"id":%d,"value":"-1"}`, age))
	})
}

func TestRequiredFields(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		serial := w.addField(map[string]any{
			"title": "Serial", "type": "regexp", "regexp_for_validation": "^S[0-9]+$", "required": true,
			"visible_in_portal": true, "editable_in_portal": true, "required_in_portal": true,
		}).ID
		secret := w.addField(map[string]any{"title": "Secret"}).ID
		id := w.open(grace, map[string]any{"comment": said("x")}).Ticket.ID
		lacks := w.update(grace, id, map[string]any{"status": "solved"}).want(422)
		// The words and the null were recorded.
		lacks.want(422, fmt.Sprintf(`"base":[{"description":"Serial: is required when solving a ticket","ticket_field_id":%d,"ticket_field_type":"FieldRegexp","error":null}]`, serial))
		w.update(grace, id, map[string]any{"status": "solved", "custom_fields": []any{map[string]any{"id": serial, "value": "X"}}}).want(422, "Serial is not valid")
		w.update(grace, id, map[string]any{"status": "solved", "custom_fields": []any{map[string]any{"id": serial, "value": "S1"}}}).want(200)

		ask := func(fields ...any) *reply {
			return w.call(call{As: carl, Method: "POST", Path: "/requests", Body: map[string]any{"request": map[string]any{
				"subject": "s", "comment": said("x"), "custom_fields": fields,
			}}})
		}
		ask().want(422, "Serial: cannot be blank", `"BlankValue"`)
		got := ask(map[string]any{"id": serial, "value": "S2"}, map[string]any{"id": secret, "value": "x"}).want(201)
		var e zendesk.RequestEnvelope
		got.decode(&e)
		if diff := cmp.Diff(map[int64]any{serial: "S2"}, custom(t, e.Request.CustomFields, e.Request.Fields)); diff != "" {
			t.Errorf("who asks sees and fills in what is theirs: %s", diff)
		}
		seen := w.call(call{As: grace, Path: fmt.Sprintf("/requests/%d", e.Request.ID)}).want(200)
		seen.decode(&e)
		if diff := cmp.Diff(map[int64]any{serial: "S2", secret: nil}, custom(t, e.Request.CustomFields, e.Request.Fields)); diff != "" {
			t.Error(diff)
		}
	})
}
