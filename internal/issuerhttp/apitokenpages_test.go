package issuerhttp_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

const keyPages = "/admin/apis/tokens"

// addKey adds an API token on the page and returns what it shows once.
func (w *world) addKey(b *browser, description string) (full string, page *reply) {
	w.t.Helper()
	page = b.post(keyPages, form(web.FieldDescription, description)).want(http.StatusOK)
	found := tokenOnPage.FindStringSubmatch(page.Body)
	if found == nil {
		w.t.Fatalf("the page shows no token:\n%s", page.Body)
	}
	full = html.UnescapeString(found[1])
	w.secrets.learn("API token", full)
	return full, page
}

func TestAnAPITokenIsAddedOnItsPage(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b, since := w.as(ada), w.lastEvent()
		if page := b.get(keyPages).want(http.StatusOK).Body; !strings.Contains(page, "No API tokens") {
			t.Error(page)
		}
		full, shown := w.addKey(b, "Nightly <export>")
		if shown.Header.Get("Cache-Control") != "no-store" || !strings.Contains(html.UnescapeString(shown.Body), "curl -u '"+ada+"/token:"+full+"' http://acme.localhost/api/v2/users/me.json") {
			t.Errorf("no line to try it with, or kept by caches:\n%s", shown.Body)
		}
		list := b.get(keyPages).want(http.StatusOK).Body
		if strings.Contains(list, full) || !strings.Contains(list, full[:10]+"…") || !strings.Contains(list, "Nightly &lt;export&gt;") || !strings.Contains(list, ">never<") {
			t.Errorf("the list shows it again, or not what it should:\n%s", list)
		}
		if w.basicAs(carl+"/token", full) != carl {
			t.Error("it does not open the API for anybody of the account")
		}
		if list := b.get(keyPages).Body; strings.Contains(list, ">never<") {
			t.Error("the list does not show that it was used")
		}

		// Deactivated it opens nothing, activated again it does, deleted never more.
		byKey := call{Target: zendesk.UsersMePath, Header: header("Authorization", basic(ada+"/token", full))}
		b.post(keyPages+"/1", form(web.FieldActive, "false")).want(http.StatusSeeOther)
		w.call(byKey).want(http.StatusUnauthorized)
		if page := b.get(keyPages + "?done=deactivated").Body; !strings.Contains(page, ">Deactivated<") || !strings.Contains(page, "Deactivated. Programs") || !strings.Contains(page, `value="true" aria-label="Activate Nightly &lt;export&gt;"`) {
			t.Error(page)
		}
		b.post(keyPages+"/1", form(web.FieldActive, "true")).want(http.StatusSeeOther)
		w.call(byKey).want(http.StatusOK)
		b.get(keyPages+"/1/delete").wantPage(http.StatusOK, "Delete Nightly <export>?")
		w.call(byKey).want(http.StatusOK)
		b.post(keyPages+"/1/delete", form()).want(http.StatusSeeOther)
		w.call(byKey).want(http.StatusUnauthorized)
		b.get(keyPages + "/1/delete").want(http.StatusNotFound)
		b.post(keyPages+"/1", form(web.FieldActive, "true")).want(http.StatusNotFound)

		if got := strings.Join(w.said(since), "\n"); got != "api_token.created api_token 1 Nightly <export>\n"+
			"api_token.updated api_token 1 active\napi_token.updated api_token 1 active\napi_token.deleted api_token 1" {
			t.Errorf("audit trail:\n%s", got)
		}
	})
}

// Zendesk has ended their creation: the page offers none, and a form that was open
// before is refused in words (facts section 9).
func TestAddingAPITokensEnds(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		full, _ := w.addKey(b, "")
		if page := b.get(keyPages).Body; !strings.Contains(page, "without a description") {
			t.Error(page)
		}
		for _, step := range []string{"creation_blocked", "off"} {
			b.post(settingsPath, localForm(b.get(settingsPath).hidden(web.FieldSeen), web.FieldBasicAuth, step)).want(http.StatusSeeOther)
			before := w.rows()
			for _, r := range []*reply{b.get(keyPages).want(http.StatusOK), b.post(keyPages, form(web.FieldDescription, "x")).want(http.StatusForbidden)} {
				if !strings.Contains(r.Body, "API tokens can no longer be added.") || strings.Contains(r.Body, `name="description"`) {
					t.Errorf("%s: %s", step, r.Body)
				}
				if over := strings.Contains(r.Body, "API tokens open nothing any more"); over != (step == "off") {
					t.Errorf("%s: says that it is over: %v", step, over)
				}
			}
			w.unchanged(before)
		}
		w.call(call{Target: zendesk.UsersMePath, Header: header("Authorization", basic(ada+"/token", full))}).want(http.StatusUnauthorized)
		b.post(keyPages+"/1/delete", form()).want(http.StatusSeeOther) // there is still something to tidy up
		if page := b.get(keyPages + "?done=deleted").Body; !strings.Contains(page, "No API tokens") || !strings.Contains(page, "Deleted.") {
			t.Error(page)
		}
	})
}

