package issuerhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

const userPages = "/admin/users"

func (w *world) userPage(email string) string { return userPages + "/" + id64(int64(w.user(email).ID)) }

// saves is the form of a user's page, as it stands, with pairs changed.
func (w *world) saves(b *browser, email string, pairs ...string) *reply {
	w.t.Helper()
	page := w.userPage(email)
	seen := b.get(page).want(http.StatusOK).hidden(web.FieldSeen)
	u := w.user(email)
	return b.post(page, with(form(web.FieldSeen, seen, web.FieldName, u.Name, web.FieldRole, string(u.Role)), pairs...))
}

func TestAUserIsMadeOnTheirPage(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b, since := w.as(ada), w.lastEvent()
		const password = "a password of nova's"
		r := b.post(userPages, form(web.FieldName, "Nova <Novice>", web.FieldEmail, " Nova@Acme.example ", web.FieldRole, "agent", web.FieldPassword, password)).want(http.StatusSeeOther)
		page := b.follow(r).want(http.StatusOK)
		for _, said := range []string{"Nova &lt;Novice&gt;", "nova@acme.example", "Added.", "Active", "0 tokens are live."} {
			if !strings.Contains(page.Body, said) {
				t.Errorf("the page does not say %q", said)
			}
		}
		if strings.Contains(page.Body, password) {
			t.Error("the page holds the password")
		}
		fresh := w.browser("acme.localhost")
		fresh.post(signInPath, credentials("nova@acme.example", password)).want(http.StatusSeeOther)
		if u := w.user("nova@acme.example"); u.Role != issuer.Agent {
			t.Errorf("%+v", u)
		}
		b.post(userPages, form(web.FieldName, "Without", web.FieldEmail, "without@acme.example", web.FieldRole, "end-user", web.FieldPassword, "")).want(http.StatusSeeOther)
		if list := b.get(userPages + "?q=without").want(http.StatusOK).Body; !strings.Contains(list, "No password") || strings.Contains(list, "Nova") {
			t.Error(list)
		}
		said := strings.Join(w.said(since), "\n")
		if !strings.HasPrefix(said, "user.created user ") || !strings.Contains(said, " agent\n") {
			t.Errorf("audit trail:\n%s", said)
		}
	})
}

// What changes of a user changes what their tokens open, at once (facts section 3.3).
func TestAUserIsChangedOnTheirPage(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		held, since := w.bearer(grace), w.lastEvent()
		users := func() int { return w.api(held, http.MethodGet, "/api/v2/users", "").Status }
		if page := b.get(w.userPage(grace)).want(http.StatusOK).Body; !strings.Contains(page, "1 token is live.") {
			t.Error(page)
		}
		if users() != http.StatusOK {
			t.Error("an agent lists users")
		}
		w.saves(b, grace, web.FieldRole, "end-user", web.FieldName, "Grace Renamed").want(http.StatusSeeOther)
		if users() != http.StatusForbidden {
			t.Error("an end user does not list users any more")
		}
		w.saves(b, grace, web.FieldRole, "agent").want(http.StatusSeeOther)

		b.post(w.userPage(grace)+"/suspended", form(web.FieldSuspended, "true")).want(http.StatusSeeOther)
		w.dead(held)
		if page := b.get(w.userPage(grace) + "?done=suspended").Body; !strings.Contains(page, "Let them in again") || !strings.Contains(page, "Suspended. Their tokens") {
			t.Error(page)
		}
		b.post(w.userPage(grace)+"/suspended", form(web.FieldSuspended, "false")).want(http.StatusSeeOther)
		w.alive(held)

		// Another password ends their sessions, and no token.
		hers := w.browser("acme.localhost").signInAs(grace)
		b.post(w.userPage(grace)+"/password", form(web.FieldPassword, "another password of hers")).want(http.StatusSeeOther)
		hers.get("/apps").want(http.StatusSeeOther)
		w.alive(held)
		w.browser("acme.localhost").post(signInPath, credentials(grace, "another password of hers")).want(http.StatusSeeOther)

		page, was := w.userPage(grace), w.user(grace)
		if ask := b.get(page+"/delete").wantPage(http.StatusOK, "Delete Grace Renamed?"); !strings.Contains(ask.Body, "1 live token will stop working.") {
			t.Error(ask.Body)
		}
		b.post(page+"/delete", form(web.FieldTyped, ada)).want(http.StatusUnprocessableEntity)
		w.alive(held)
		b.post(page+"/delete", form(web.FieldTyped, " "+strings.ToUpper(grace)+" ")).want(http.StatusSeeOther)
		w.dead(held)
		for _, path := range []string{page, page + "/delete"} {
			b.get(path).want(http.StatusNotFound)
		}
		for path, v := range map[string]url.Values{
			page: form(web.FieldSeen, "1", web.FieldName, "x", web.FieldRole, "admin"), page + "/delete": form(web.FieldTyped, grace),
			page + "/password": form(web.FieldPassword, "a password of nobody's"), page + "/suspended": form(web.FieldSuspended, "false"),
		} {
			b.post(path, v).want(http.StatusNotFound)
		}
		if list := b.get(userPages + "?done=deleted").Body; strings.Contains(list, "Grace") || !strings.Contains(list, "Deleted.") {
			t.Error(list)
		}
		object := "user " + id64(int64(was.ID))
		var got []string
		for _, line := range w.said(since) {
			if strings.Contains(line, object) {
				got = append(got, strings.ReplaceAll(line, object+" ", ""))
			}
		}
		if said := strings.Join(got, "\n"); !strings.Contains(said, "user.updated name, role agent to end-user\nuser.updated role end-user to agent\n"+
			"user.updated suspended\nuser.updated no longer suspended\n") || !strings.Contains(said, "user.updated password\n") || !strings.HasSuffix(said, "user.deleted "+object) {
			t.Errorf("audit trail:\n%s", said)
		}
	})
}

