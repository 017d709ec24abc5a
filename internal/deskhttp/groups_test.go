package deskhttp_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/store"
	"github.com/deskauth/deskauth/zendesk"
)

func (r *reply) group(status int) zendesk.Group {
	r.t.Helper()
	var e zendesk.GroupEnvelope
	r.want(status).decode(&e)
	return e.Group
}

func (w *world) addGroup(body string) zendesk.Group {
	w.t.Helper()
	return w.call(call{As: ada, Method: http.MethodPost, Path: "/groups.json", Body: body}).group(http.StatusCreated)
}

func (w *world) wantGroups(path string, want ...int64) {
	w.t.Helper()
	var got []int64
	var list struct{ Groups []zendesk.Group }
	w.call(call{As: grace, Path: path}).want(http.StatusOK).decode(&list)
	for _, g := range list.Groups {
		got = append(got, g.ID)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: %v, want %v", path, got, want)
	}
}

func TestGroupFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.wantGroups("/groups")
		made := w.addGroup(`{"group":{"name":" Level 2 ","description":"They know."}}`)
		at := made.CreatedAt
		if made.Name != "Level 2" || made.Description != "They know." || !made.IsPublic || made.Default || made.Deleted ||
			!at.Equal(w.Now()) || made.URL != fmt.Sprintf("http://acme.localhost/api/v2/groups/%d.json", made.ID) {
			t.Errorf("made %+v", made)
		}
		// Two of one name are two.
		other := w.addGroup(`{"group":{"name":"Level 2","is_public":false}}`)
		if other.IsPublic || other.ID == made.ID {
			t.Errorf("made %+v", other)
		}
		one := fmt.Sprintf("/groups/%d.json", made.ID)
		if got := w.call(call{As: grace, Path: one}).group(200); got.Name != made.Name || got.Deleted {
			t.Errorf("shows %+v", got)
		}
		w.pass(time.Hour)
		changed := w.call(call{As: ada, Method: "PUT", Path: one, Body: `{"group":{"name":"Level 3"}}`}).group(200)
		if changed.Name != "Level 3" || changed.Description != "They know." || !changed.CreatedAt.Equal(at.Time) || !changed.UpdatedAt.Equal(w.Now()) {
			t.Errorf("changed %+v", changed)
		}
		w.wantGroups("/groups.json?page[size]=1", made.ID)
		w.wantGroups("/groups.json?per_page=1&page=2", other.ID)

		w.call(call{As: ada, Method: "DELETE", Path: one}).want(http.StatusNoContent)
		if got := w.call(call{As: grace, Path: one}).group(200); !got.Deleted || !got.UpdatedAt.Equal(w.Now()) {
			t.Errorf("shows %+v", got)
		}
		w.wantGroups("/groups.json", made.ID, other.ID)
		w.wantGroups("/groups?exclude_deleted=true", other.ID)
		w.wantGroups("/groups/assignable.json", other.ID)
		w.call(call{As: grace, Path: "/groups/count.json"}).want(200, `"value":1`)
		w.call(call{As: grace, Path: "/groups?exclude_deleted=perhaps"}).want(http.StatusBadRequest, "exclude_deleted must be a boolean")
		w.call(call{As: ada, Method: "DELETE", Path: one}).want(http.StatusNotFound)
		w.call(call{As: ada, Method: "PUT", Path: one, Body: `{"group":{"name":"x"}}`}).want(http.StatusNotFound)
		w.call(call{As: ada, Path: "/groups/999"}).want(http.StatusNotFound)
	})
}

func TestInvalidGroups(t *testing.T) {
	w := newWorld(t, store.SQLite)
	private := w.addGroup(`{"group":{"name":"Private","is_public":false}}`)
	one := fmt.Sprintf("/groups/%d", private.ID)
	before := w.call(call{As: ada, Path: one}).Body
	for _, c := range []struct {
		method, path, body string
		status             int
		words              string
	}{
		{"POST", "/groups", `{}`, 400, "Parameter group is required"},
		{"POST", "/groups", `{"group":{}}`, 422, `"name":[{"description":"Name: cannot be blank","error":"BlankValue"}]`},
		{"POST", "/groups", `{"group":{"name":" \u0000 "}}`, 422, "Name: cannot be blank"},
		{"POST", "/groups", `{"group":{"name":"` + strings.Repeat("x", 256) + `"}}`, 422, "Name: is too long"},
		{"POST", "/groups", `{"group":{"name":"x","description":"` + strings.Repeat("x", 8<<10+1) + `"}}`, 422, "Description: is too long"},
		{"POST", "/groups", `{"group":{"name":1.5}}`, 400, "name must be a string"},
		{"POST", "/groups", `{"group":[]}`, 400, "group"},
		{"PUT", one, `{"group":{"name":""}}`, 422, "Name: cannot be blank"},
		{"PUT", one, `{"group":{"is_public":true}}`, 422, "Is public: cannot be set"},
		{"PUT", one, `{"group":{"is_public":"maybe"}}`, 400, "is_public must be a boolean"},
	} {
		w.call(call{As: ada, Method: c.method, Path: c.path, Body: c.body}).want(c.status, c.words)
	}
	w.wantGroups("/groups", private.ID)
	w.call(call{As: ada, Path: one}).want(200, before)
}

