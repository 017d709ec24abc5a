package issuerhttp_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

var tokenOnPage = regexp.MustCompile(`id="token">([^<]+)<`)

func TestTokensAreListedAndRevoked(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		first, second := w.token(grant(w.code())).pair(), w.token(grant(w.code("scope", "read"))).pair()
		third := w.token(form("grant_type", "client_credentials", "client_id", "app", "client_secret", appSecret, "scope", "read")).pair()
		page := b.get("/admin/oauth/tokens?client_id=1").want(http.StatusOK)
		if n := strings.Count(page.Body, `name="token"`); n != 3 || !strings.Contains(page.Body, "Tokens of The app") || !strings.Contains(page.Body, "Active") {
			t.Errorf("%d tokens:\n%s", n, page.Body)
		}
		if strings.Contains(page.Body, first.Access) || strings.Contains(page.Body, first.Refresh) {
			t.Error("the list holds a whole token")
		}
		if other := b.get("/admin/oauth/tokens?client_id=2").want(http.StatusOK); strings.Contains(other.Body, `name="token"`) {
			t.Error("tokens of another client")
		}
		b.get("/admin/oauth/tokens?client_id=x").want(http.StatusNotFound)

		b.post("/admin/oauth/tokens", form(web.FieldOnly, "1", web.FieldToken, "2")).want(http.StatusSeeOther) // the button counts, not the boxes
		w.dead(first.Access)
		w.alive(second.Access)
		b.post("/admin/oauth/tokens", form(web.FieldToken, "2", web.FieldToken, "3", web.FieldToken, "1", web.FieldToken, "999")).want(http.StatusSeeOther)
		w.dead(second.Access)
		w.dead(third.Access)
		b.post("/admin/oauth/tokens", form(web.FieldToken, "x")).want(http.StatusBadRequest)
		if page := b.get("/admin/oauth/tokens"); !strings.Contains(page.Body, "No tokens") {
			t.Error(page.Body)
		}
		w.as(grace).get("/admin/oauth/tokens").want(http.StatusForbidden)
	})
}

// A token that expired and can be refreshed is worth as much as one that lives.
func TestTokenStates(t *testing.T) {
	w := onSQLite(t, options{})
	w.token(grant(w.code())).pair()
	w.clock.pass(time.Hour)
	if page := w.as(ada).get("/admin/oauth/tokens"); !strings.Contains(page.Body, "Expired, can be renewed") {
		t.Error(page.Body)
	}
	if page := w.as(ada).get("/apps"); !strings.Contains(page.Body, "The app") {
		t.Error("the app can come back, and is not listed")
	}
}

func TestAuthorizedApps(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		mine := w.token(grant(w.code())).pair()
		again := w.token(grant(w.code("scope", "tickets:read"))).pair()
		theirs := w.token(grant(w.as(carl).allow(request()).code())).pair()
		page := w.as(ada).get("/apps").want(http.StatusOK)
		for _, said := range []string{"The app", "by Makers &amp; Co.", "See everything that you can see", "See tickets and their comments"} {
			if strings.Count(page.Body, said) == 0 {
				t.Errorf("the page does not say %q", said)
			}
		}
		w.as(grace).post("/apps", form(web.FieldClient, "1", web.FieldProduct, "support")).want(http.StatusSeeOther)
		w.as(ada).post("/apps", form(web.FieldClient, "1", web.FieldProduct, "chat")).want(http.StatusSeeOther)
		w.as(ada).post("/apps", form(web.FieldClient, "2", web.FieldProduct, "support")).want(http.StatusSeeOther)
		w.alive(mine.Access)
		w.as(ada).post("/apps", form(web.FieldClient, "1", web.FieldProduct, "support")).want(http.StatusSeeOther)
		w.dead(mine.Access)
		w.dead(again.Access)
		w.alive(theirs.Access)
		if page := w.as(ada).get("/apps?done=revoked"); !strings.Contains(page.Body, "No app has access") || !strings.Contains(page.Body, "Revoked.") {
			t.Error(page.Body)
		}
		w.as(ada).post("/apps", form(web.FieldClient, "x")).want(http.StatusBadRequest)
	})
}