// No admin locks out themselves, and so not the last one: neither by a form that the
// page does not offer.
func TestAdminsDoNotLockThemselvesOut(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		page := b.get(w.userPage(ada)).want(http.StatusOK).Body
		for _, offered := range []string{"/suspended", "/delete"} {
			if strings.Contains(page, `="`+w.userPage(ada)+offered) {
				t.Errorf("the page offers %s", offered)
			}
		}
		if !strings.Contains(page, "This is you.") {
			t.Error("the page does not say whose it is")
		}
		before := w.rows()
		for _, r := range []*reply{
			w.saves(b, ada, web.FieldRole, "agent"), w.saves(b, ada, web.FieldRole, "end-user", web.FieldName, "x"),
			b.post(w.userPage(ada)+"/suspended", form(web.FieldSuspended, "true")), b.post(w.userPage(ada)+"/delete", form(web.FieldTyped, ada)),
		} {
			r.wantPage(http.StatusConflict, "Ada Admin · Local Zendesk | Nobody takes their own admin rights.")
		}
		w.unchanged(before)
		if u := w.user(ada); !u.Manages() || u.Name != "Ada Admin" {
			t.Errorf("%+v", u)
		}
		// What takes nothing away is theirs to change; another password signs them out.
		w.saves(b, ada, web.FieldName, "Ada Renamed").want(http.StatusSeeOther)
		b.post(w.userPage(ada)+"/suspended", form(web.FieldSuspended, "false")).want(http.StatusSeeOther)
		b.post(w.userPage(ada)+"/password", form(web.FieldPassword, "another password of mine")).want(http.StatusSeeOther)
		b.get(userPages).want(http.StatusSeeOther)
	})
}