func TestWhoManagesGroups(t *testing.T) {
	w := newWorld(t, store.SQLite)
	one := fmt.Sprintf("/groups/%d", w.addGroup(`{"group":{"name":"A"}}`).ID)
	const body = `{"group":{"name":"B"}}`
	for _, c := range []struct{ as, method, path string }{
		{grace, "POST", "/groups"},
		{grace, "PUT", one},
		{grace, "DELETE", one},
		{carl, "POST", "/groups"},
		{carl, "GET", "/groups"},
		{carl, "GET", one},
		{carl, "GET", "/groups/count"},
		{carl, "GET", "/groups/assignable"},
	} {
		w.call(call{As: c.as, Method: c.method, Path: c.path, Body: body}).want(http.StatusForbidden)
	}
	for scope, want := range map[string][2]int{
		"read": {200, 403}, "groups:read": {200, 403}, "write": {403, 200}, "groups:write": {403, 200}, "tickets": {403, 403},
	} {
		token := w.bearer(scope)
		w.call(call{Bearer: token, Path: one}).want(want[0])
		w.call(call{Bearer: token, Method: "PUT", Path: one, Body: body}).want(want[1])
	}
	w.call(call{Bearer: w.bearer("tickets:read"), Path: one}).want(403, "You are missing the following required scopes: groups:read, read")
	w.call(call{As: hank, Host: "globex.localhost", Path: one}).want(http.StatusNotFound)
	w.call(call{As: hank, Host: "globex.localhost", Method: "DELETE", Path: one}).want(http.StatusNotFound)
}

func TestTicketsHaveGroups(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, b := w.addGroup(`{"group":{"name":"Level 2"}}`), w.addGroup(`{"group":{"name":"Field"}}`)
		made := w.open(grace, map[string]any{"subject": "Printer", "comment": said("It burns."), "group_id": a.ID})
		if got := made.Ticket; got.GroupID == nil || *got.GroupID != a.ID || got.Status != "new" {
			t.Errorf("opened %+v", got)
		}
		without := w.open(grace, map[string]any{"subject": "Other", "comment": said("x")})
		if without.Ticket.GroupID != nil {
			t.Errorf("opened %+v", without.Ticket)
		}
		id := made.Ticket.ID
		group := func(want *int64) {
			t.Helper()
			got := w.call(call{As: grace, Path: fmt.Sprintf("/tickets/%d", id)}).want(200).ticket().Ticket.GroupID
			if (got == nil) != (want == nil) || got != nil && *got != *want {
				t.Errorf("its group is %v, want %v", got, want)
			}
		}
		group(&a.ID)
		w.update(grace, id, map[string]any{"group_id": b.ID}).want(200,
			fmt.Sprintf(`"value":"%d","field_name":"group_id","previous_value":"%d"`, b.ID, a.ID))
		group(&b.ID)
		w.wantNumbers(grace, "/search.json?query=type:ticket%20group:field", id)
		w.wantNumbers(grace, `/search.json?query=type:ticket%20group:%22level%202%22`)
		w.wantNumbers(grace, fmt.Sprintf("/search.json?query=type:ticket%%20group:%d", b.ID), id)
		w.wantNumbers(grace, "/search.json?query=type:ticket%20group:none", without.Ticket.ID)

		// What it has already, it keeps: clients send back what they got.
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("/groups/%d", b.ID)}).want(204)
		w.update(grace, id, map[string]any{"group_id": b.ID, "priority": "high"}).want(200)
		group(&b.ID)
		w.update(grace, without.Ticket.ID, map[string]any{"group_id": b.ID}).want(422, `"group":[{"description":"Group: is not a group of this account"`)
		for _, bad := range []any{999, -1} {
			w.update(grace, id, map[string]any{"group_id": bad}).want(422, "Group: is not a group of this account")
			w.call(call{As: grace, Method: "POST", Path: "/tickets", Body: map[string]any{"ticket": map[string]any{"comment": said("x"), "group_id": bad}}}).want(422)
		}
		w.update(grace, id, map[string]any{"group_id": "many"}).want(400, "group_id must be an integer")
		group(&b.ID)
		w.update(grace, id, map[string]any{"group_id": nil}).want(200, `"value":null,"field_name":"group_id","previous_value":"`)
		group(nil)
		w.update(grace, id, map[string]any{"group_id": a.ID}).want(200)
		w.call(call{As: ada, Method: "DELETE", Path: fmt.Sprintf("/tickets/%d", id)}).want(204)
	})
}