// Any user gets a token of their own, and no more than the client may have.
func TestGetToken(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(carl)
	b.get("/apps/token").want(http.StatusOK)
	r := b.post("/apps/token", form(web.FieldClient, "5", web.FieldScopes, "tickets:write", web.FieldScopes, "read")).want(http.StatusOK)
	found := tokenOnPage.FindStringSubmatch(r.Body)
	if found == nil {
		t.Fatal(r.Body)
	}
	full := html.UnescapeString(found[1])
	w.secrets.learn("", full)
	w.alive(full)
	if !strings.Contains(html.UnescapeString(r.Body), `curl -H "Authorization: Bearer `+full+`" http://acme.localhost/api/v2/users/me.json`) {
		t.Error(r.Body)
	}
	if page := b.get("/apps"); !strings.Contains(page.Body, "The narrow") || strings.Contains(page.Body, full) {
		t.Error(page.Body)
	}
	before := w.rows()
	for said, v := range map[string][]string{
		"is not among the allowed scopes": {web.FieldClient, "5", web.FieldScopes, "write"},
		"there is no scope":               {web.FieldClient, "5", web.FieldScopes, "teapot"},
		"Please fill this in.":            {web.FieldClient, "5"},
		`id="client-wrong"`:               {web.FieldClient, "999", web.FieldScopes, "read"},
	} {
		if r := b.post("/apps/token", form(v...)).want(http.StatusUnprocessableEntity); !strings.Contains(r.Body, said) {
			t.Errorf("%v: does not say %q", v, said)
		}
	}
	w.unchanged(before)
	w.browser("acme.localhost").get("/apps/token").want(http.StatusSeeOther)
}

// A refresh takes nothing from what was used before: the client was used when one
// of its tokens was, whatever became of that token.
func TestUseOutlivesTheToken(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		first := w.token(grant(w.code())).pair()
		w.clock.pass(7 * time.Minute)
		w.alive(first.Access)
		if err := w.issuer.FlushUses(t.Context()); err != nil {
			t.Fatal(err)
		}
		used := w.clock.Now().Format("2006-01-02 15:04")
		pages := func(tokens string) {
			t.Helper()
			list := b.get("/admin/oauth/clients?q=The+app").want(http.StatusOK)
			if got := columnOf(list, "Last used"); !strings.Contains(got, used) {
				t.Errorf("the list of clients says %q", got)
			}
			if got := columnOf(list, "Active tokens"); got != tokens {
				t.Errorf("the list of clients counts %q, want %s", got, tokens)
			}
		}
		pages("1")
		w.clock.pass(time.Minute)
		second := w.token(form("grant_type", "refresh_token", "client_id", "app", "client_secret", appSecret, "refresh_token", first.Refresh)).pair()
		pages("1")
		if apps := b.get("/apps").want(http.StatusOK); !strings.Contains(apps.Body, used) {
			t.Errorf("authorized apps do not say %s:\n%s", used, apps.page())
		}
		w.token(form("grant_type", "client_credentials", "client_id", "app", "client_secret", appSecret, "scope", "read")).pair()
		pages("2")
		w.clock.pass(time.Hour) // the one can be refreshed, the other is over
		pages("1")
		b.post("/apps", form(web.FieldClient, "1", web.FieldProduct, "support")).want(http.StatusSeeOther)
		w.dead(second.Access)
		pages("0")
	})
}

// columnOf is a cell of the first row of a list, by its label.
func columnOf(r *reply, label string) string {
	found := regexp.MustCompile(`data-label="` + label + `">(.*?)</td>`).FindStringSubmatch(r.Body)
	if found == nil {
		return ""
	}
	return found[1]
}
