package issuerhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

func (w *world) userAPI(bearer, method, target, body string, status int) zendesk.User {
	w.t.Helper()
	var e zendesk.UserEnvelope
	w.api(bearer, method, zendesk.UsersPath+target, body).into(status, &e)
	return e.User
}

// The life of a user in the API.
func TestUserFromCreationToDeletion(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin, since := w.bearer(ada), w.lastEvent()
		r := w.api(admin, "POST", zendesk.UsersPath+".json", `{"user":{"name":"Roger Wilco","email":" Roge@ACME.example ","verified":true,"user_fields":{}}}`)
		var e zendesk.UserEnvelope
		r.into(201, &e)
		made := e.User
		if made.Name != "Roger Wilco" || *made.Email != "roge@acme.example" || made.Role != "end-user" || !made.Active || r.Header.Get("Location") != *made.URL || r.Header.Get("X-Zendesk-Api-Warn") != "" {
			t.Errorf("made %+v at %s, warns %s", made, r.Header.Get("Location"), r.Header.Get("X-Zendesk-Api-Warn"))
		}
		one := fmt.Sprintf("/%d.json", *made.ID)
		w.clock.pass(time.Minute)
		if got := w.userAPI(admin, "PUT", one, `{"user":{"name":"Roger W.","role":"agent","email":"other@acme.example"}}`, 200); got.Name != "Roger W." || got.Role != "agent" || *got.Email != "roge@acme.example" {
			t.Errorf("became %+v", got)
		}
		theirs := w.bearer("roge@acme.example")
		w.alive(theirs)
		if got := w.userAPI(admin, "PUT", one, `{"user":{"suspended":true}}`, 200); !got.Suspended {
			t.Errorf("became %+v", got)
		}
		w.dead(theirs)
		w.userAPI(admin, "PUT", one, `{"user":{"suspended":false}}`, 200)
		w.alive(theirs)
		// Whoever has the email is changed; nobody, and there is somebody new.
		if got := w.userAPI(admin, "POST", "/create_or_update", `{"user":{"name":"Rog","email":"ROGE@acme.example"}}`, 200); *got.ID != *made.ID || got.Name != "Rog" || got.Role != "agent" {
			t.Errorf("updated %+v", got)
		}
		second := w.userAPI(admin, "POST", "/create_or_update", `{"user":{"name":"New","email":"new@acme.example","role":"admin"}}`, 201)
		if *second.ID == *made.ID || second.Role != "admin" {
			t.Errorf("created %+v", second)
		}
		var list struct {
			Users []struct{ ID int64 }
			Count int
		}
		w.api(admin, "GET", fmt.Sprintf("%s/show_many.json?ids=%d,%d,999", zendesk.UsersPath, *second.ID, *made.ID), "").into(200, &list)
		if len(list.Users) != 2 || list.Count != 2 || list.Users[0].ID != *second.ID {
			t.Errorf("show_many: %+v", list)
		}
		w.api(admin, "GET", zendesk.UsersPath+"/count", "").wantBody(200, `{"count":{"value":6,"refreshed_at":"2026-11-22T09:01:00Z"}}`)
		w.api(admin, "GET", zendesk.UsersPath+"/count?role[]=admin", "").wantBody(200, `{"count":{"value":2,"refreshed_at":"2026-11-22T09:01:00Z"}}`)

		if got := w.userAPI(admin, "DELETE", one, "", 200); got.Active || got.Name != "Rog" {
			t.Errorf("deleted %+v", got)
		}
		w.dead(theirs)
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			w.api(admin, method, zendesk.UsersPath+one, `{"user":{"name":"x"}}`).wantBody(404, notFound)
		}
		if said := strings.Join(w.said(since), "; "); strings.Count(said, "user.created") != 2 || strings.Count(said, "user.updated") != 4 || strings.Count(said, "user.deleted") != 1 {
			t.Errorf("the audit trail says %s", said)
		}
	})
}

// overtaken is a store whose reader of a user is slower than another who changes
// them: what was read is no longer so when it comes to be decided upon.
type overtaken struct {
	issuer.Store
	by func()
}

func (o *overtaken) User(ctx context.Context, a issuer.AccountID, id issuer.UserID) (issuer.User, error) {
	u, err := o.Store.User(ctx, a, id)
	if by := o.by; by != nil && u.Email == carl {
		o.by = nil
		by()
	}
	return u, err
}

// An agent may change a customer. One who was made an admin after the agent's
// request looked at them is none.
func TestUserWhoIsPromotedMeanwhile(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		of, agent, admin := w.user(carl), w.bearer(grace), w.issuer.Store
		for target, call := range map[string]func() *reply{
			"PUT": func() *reply {
				return w.api(agent, "PUT", fmt.Sprintf("%s/%d", zendesk.UsersPath, of.ID), `{"user":{"name":"Mallory"}}`)
			},
			"create_or_update": func() *reply {
				return w.api(agent, "POST", zendesk.UsersPath+"/create_or_update", `{"user":{"name":"Mallory","email":"`+carl+`"}}`)
			},
		} {
			change := func(role issuer.Role) {
				other := &issuer.Issuer{Store: admin, Policies: w.issuer.Policies, Now: w.clock.Now, Rand: w.issuer.Rand}
				if _, err := other.UpdateUser(t.Context(), w.account("acme"), of.ID, issuer.UserChange{Role: &role}, issuer.By{}); err != nil {
					t.Fatal(err)
				}
			}
			w.issuer.Store = &overtaken{Store: admin, by: func() { change(issuer.Admin) }}
			call().wantBody(409, `{"error":"DatabaseConflict","description":"Database collision"}`)
			w.issuer.Store = admin
			if got := w.user(carl); got.Role != issuer.Admin || got.Name != of.Name {
				t.Errorf("%s: became %+v", target, got)
			}
			call().wantBody(403, forbidden)
			change(issuer.EndUser)
			w.clock.pass(time.Minute)
		}
	})
}

