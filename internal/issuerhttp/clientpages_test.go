package issuerhttp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

var shownSecret = regexp.MustCompile(`id="secret">([0-9a-f]{64})<`)

// secretOf is what a page shows once.
func secretOf(t *testing.T, r *reply) string {
	t.Helper()
	found := shownSecret.FindStringSubmatch(r.want(http.StatusOK).Body)
	if found == nil {
		t.Fatalf("the page shows no secret:\n%s", r.Body)
	}
	return found[1]
}

// Whoever is not signed in is asked to be, and comes back; whoever is no admin is
// told so.
func TestAdminCenterIsForAdmins(t *testing.T) {
	w := onSQLite(t, options{})
	for _, path := range []string{"/admin/oauth/clients", "/admin/oauth/clients/new", "/admin/oauth/clients/1", "/admin/oauth/clients/1/delete", "/admin/chat/clients"} {
		r := w.browser("acme.localhost").get(path).want(http.StatusSeeOther)
		if got := r.location().Query().Get("return_to"); got != path {
			t.Errorf("%s: comes back to %q", path, got)
		}
		for _, who := range []string{grace, carl} {
			w.as(who).get(path).wantPage(http.StatusForbidden, "Only admins may go here")
		}
		w.as(ada).get(path).want(http.StatusOK)
	}
	before := w.rows()
	for _, path := range []string{"/admin/oauth/clients", "/admin/oauth/clients/1", "/admin/oauth/clients/1/secret", "/admin/oauth/clients/1/delete"} {
		v := form("name", "x", "identifier", "x", "kind", "public", "old_secret_expires_in", "0", "typed", "app")
		w.as(grace).post(path, v).want(http.StatusForbidden)
		w.browser("acme.localhost").post(path, v).want(http.StatusSeeOther)
		foreign := header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		if r := w.as(ada).send(http.MethodPost, path, v, foreign); r.Status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, r.Status)
		}
	}
	w.unchanged(before)
	for _, id := range []string{"0", "-1", "x", "999999", "99999999999999999999"} {
		w.as(ada).get("/admin/oauth/clients/" + id).want(http.StatusNotFound)
	}
	// Each product has its own clients, and each account.
	w.as(ada).get("/admin/chat/clients/1").want(http.StatusNotFound)
	w.as(hank).get("/admin/oauth/clients/1").want(http.StatusNotFound)
}

func TestAClientIsMadeOnItsPage(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		r := b.post("/admin/oauth/clients", form("name", "My <App>", "company", "Makers", "description", "It does.", "kind", "confidential",
			"redirect_uri", "https://my.example/cb\r\n\r\n  http://localhost:9/cb ", "allowed_scopes", "read", "allowed_scopes", "tickets:write"))
		full := secretOf(t, r)
		w.secrets.learn("", full)
		c, err := w.issuer.Store.Client(t.Context(), 1, issuer.Support, "my_app")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.RedirectURIs, " "); got != "https://my.example/cb http://localhost:9/cb" {
			t.Errorf("redirect URIs %q", got)
		}
		if got := c.AllowedScopes.String(); got != "read tickets:write" {
			t.Errorf("scopes %q", got)
		}
		if got := r.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("a page with a secret is cached: %q", got)
		}
		w.token(form("grant_type", "client_credentials", "client_id", "my_app", "client_secret", full, "scope", "read")).want(http.StatusOK)

		page := b.get(location(c)).want(http.StatusOK)
		if strings.Contains(page.Body, full) || !strings.Contains(page.Body, full[:9]+"…") {
			t.Error("the page shows the secret again, or not its first nine characters")
		}
		list := b.get("/admin/oauth/clients?q=MAKERS").want(http.StatusOK)
		if !strings.Contains(list.Body, "My &lt;App&gt;") || !strings.Contains(list.Body, `data-label="Active tokens">1<`) {
			t.Errorf("the list does not have it:\n%s", list.page())
		}
		if list := b.get("/admin/oauth/clients?q=nothing"); !strings.Contains(list.Body, "Nothing found") {
			t.Error(list.page())
		}
	})
}

func location(c issuer.Client) string {
	return "/admin/oauth/clients/" + id64(int64(c.ID))
}

// What was typed stays, and each line of addresses has its own complaint.
func TestAClientThatCannotBe(t *testing.T) {
	onEach(t, aClientThatCannotBe)
}

