package issuerhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

const settingsPath = "/admin/apis/settings"

// basicAs asks who a caller by Basic authentication is; "" is nobody.
func (w *world) basicAs(username, password string) string {
	w.t.Helper()
	var answer zendesk.UserEnvelope
	w.call(call{Target: zendesk.UsersMePath, Header: header("Authorization", basic(username, password))}).into(http.StatusOK, &answer)
	if answer.User.Email == nil {
		return ""
	}
	return *answer.User.Email
}

// accessForm is the form of Zendesk's switches as a browser sends it; localForm that of the
// rest.
func accessForm(seen string, pairs ...string) url.Values {
	return with(form(web.FieldPart, web.PartAccess, web.FieldSeen, seen), pairs...)
}

func localForm(seen string, pairs ...string) url.Values {
	return with(form(web.FieldPart, web.PartLocal, web.FieldSeen, seen, web.FieldBasicAuth, "allowed", web.FieldEra, "enforced", web.FieldTokenFormat, ""), pairs...)
}

// Both switches open and close what they say, and with both off nobody is refused:
// everybody is anonymous (facts section 6.6).
func TestBasicFollowsItsSwitches(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		a := w.account("acme")
		_, key, err := w.issuer.CreateAPIToken(t.Context(), a, "a script's", by(w.user(ada)))
		if err != nil {
			t.Fatal(err)
		}
		w.secrets.learn("API token", key.Reveal())
		byKey := header("Authorization", basic(ada+"/token", key.Reveal()))
		b, since := w.as(ada), w.lastEvent()
		if w.basicAs(ada, adaPassword) != ada || w.basicAs(ada+"/token", key.Reveal()) != ada {
			t.Error("both should open the API")
		}
		bearer := w.bearer(ada)

		b.post(settingsPath, accessForm(b.get(settingsPath).hidden(web.FieldSeen), web.FieldTokenAccess, web.On)).want(http.StatusSeeOther)
		if w.basicAs(ada, adaPassword) != "" || w.basicAs(ada+"/token", key.Reveal()) != ada {
			t.Error("the API token alone should open the API")
		}
		b.post(settingsPath, accessForm(b.get(settingsPath).hidden(web.FieldSeen), web.FieldPasswordAccess, web.On)).want(http.StatusSeeOther)
		if w.basicAs(ada, adaPassword) != ada {
			t.Error("the password should open the API again")
		}
		w.call(call{Target: zendesk.UsersMePath, Header: byKey}).want(http.StatusUnauthorized)

		// What it means is said before it is done.
		ask := b.post(settingsPath, accessForm(b.get(settingsPath).hidden(web.FieldSeen))).wantPage(http.StatusOK, "Switch off Basic authentication?")
		if !strings.Contains(ask.Body, "status 200 and an anonymous user") || w.basicAs(ada, adaPassword) != ada {
			t.Error("it does not say what it means, or did it already")
		}
		b.post(settingsPath, accessForm(ask.hidden(web.FieldSeen), web.FieldSure, web.On)).want(http.StatusSeeOther)
		if w.basicAs(ada, adaPassword) != "" || w.basicAs(ada+"/token", key.Reveal()) != "" || w.basicAs("x", "wrong") != "" {
			t.Error("everybody should be anonymous")
		}
		w.call(call{Target: "/api/v2/users", Header: byKey}).want(http.StatusUnauthorized)
		w.alive(bearer)
		if page := b.get(settingsPath + "?done=saved").want(http.StatusOK).Body; !strings.Contains(page, "Both are off.") || !strings.Contains(page, "Saved.") {
			t.Error("the page does not say that both are off")
		}
		// Nothing more to be warned of: it is so already.
		b.post(settingsPath, accessForm(b.get(settingsPath).hidden(web.FieldSeen))).want(http.StatusSeeOther)

		if got := strings.Join(w.said(since), "\n"); got != "account.updated account 1 password_access off\n"+
			"account.updated account 1 password_access on, token_access off\naccount.updated account 1 password_access off" {
			t.Errorf("audit trail:\n%s", got)
		}
		if globex := w.account("globex"); !globex.PasswordAccess || !globex.TokenAccess {
			t.Error("another account's switches moved")
		}
	})
}