// Two admins who take it from each other at the same time: one stays.
func TestAdminsWhoTakeItFromEachOther(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a, admin, agent := w.account("acme"), issuer.Admin, issuer.Agent
		if _, err := w.issuer.UpdateUser(t.Context(), a, w.user(grace).ID, issuer.UserChange{Role: &admin}, issuer.By{}); err != nil {
			t.Fatal(err)
		}
		suspended := true
		for round := range 12 {
			one, other := w.user(ada), w.user(grace)
			take := []func(by, from issuer.User) error{
				func(b, from issuer.User) error {
					_, err := w.issuer.UpdateUser(t.Context(), a, from.ID, issuer.UserChange{Role: &agent}, by(b))
					return err
				},
				func(b, from issuer.User) error {
					_, err := w.issuer.UpdateUser(t.Context(), a, from.ID, issuer.UserChange{Suspended: &suspended}, by(b))
					return err
				},
			}[round%2]
			var wg sync.WaitGroup
			var errs [2]error
			wg.Go(func() { errs[0] = take(one, other) })
			wg.Go(func() { errs[1] = take(other, one) })
			wg.Wait()
			one, other = w.user(ada), w.user(grace)
			if one.Manages() == other.Manages() || (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("round %d: %v and %v: %+v and %+v", round, errs[0], errs[1], one, other)
			}
			no := false
			for _, email := range []string{ada, grace} {
				if _, err := w.issuer.UpdateUser(t.Context(), a, w.user(email).ID, issuer.UserChange{Role: &admin, Suspended: &no}, issuer.By{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		// Nor does the one who was deleted a moment ago.
		erased := w.user(grace)
		if err := w.issuer.DeleteUser(t.Context(), a, erased.ID, by(w.user(ada))); err != nil {
			t.Fatal(err)
		}
		if err := w.issuer.DeleteUser(t.Context(), a, w.user(ada).ID, by(erased)); err == nil || !w.user(ada).Manages() {
			t.Errorf("somebody erased took away the last admin: %v", err)
		}
	})
}

// Of two admins with the same page of a user, the second is told.
func TestAUserOfTwoAdmins(t *testing.T) {
	w := onSQLite(t, options{})
	if err := w.change(w.account("acme"), grace, string(issuer.Admin), nil); err != nil {
		t.Fatal(err)
	}
	seen := w.as(ada).get(w.userPage(carl)).hidden(web.FieldSeen)
	w.saves(w.as(grace), carl, web.FieldRole, "agent").want(http.StatusSeeOther)
	before := w.rows()
	r := w.as(ada).post(w.userPage(carl), form(web.FieldSeen, seen, web.FieldName, "Carl Overwritten", web.FieldRole, "end-user"))
	r.wantPage(http.StatusConflict, "Carl Customer · Local Zendesk | Somebody else changed this")
	if !strings.Contains(r.Body, `value="agent" checked`) || r.hidden(web.FieldSeen) == seen {
		t.Error("the page does not show what is so now")
	}
	w.unchanged(before)
}

func TestUsersThatCannotBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		good := form(web.FieldName, "New", web.FieldEmail, "new@acme.example", web.FieldRole, "agent", web.FieldPassword, "long enough")
		before := w.rows()
		for field, values := range map[string][]string{
			web.FieldName:     {"", "  ", strings.Repeat("x", 256), "a\x00b", "\xff", "two\nlines"},
			web.FieldEmail:    {"", "nobody", "@acme.example", "a@b@c", "a b@c.example", `"a"@c.example`, strings.Repeat("x", 300) + "@c.example", "a\x00@c.example", "\xff@c.example", ada, strings.ToUpper(carl)},
			web.FieldRole:     {"", "emperor", "Admin", "\x00", "\xff", randomText(20000)},
			web.FieldPassword: {"short", strings.Repeat("x", 1025)},
		} {
			for _, value := range values {
				r := b.post(userPages, with(good, field, value))
				if r.Status != http.StatusUnprocessableEntity || !strings.Contains(r.Body, `id="`+field+`-wrong"`) {
					t.Errorf("%s=%.40q: %d", field, value, r.Status)
				}
				if strings.Contains(r.Body, "long enough") {
					t.Errorf("%s=%.40q: the page shows a password", field, value)
				}
			}
		}
		page := w.userPage(carl)
		seen := b.get(page).hidden(web.FieldSeen)
		for _, v := range []url.Values{
			form(web.FieldSeen, seen, web.FieldName, "", web.FieldRole, "agent"), form(web.FieldSeen, seen, web.FieldName, "x", web.FieldRole, "emperor"),
			form(web.FieldSeen, seen, web.FieldName, "\xff", web.FieldRole, "agent"),
		} {
			b.post(page, v).want(http.StatusUnprocessableEntity)
		}
		for _, password := range []string{"", "short"} {
			if r := b.post(page+"/password", form(web.FieldPassword, password)).want(http.StatusUnprocessableEntity); !strings.Contains(r.Body, `id="password-wrong"`) {
				t.Error("no complaint at the password")
			}
		}
		b.post(page, form(web.FieldName, "x", web.FieldRole, "agent")).want(http.StatusBadRequest)
		for _, suspended := range []string{"", "maybe", "\x00"} {
			b.post(page+"/suspended", form(web.FieldSuspended, suspended)).want(http.StatusBadRequest)
		}
		for _, query := range []string{"q=%00", "q=%ff", "q=" + strings.Repeat("x", 3000), "role=emperor", "role=%00", "role=%ff", "after=x", "after=-1&before=99999999999999999999"} {
			b.get(userPages + "?" + query).want(http.StatusOK)
		}
		w.unchanged(before)
	})
}