func TestBadAPITokenForms(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.addKey(w.as(ada), "kept")
		b := w.as(ada)
		w.as(hank)
		was := rowsOf(b.get(keyPages).Body)
		before := w.rows()
		for _, description := range []string{strings.Repeat("x", 256), "a\x00b", "\xff"} {
			r := b.post(keyPages, form(web.FieldDescription, description)).want(http.StatusUnprocessableEntity)
			if !strings.Contains(r.Body, `id="description-wrong"`) || !strings.Contains(r.Body, `aria-describedby="description-help description-wrong"`) {
				t.Errorf("%.20q: no complaint at the field", description)
			}
		}
		for _, active := range []string{"", "maybe", "\x00", "2"} {
			b.post(keyPages+"/1", form(web.FieldActive, active)).want(http.StatusBadRequest)
		}
		b.post(keyPages+"/1", nil).want(http.StatusBadRequest)
		for _, id := range []string{"0", "-1", "x", "999", "99999999999999999999", "1%00"} {
			b.post(keyPages+"/"+id, form(web.FieldActive, "false")).want(http.StatusNotFound)
			b.get(keyPages + "/" + id + "/delete").want(http.StatusNotFound)
			b.post(keyPages+"/"+id+"/delete", form()).want(http.StatusNotFound)
		}
		// Another account's is nobody's, as it is to whoever is no admin.
		w.as(hank).post(keyPages+"/1", form(web.FieldActive, "false")).want(http.StatusNotFound)
		w.as(hank).get(keyPages + "/1/delete").want(http.StatusNotFound)
		w.as(hank).post(keyPages+"/1/delete", form()).want(http.StatusNotFound)
		if page := w.as(hank).get(keyPages).Body; strings.Contains(page, "kept") {
			t.Error("another account's token is listed")
		}
		w.unchanged(before)
		for _, who := range []string{grace, carl} {
			w.as(who)
		}
		before = w.rows()
		for path, v := range map[string]url.Values{
			keyPages: form(web.FieldDescription, "x"), keyPages + "/1": form(web.FieldActive, "false"), keyPages + "/1/delete": form(),
		} {
			for _, who := range []string{grace, carl} {
				w.as(who).post(path, v).wantPage(http.StatusForbidden, "Only admins may go here")
			}
			w.browser("acme.localhost").post(path, v).want(http.StatusSeeOther)
			b.send(http.MethodPost, path, v, header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")).want(http.StatusForbidden)
		}
		w.as(grace).get(keyPages).want(http.StatusForbidden)
		w.as(grace).get(keyPages + "/1/delete").want(http.StatusForbidden)
		b.get(keyPages + "/1").want(http.StatusMethodNotAllowed)
		w.unchanged(before)
		if now := rowsOf(b.get(keyPages).Body); now != was {
			t.Errorf("%s\nwas %s", now, was)
		}
	})
}

// An account has 256 of them and no more; the list is read in parts.
func TestAPITokensArePaged(t *testing.T) {
	w := onSQLite(t, options{})
	for range 256 {
		if _, full, err := w.issuer.CreateAPIToken(t.Context(), w.account("acme"), "paged", issuer.By{}); err != nil {
			t.Fatal(err)
		} else {
			w.secrets.learn("API token", full.Reveal())
		}
	}
	b, path, seen, pages := w.as(ada), keyPages, 0, 0
	for path != "" {
		r := b.get(path).want(http.StatusOK)
		seen += strings.Count(r.Body, `<th scope="row">`)
		pages++
		path = linkOf(r, "next")
	}
	if seen != 256 || pages != 6 {
		t.Errorf("saw %d on %d pages", seen, pages)
	}
	r := b.post(keyPages, form(web.FieldDescription, "one more")).want(http.StatusUnprocessableEntity)
	if !strings.Contains(r.page(), "at most 256 API tokens") || !strings.Contains(r.Body, `value="one more"`) {
		t.Error(r.page())
	}
}
