package issuerhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

const recordNotFound = `{"error":"RecordNotFound","description":"Not found"}`

func TestUsersList(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		token := w.bearer(grace, "users:read")
		for target, want := range map[string]string{
			zendesk.UsersPath + ".json":                                  "Ada Admin, Grace Agent, Carl Customer, Sam Suspended",
			zendesk.UsersPath + "?role=agent":                            "Grace Agent, Sam Suspended",
			zendesk.UsersPath + "?role[]=admin&role[]=end-user":          "Ada Admin, Carl Customer",
			zendesk.UsersPath + "?role=pirate":                           "",
			zendesk.UsersPath + "?page[size]=2&sort=-id":                 "Sam Suspended, Carl Customer",
			zendesk.UsersSearchPath + ".json?query=Carl@acme.example":    "Carl Customer",
			zendesk.UsersSearchPath + "?query=email:carl@acme.example":   "Carl Customer",
			zendesk.UsersSearchPath + `?query=%22carl@acme.example%22`:   "Carl Customer",
			zendesk.UsersSearchPath + `?query=type:user+role:agent+gra`:  "Grace Agent",
			zendesk.UsersSearchPath + "?query=acme":                      "Ada Admin, Grace Agent, Carl Customer, Sam Suspended",
			zendesk.UsersSearchPath + "?query=hank@globex.example":       "", // another account's
			zendesk.UsersSearchPath + "?query=type:ticket":               "",
			zendesk.UsersSearchPath + "?query=%25":                       "", // not "anything"
			zendesk.UsersSearchPath + "?query=_da":                       "",
			zendesk.UsersSearchPath + `?query=a\`:                        "",
			zendesk.UsersSearchPath + "?query=%00":                       "",
			zendesk.UsersSearchPath + "?query=%ff":                       "",
			zendesk.UsersSearchPath + "?external_id=7":                   "",
			zendesk.UsersSearchPath + "?query=acme&per_page=1&page=3":    "Carl Customer",
			zendesk.UsersSearchPath + "?query='%20OR%201=1%20--%20":      "",
			zendesk.UsersSearchPath + "?query=" + strings.Repeat("a", 9): "",
			// Of what no database could compare there is nobody.
			zendesk.UsersSearchPath + "?query=" + strings.Repeat("acme+", 20):        "Ada Admin, Grace Agent, Carl Customer, Sam Suspended",
			zendesk.UsersSearchPath + "?query=" + strings.Repeat("acme+", 1100):      "",
			zendesk.UsersSearchPath + "?query=" + strings.Repeat("a", 51_000):        "",
			zendesk.UsersPath + "?role=admin" + strings.Repeat("&role[]=agent", 999): "Ada Admin, Grace Agent, Sam Suspended",
		} {
			var l struct{ Users []zendesk.User }
			w.api(token, http.MethodGet, target, "").into(http.StatusOK, &l)
			var names []string
			for _, u := range l.Users {
				names = append(names, u.Name)
			}
			if diff := cmp.Diff(want, strings.Join(names, ", ")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", target, diff)
			}
		}
	})
}

func TestUsersShow(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		admin, end := w.bearer(ada, "users:read"), w.bearer(carl, "read")
		id := w.user(carl).ID
		var one zendesk.UserEnvelope
		w.api(admin, http.MethodGet, fmt.Sprintf("%s/%d.json", zendesk.UsersPath, id), "").into(http.StatusOK, &one)
		if u := one.User; *u.ID != int64(id) || *u.Email != carl || u.Role != "end-user" {
			t.Errorf("%+v", u)
		}
		stranger := w.user(hank).ID
		for _, c := range []struct {
			bearer, target string
			status         int
			words          string
		}{
			{admin, fmt.Sprintf("%s/%d", zendesk.UsersPath, stranger), 404, "RecordNotFound"},
			{admin, zendesk.UsersPath + "/none", 404, "RecordNotFound"},
			{admin, zendesk.UsersPath + "/99999999999999999999", 404, "RecordNotFound"},
			{admin, zendesk.UsersSearchPath, 400, "Parameter query is required"},
			{admin, zendesk.UsersPath + "?page[size]=1000", 400, "InvalidPaginationParameter"},
			{end, zendesk.UsersPath, 403, `"Forbidden"`},
			{end, fmt.Sprintf("%s/%d", zendesk.UsersPath, id), 403, `"Forbidden"`},
			{w.bearer(ada, "tickets:read"), zendesk.UsersPath, 403, "users:read, read"},
			{"", zendesk.UsersPath, 401, "Couldn't authenticate you"},
		} {
			if got := w.api(c.bearer, http.MethodGet, c.target, ""); got.Status != c.status || !strings.Contains(got.Body, c.words) {
				t.Errorf("%s: %d %s; want %d, %s", c.target, got.Status, got.Body, c.status, c.words)
			}
		}
		// An erased user is nobody's to see.
		if err := w.issuer.DeleteUser(t.Context(), w.account("acme"), id, by(w.user(ada))); err != nil {
			t.Fatal(err)
		}
		w.api(admin, http.MethodGet, fmt.Sprintf("%s/%d", zendesk.UsersPath, id), "").want(http.StatusNotFound)
	})
}