// Each of the local settings takes effect with the next request.
func TestLocalSettingsTakeEffect(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		save := func(pairs ...string) {
			t.Helper()
			b.post(settingsPath, localForm(b.get(settingsPath).hidden(web.FieldSeen), pairs...)).want(http.StatusSeeOther)
		}
		addKey := func() error {
			_, _, err := w.issuer.CreateAPIToken(t.Context(), w.account("acme"), "", by(w.user(ada)))
			return err
		}
		if err := addKey(); err != nil {
			t.Error(err)
		}
		save(web.FieldBasicAuth, "creation_blocked")
		if addKey() == nil || w.basicAs(ada, adaPassword) != ada {
			t.Error("creation should have ended, and nothing else")
		}
		save(web.FieldBasicAuth, "off")
		if w.basicAs(ada, adaPassword) != "" || !strings.Contains(b.get(settingsPath).Body, "whatever is switched here") {
			t.Error("passwords should open nothing any more, and the page say so")
		}

		password := form("grant_type", "password", "client_id", "app", "client_secret", appSecret, "username", ada, "password", adaPassword, "scope", "read")
		w.token(password).want(http.StatusBadRequest)
		save(web.FieldPasswordGrant, web.On, web.FieldTokenFormat, "opaque")
		if got := w.token(password).pair(); strings.Contains(got.Access, ".") {
			t.Errorf("a token that is not opaque: %q", got.Access)
		}
		save(web.FieldTokenFormat, "jwt", web.FieldEra, "legacy")
		old := w.token(grant(w.code())).pair()
		if strings.Count(old.Access, ".") != 2 {
			t.Errorf("a token that is no JWT: %q", old.Access)
		}
		save(web.FieldReplayed, web.On)
		fresh := w.token(renewal(old.Refresh)).pair()
		w.token(renewal(old.Refresh)).want(http.StatusBadRequest)
		w.dead(fresh.Access)
		if a := w.account("acme"); a.PasswordGrant || !a.RevokeReplayed || a.Era != issuer.Enforced || !a.PasswordAccess {
			t.Errorf("what was not ticked, or belongs to the other form: %+v", a)
		}
	})
}

// Of two admins with the same page, the second one is told and sees what is so now.
func TestSettingsOfTwoAdmins(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		if err := w.change(w.account("acme"), grace, string(issuer.Admin), nil); err != nil {
			t.Fatal(err)
		}
		seen := w.as(ada).get(settingsPath).hidden(web.FieldSeen)
		w.as(grace).post(settingsPath, accessForm(seen, web.FieldTokenAccess, web.On)).want(http.StatusSeeOther)
		before := w.rows()
		for _, v := range []url.Values{accessForm(seen, web.FieldPasswordAccess, web.On), localForm(seen, web.FieldBasicAuth, "off"), accessForm(seen, web.FieldSure, web.On)} {
			r := w.as(ada).post(settingsPath, v).wantPage(http.StatusConflict, "API settings · Local Zendesk | Somebody else changed this")
			if r.hidden(web.FieldSeen) == seen {
				t.Error("the page shows the same state again")
			}
			if strings.Count(r.Body, " checked") != 4 || !strings.Contains(r.Body, `name="token_access" value="on" checked`) {
				t.Errorf("the page does not show what is so now:\n%s", r.Body)
			}
		}
		w.unchanged(before)
		if a := w.account("acme"); a.PasswordAccess || !a.TokenAccess || a.BasicAuth != issuer.BasicAllowed {
			t.Errorf("the second one undid what the first one did: %+v", a)
		}
	})
}