func aClientThatCannotBe(t *testing.T, w *world) {
	w.as(ada)
	before := w.rows()
	typed := form("name", "", "identifier", "no good", "kind", "other", "description", "kept description",
		"redirect_uri", "https://my.example/cb\nftp://x\nhttp://evil.example/", "allowed_scopes", "read", "allowed_scopes", "tickets:read")
	for _, path := range []string{"/admin/oauth/clients", "/admin/oauth/clients/1"} {
		r := w.as(ada).post(path, typed).want(http.StatusUnprocessableEntity)
		for _, said := range []string{
			"Please fill this in.", "must be ASCII letters", "line 2: ", "line 3: ", "tickets:read overlaps read", "must be public or confidential",
			"kept description", `value="no good"`, "https://my.example/cb\nftp://x\nhttp://evil.example/",
		} {
			if !strings.Contains(r.Body, said) {
				t.Errorf("%s does not say %q", path, said)
			}
		}
	}
	for _, field := range []string{"name", "description", "company", "identifier", "redirect_uri", "allowed_scopes"} {
		for _, text := range []string{"\xff", "a\x00b"} {
			w.as(ada).post("/admin/oauth/clients", with(form("name", "x", "identifier", "x", "kind", "public"), field, text)).want(http.StatusUnprocessableEntity)
		}
	}
	taken := w.as(ada).post("/admin/oauth/clients", form("name", "x", "identifier", "app", "kind", "public"))
	if taken.want(http.StatusUnprocessableEntity); !strings.Contains(taken.Body, "Another one has this already.") {
		t.Error(taken.page())
	}
	w.unchanged(before)
}

func TestAClientIsChangedRolledAndDeleted(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	held := w.token(grant(w.code())).pair()
	b.post("/admin/oauth/clients/1", form("name", "Renamed", "identifier", "app", "kind", "confidential", "redirect_uri", appCallback)).want(http.StatusSeeOther)
	if page := b.get("/admin/oauth/clients/1?done=saved").want(200).Body; !strings.Contains(page, "Saved.") || !strings.Contains(page, "Renamed") {
		t.Error(page)
	}

	fresh := secretOf(t, b.post("/admin/oauth/clients/1/secret", form(web.FieldOldLife, "3600")))
	w.secrets.learn("", fresh)
	credentials := func(key string) int {
		return w.token(form("grant_type", "client_credentials", "client_id", "app", "client_secret", key, "scope", "read")).Status
	}
	if credentials(appSecret) != 200 || credentials(fresh) != 200 {
		t.Error("both secrets should do for an hour")
	}
	w.clock.pass(time.Hour)
	if credentials(appSecret) == 200 || credentials(fresh) != 200 {
		t.Error("the old secret should have ended, the new one not")
	}
	for _, life := range []string{"", "x", "-1", "999999999", "99999999999999"} {
		b.post("/admin/oauth/clients/1/secret", form(web.FieldOldLife, life)).want(http.StatusBadRequest)
	}

	if page := b.get("/admin/oauth/clients/1/delete").want(200).Body; !strings.Contains(page, "2 live tokens will stop working.") {
		t.Error(page)
	}
	b.post("/admin/oauth/clients/1/delete", form(web.FieldTyped, "apP")).want(http.StatusUnprocessableEntity)
	w.me(held.Access).want(http.StatusUnauthorized) // half an hour is over
	b.post("/admin/oauth/clients/1/delete", form(web.FieldTyped, "app")).want(http.StatusSeeOther)
	b.get("/admin/oauth/clients/1").want(http.StatusNotFound)
	if page := b.get("/admin/oauth/clients?done=deleted").want(200).Body; !strings.Contains(page, "Deleted.") || strings.Contains(page, "Renamed") {
		t.Error(page)
	}
}

// Only the API can make a Chat client confidential; saving it on its page makes it
// public again (facts section 8).
func TestChatClientsAreSavedAsPublic(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	full := secretOf(t, b.post("/admin/chat/clients", form("name", "Chatter", "kind", "confidential", "redirect_uri", "https://my.example/cb")))
	w.secrets.learn("", full)
	c, err := w.issuer.Store.Client(t.Context(), 1, issuer.Chat, "chatter")
	if err != nil || c.Kind != issuer.Public {
		t.Errorf("made as %q, %v", c.Kind, err)
	}
}

// Long lists are read in parts, there and back.
func TestClientsArePaged(t *testing.T) {
	w := onSQLite(t, options{})
	for n := range 120 {
		name := "Paged " + id64(int64(n))
		if _, _, err := w.issuer.CreateClient(t.Context(), issuer.Account{ID: 1}, issuer.Support, issuer.ClientChange{Name: &name, Identifier: new(slugOf(name))}, issuer.By{User: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for _, search := range []string{"", "paged"} {
		b, path, seen := w.as(ada), "/admin/oauth/clients?q="+search, 0
		var pages []string
		for path != "" {
			pages = append(pages, path)
			r := b.get(path).want(http.StatusOK)
			seen += strings.Count(r.Body, "<th scope=\"row\">")
			path = linkOf(r, "next")
		}
		if want := map[string]int{"": 125, "paged": 120}[search]; seen != want || len(pages) != 3 {
			t.Errorf("%q: saw %d clients on %d pages", search, seen, len(pages))
		}
		back := linkOf(b.get(pages[2]), "prev")
		if got, want := b.get(back).Body, b.get(pages[1]).Body; rowsOf(got) != rowsOf(want) {
			t.Errorf("%q: the way back leads elsewhere", search)
		}
		if linkOf(b.get(pages[0]), "prev") != "" {
			t.Errorf("%q: something before the first page", search)
		}
	}
}