// Agents look after those who only ask.
func TestWhoManagesUsers(t *testing.T) {
	w := onSQLite(t, options{})
	admin, agent, customer, reader, writer := w.bearer(ada), w.bearer(grace), w.bearer(carl), w.bearer(ada, "users:read"), w.bearer(ada, "write")
	carls, graces, adas := fmt.Sprintf("/%d", w.user(carl).ID), fmt.Sprintf("/%d", w.user(grace).ID), fmt.Sprintf("/%d", w.user(ada).ID)
	w.userAPI(agent, "POST", "", `{"user":{"name":"N","email":"n@acme.example"}}`, 201)
	w.userAPI(agent, "PUT", carls, `{"user":{"name":"Carlo"}}`, 200)
	w.userAPI(agent, "POST", "/create_or_update", `{"user":{"name":"Carl","email":"`+carl+`"}}`, 200)
	before := w.rows()
	for _, c := range []struct{ bearer, method, target, body string }{
		{agent, "POST", "", `{"user":{"name":"M","email":"m@acme.example","role":"agent"}}`},
		{agent, "POST", "", `{"user":{"name":"M","email":"m@acme.example","role":"king"}}`},
		{agent, "POST", "/create_or_update", `{"user":{"name":"A","email":"` + ada + `"}}`},
		{agent, "PUT", carls, `{"user":{"role":"admin"}}`},
		{agent, "PUT", graces, `{"user":{"role":"admin"}}`},
		{agent, "PUT", adas, `{"user":{"suspended":true}}`},
		{agent, "DELETE", carls, ``},
		{customer, "POST", "", `{"user":{"name":"M","email":"m@acme.example"}}`},
		{customer, "PUT", carls, `{"user":{"name":"Me"}}`},
		{customer, "GET", "/show_many?ids=1", ``},
		{customer, "GET", "/count", ``},
	} {
		w.api(c.bearer, c.method, zendesk.UsersPath+c.target, c.body).wantBody(403, forbidden)
	}
	w.api(reader, "POST", zendesk.UsersPath, `{}`).want(403)
	w.api(writer, "GET", zendesk.UsersPath+"/count", "").want(403)
	for _, c := range []struct {
		method, target, body string
		status               int
		words                string
	}{
		{"POST", "", ``, 400, "Parameter user is required"},
		{"POST", "", `{"user":[]}`, 400, "user must be a hash"},
		{"POST", "", `{"user":{"name":1}}`, 400, "user.name must be a string"},
		{"POST", "", `{"user":{"suspended":"x","name":"x"}}`, 400, "user.suspended must be a boolean"},
		{"POST", "", `{"user":{}}`, 422, "Name: cannot be blank"},
		{"POST", "", `{"user":{"name":"x"}}`, 422, "Email: cannot be blank"},
		{"POST", "", `{"user":{"name":"x","email":"x"}}`, 422, "Email: must be an address"},
		{"POST", "", `{"user":{"name":"x","email":"` + carl + `"}}`, 422, "Email: is already being used by another user"},
		{"POST", "", `{"user":{"name":"x","email":"x@x.example","role":"king"}}`, 422, "Role: must be admin, agent or end-user"},
		{"POST", "", `{"user":{"name":"a\u0000b","email":"x@x.example"}}`, 422, "Name: holds a control character"},
		{"PUT", carls, `{"user":{"name":""}}`, 422, "Name: cannot be blank"},
		{"PUT", carls, `{"user":{"role":""}}`, 422, "Role: must be"},
		{"PUT", "/x", `{"user":{}}`, 404, "RecordNotFound"},
		{"PUT", "/999999", `{"user":{}}`, 404, "RecordNotFound"},
		{"DELETE", "/999999", ``, 404, "RecordNotFound"},
		{"DELETE", fmt.Sprintf("/%d", w.user(hank).ID), ``, 404, "RecordNotFound"},
		{"GET", "/show_many", ``, 400, "Parameter ids is required"},
		{"GET", "/show_many?ids=a", ``, 400, "ids must be a list of integers"},
	} {
		w.run(c.method+" "+c.target+" "+c.body, func(t *testing.T) {
			if r := w.api(admin, c.method, zendesk.UsersPath+c.target, c.body).want(c.status); !strings.Contains(r.Body, c.words) {
				t.Errorf("it says %s", r.Body)
			}
		})
	}
	w.unchanged(before)
	w.api(admin, http.MethodPatch, zendesk.UsersPath+carls, `{}`).wantBody(404, invalidEndpoint)
}