// The pages are an admin's alone, and show nobody of another account.
func TestUserPagesAreForAdmins(t *testing.T) {
	w := onSQLite(t, options{})
	foreign := w.userPage(hank)
	page := w.userPage(carl)
	posts := map[string]url.Values{
		userPages: form(web.FieldName, "x", web.FieldEmail, "x@acme.example", web.FieldRole, "admin"),
		page:      form(web.FieldSeen, version(w.user(carl)), web.FieldName, "x", web.FieldRole, "admin"), page + "/delete": form(web.FieldTyped, carl),
		page + "/password": form(web.FieldPassword, "a password of nobody's"), page + "/suspended": form(web.FieldSuspended, "true"),
	}
	for _, who := range []string{ada, grace, carl, hank} {
		w.as(who)
	}
	before := w.rows()
	for path, v := range posts {
		for _, who := range []string{grace, carl} {
			w.as(who).post(path, v).wantPage(http.StatusForbidden, "Only admins may go here")
		}
		w.browser("acme.localhost").post(path, v).want(http.StatusSeeOther)
		w.as(ada).send(http.MethodPost, path, v, header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")).want(http.StatusForbidden)
		if path != userPages {
			w.as(hank).post(path, v).want(http.StatusNotFound)
			w.as(ada).post(strings.Replace(path, page, foreign, 1), v).want(http.StatusNotFound)
		}
	}
	for _, path := range []string{userPages, userPages + "/new", page, page + "/delete"} {
		w.as(carl).get(path).want(http.StatusForbidden)
		w.as(ada).get(path).want(http.StatusOK)
	}
	for _, id := range []string{"0", "-1", "x", "999999", "99999999999999999999", "1%00"} {
		w.as(ada).get(userPages + "/" + id).want(http.StatusNotFound)
	}
	for _, path := range []string{page, page + "/delete"} {
		w.as(hank).get(path).want(http.StatusNotFound)
	}
	w.as(ada).get(page + "/password").want(http.StatusMethodNotAllowed)
	w.unchanged(before)
	if list := w.as(hank).get(userPages).Body; strings.Contains(list, "Carl") || !strings.Contains(list, "Hank") {
		t.Error("the list has somebody of another account")
	}
}

func version(u issuer.User) string { return id64(u.Updated.UnixMicro()) }

// The list is searched by name and email whatever the case, filtered by role, and
// read in parts, there and back.
func TestUsersAreFoundAndPaged(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	for name, c := range map[string]struct{ query, has, hasNot string }{
		"name":           {"q=CUSTOMER", "Carl", "Grace"},
		"email":          {"q=grace%40", "Grace", "Carl"},
		"role":           {"role=agent", "Sam Suspended", "Carl"},
		"both":           {"q=sus&role=agent", "Sam Suspended", "Grace"},
		"nobody":         {"q=sus&role=admin", "Nothing found", "Sam"},
		"no pattern":     {"q=%25", "Nothing found", "Carl"},
		"an unknown one": {"role=emperor", "Nothing found", "Carl"},
	} {
		if page := b.get(userPages + "?" + c.query).want(http.StatusOK).Body; !strings.Contains(page, c.has) || strings.Contains(page, "<bdi>"+c.hasNot) {
			t.Errorf("%s: %s", name, rowsOf(page))
		}
	}
	if page := b.get(userPages + "?role=agent").Body; !strings.Contains(page, `<option value="agent" selected>`) {
		t.Error("the filter forgets what was chosen")
	}
	for n := range 120 {
		if _, err := w.issuer.CreateUser(t.Context(), w.account("acme"), issuer.NewUser{Email: "paged" + id64(int64(n)) + "@acme.example", Name: "Ärger " + id64(int64(n)), Role: issuer.EndUser}, issuer.By{}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]int{"": 124, "q=äRGER": 120, "role=end-user&q=paged": 120, "role=end-user": 121} {
		path, seen := userPages+"?"+query, 0
		var pages []string
		for path != "" {
			pages = append(pages, path)
			r := b.get(path).want(http.StatusOK)
			seen += strings.Count(r.Body, `<th scope="row">`)
			path = linkOf(r, "next")
		}
		if seen != want || len(pages) != 3 {
			t.Errorf("%q: saw %d users on %d pages", query, seen, len(pages))
			continue
		}
		back := linkOf(b.get(pages[2]), "prev")
		if got, want := b.get(back).Body, b.get(pages[1]).Body; rowsOf(got) != rowsOf(want) {
			t.Errorf("%q: the way back leads elsewhere", query)
		}
	}
}

// When too many passwords are being hashed, the page says when to come back.
func TestBusyPasswordPage(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	passwords := w.issuer.Passwords
	w.issuer.Passwords = &issuer.Passwords{}
	r := b.post(w.userPage(carl)+"/password", form(web.FieldPassword, "another password")).want(http.StatusTooManyRequests)
	w.issuer.Passwords = passwords
	if r.Header.Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
	w.call(call{Target: zendesk.UsersMePath}).want(http.StatusOK)
}