func TestSettingsThatCannotBe(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		seen := b.get(settingsPath).hidden(web.FieldSeen)
		before, was := w.rows(), w.account("acme")
		for _, field := range []string{web.FieldBasicAuth, web.FieldTokenFormat, web.FieldEra} {
			for _, value := range []string{"nonsense", "ALLOWED", "\x00", "\xff", "' OR 1=1 --", randomText(20000)} {
				r := b.post(settingsPath, localForm(seen, field, value)).want(http.StatusUnprocessableEntity)
				if !strings.Contains(r.Body, `id="`+field+`-wrong"`) || !strings.Contains(r.Body, `aria-describedby="`) {
					t.Errorf("%s=%.20q: the field has no complaint", field, value)
				}
			}
		}
		for name, v := range map[string]url.Values{
			"no part": accessForm(seen, web.FieldPart, absent), "another part": accessForm(seen, web.FieldPart, "x"), "nothing": {},
			"no state": accessForm(absent), "a state that is none": accessForm("x"), "a state too long": accessForm(strings.Repeat("9", 40)),
		} {
			if r := b.post(settingsPath, v); r.Status != http.StatusBadRequest {
				t.Errorf("%s: %d", name, r.Status)
			}
		}
		b.send(http.MethodPost, settingsPath, form("x", strings.Repeat("x", 70<<10)), header("Sec-Fetch-Site", "same-origin")).want(http.StatusBadRequest)
		w.unchanged(before)
		if now := w.account("acme"); now != was {
			t.Errorf("%+v\nwas %+v", now, was)
		}
	})
}

// Every page of an admin is an admin's alone, and its forms are taken from its own
// site alone.
func TestSettingsAreForAdmins(t *testing.T) {
	w := onSQLite(t, options{})
	r := w.browser("acme.localhost").get(settingsPath).want(http.StatusSeeOther)
	if got := r.location().Query().Get("return_to"); got != settingsPath {
		t.Errorf("comes back to %q", got)
	}
	seen := w.as(ada).get(settingsPath).hidden(web.FieldSeen)
	v := accessForm(seen, web.FieldPasswordAccess, web.On)
	for _, who := range []string{grace, carl} {
		w.as(who).get(settingsPath).wantPage(http.StatusForbidden, "Only admins may go here")
		w.as(who).post(settingsPath, v).wantPage(http.StatusForbidden, "Only admins may go here")
	}
	before := w.rows()
	w.as(ada).send(http.MethodPost, settingsPath, v, header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")).want(http.StatusForbidden)
	w.browser("acme.localhost").post(settingsPath, v).want(http.StatusSeeOther)
	w.as(ada).send(http.MethodPut, settingsPath, v, header("Sec-Fetch-Site", "same-origin")).want(http.StatusMethodNotAllowed)
	w.unchanged(before)
}

// At the top of each page of somebody signed in stands who that is, and the way out.
func TestTheTopSaysWhoIsSignedIn(t *testing.T) {
	w := onSQLite(t, options{})
	for _, path := range []string{"/", "/apps", "/apps/token", settingsPath, "/admin/oauth/clients"} {
		page := w.as(ada).get(path).want(http.StatusOK).Body
		for _, said := range []string{`Signed in as</span> <bdi>Ada Admin</bdi> <span class="chip">admin</span>`, `action="/access/logout"`, `<a class="home" href="/"`} {
			if !strings.Contains(page, said) {
				t.Errorf("%s does not say %s", path, said)
			}
		}
	}
	if page := w.as(carl).get("/apps").want(http.StatusOK).Body; !strings.Contains(page, "<bdi>Carl Customer</bdi>") || strings.Contains(page, "/admin/") {
		t.Error("a customer's page names another, or leads to the Admin Center")
	}
	if page := w.browser("acme.localhost").get("/").want(http.StatusOK).Body; strings.Contains(page, "/access/logout") {
		t.Error("nobody is signed in, and can sign out")
	}
	b := w.browser("acme.localhost").signInAs(ada)
	b.post(signOutPath, form()).want(http.StatusSeeOther)
	b.get(settingsPath).want(http.StatusSeeOther)
}
