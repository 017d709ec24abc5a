package issuerhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

const languagePath = "/access/language"

// in is what the switch at the foot of a page sends.
func (b *browser) in(lang, back string) *reply {
	b.w.t.Helper()
	return b.post(languagePath, form(web.FieldLanguage, lang, web.FieldBack, back))
}

// speaks holds that a page is in a language.
func (r *reply) speaks(lang string) *reply {
	r.t.Helper()
	if got := r.Header.Get("Content-Language"); got != lang || !strings.Contains(r.Body, `<html lang="`+lang+`"`) {
		r.t.Errorf("the page is in %q, want %s:\n%s", got, lang, r.Body)
	}
	return r
}

// An authorization request survives that somebody chooses another language, before
// the sign-in, after one that failed, and at the consent.
func TestLanguageSwitch(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost")
	page := b.authorize(request("state", "a&b=c")).wantPage(200, signInPage).speaks("en")
	here := page.hidden(web.FieldBack)
	r := b.in("ja", here).want(http.StatusSeeOther)
	if got := r.Header.Get("Set-Cookie"); got != "deskauth_issuer_language=ja; Path=/; HttpOnly; SameSite=Lax" {
		t.Error(got)
	}
	page = b.follow(r).wantPage(200, "Acme Inc. にサインイン").speaks("ja")
	if got := page.Header.Get("Vary"); got != "Accept-Language, Cookie" {
		t.Errorf("Vary: %q", got)
	}

	page = b.post(signInPath, credentials(ada, "wrong-password-00", web.FieldNext, page.hidden(web.FieldNext))).want(401).speaks("ja")
	page = b.follow(b.in("fr", page.hidden(web.FieldBack))).wantPage(200, "Se connecter à Acme Inc.").speaks("fr")

	r = b.post(signInPath, credentials(ada, adaPassword, web.FieldNext, page.hidden(web.FieldNext))).want(http.StatusSeeOther)
	page = b.follow(r).wantPage(200, "Autoriser The app à utiliser votre compte\u202f?").speaks("fr")
	page = b.follow(b.in("pt-BR", page.hidden(web.FieldBack))).wantPage(200, "Permitir que The app use sua conta?").speaks("pt-BR")
	to := b.decide(page, web.DecisionAllow).want(http.StatusFound).location()
	if to.Query().Get("state") != "a&b=c" || to.Query().Get("code") == "" {
		t.Errorf("leads to %s", to)
	}
}

func TestLanguageSwitchRefuses(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost")
	for _, lang := range []string{"", "tlh", "EN", "de\x00", "\xff", randomText(20000)} {
		if r := b.in(lang, "/").want(http.StatusBadRequest); len(r.Header["Set-Cookie"]) > 0 {
			t.Errorf("%.40q is kept", lang)
		}
	}
	for _, back := range []string{"", "https://evil.example/", "//evil.example", `/\evil.example`, "/\n/evil.example"} {
		if got := b.in("de", back).want(http.StatusSeeOther).Header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", back, got)
		}
	}
	b.get(languagePath).want(http.StatusMethodNotAllowed)
	elsewhere := header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	b.send(http.MethodPost, languagePath, form(web.FieldLanguage, "de"), elsewhere).want(http.StatusForbidden)
	w.browser("nobody.localhost").in("de", "/").want(http.StatusNotFound)
}

func TestLanguageCookieOverTLS(t *testing.T) {
	w := onSQLite(t, options{TLS: true})
	b := w.browser("acme.localhost")
	if got := b.in("de", "/").want(http.StatusSeeOther).Header.Get("Set-Cookie"); got != "__Host-deskauth_issuer_language=de; Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Error(got)
	}
	b.get("/").speaks("de")
}

// The Admin Center is English for readers of a language that has it not, but what
// leads away from it, and what is a user's own, is theirs.
func TestLanguageOfTheAdminCenter(t *testing.T) {
	w := onSQLite(t, options{})
	admin, agent := w.browser("acme.localhost").signInAs(ada), w.browser("acme.localhost").signInAs(grace)
	for _, b := range []*browser{admin, agent} {
		b.in("ja", "/")
	}
	admin.get(web.PathClients).want(200).speaks("en")
	admin.get(web.PathApps).want(200).speaks("ja")
	agent.get(web.PathClients).want(403).speaks("ja")
	agent.get("/nowhere").want(404).speaks("ja")
	admin.in("de", "/")
	admin.get(web.PathClients).want(200).speaks("de")
}

// What is shown this once cannot be shown again, so that nothing leads away from it
// by the way.
func TestNoLanguageSwitchBesideASecret(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	page := b.get(web.PathGetToken).want(200)
	if !strings.Contains(page.Body, languagePath) {
		t.Error("the form has no switch")
	}
	shown := b.post(web.PathClients, form(web.FieldName, "New", web.FieldIdentifier, "new", web.FieldKind, "confidential")).want(200)
	if !strings.Contains(shown.Body, `class="secret"`) || strings.Contains(shown.Body, languagePath) {
		t.Error("no secret, or a switch beside it")
	}
	w.call(call{Target: zendesk.AuthorizePath, Host: "nobody.localhost"}).want(404)
}

// A form that is refused can be read in another language: the switch leads back to it.
func TestLanguageSwitchOfARefusedForm(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.browser("acme.localhost").signInAs(ada)
	user, client := w.userPage(carl), web.PathClients+"/1"
	for _, c := range []struct {
		path, back string
		in         url.Values
		status     int
	}{
		{web.PathClients, web.PathClients + "/new", form(web.FieldName, ""), 422},
		{web.PathChatClients, web.PathChatClients + "/new", form(web.FieldName, ""), 422},
		{client, client, form(web.FieldName, ""), 422},
		{client + "/delete", client + "/delete", form(web.FieldTyped, "x"), 422},
		{web.PathUsers, web.PathUsers + "/new", form(web.FieldName, ""), 422},
		{user, user, form(web.FieldName, "", web.FieldSeen, "1"), 409},
		{user + "/password", user, form(web.FieldPassword, "short"), 422},
		{user + "/delete", user + "/delete", form(web.FieldTyped, "x"), 422},
		{web.PathAPITokens, web.PathAPITokens, form(web.FieldDescription, "a\x00b"), 422},
		{web.PathSettings, web.PathSettings, form(web.FieldPart, web.PartAccess, web.FieldPasswordAccess, web.On, web.FieldSeen, "1"), 409},
		{web.PathSettings, web.PathSettings, form(web.FieldPart, web.PartLocal, web.FieldEra, "x", web.FieldSeen, "1"), 409},
		{web.PathGetToken, web.PathGetToken, form(web.FieldClient, "x"), 422},
	} {
		w.run(c.path, func(t *testing.T) {
			page := b.post(c.path, c.in).want(c.status).speaks("en")
			if got := page.hidden(web.FieldBack); got != c.back {
				t.Fatalf("the switch leads to %q, want %q", got, c.back)
			}
			b.follow(b.in("de", c.back)).want(200).speaks("de")
			b.in("en", "/")
		})
	}
}
