package issuerhttp_test

import (
	"net/http"
	"testing"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// The whole way of a person and a client, as the wire shows it, on both engines.

func TestConfidentialClientStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.record("story_confidential", func(note func(string)) {
			b := w.browser("acme.localhost")
			q := request("state", "of the app")
			note("The app sends Ada to Zendesk, who signs in and allows it.")
			page := b.authorize(q).wantPage(200, "Sign in to Acme Inc.")
			b.post(signInPath, form(web.FieldEmail, ada, web.FieldPassword, adaPassword, web.FieldNext, page.hidden(web.FieldNext)))
			code := b.decide(b.authorize(q), web.DecisionAllow).code()

			note("It exchanges the code, for less than was allowed, and learns who she is.")
			first := w.tokenJSON(`{"grant_type":"authorization_code","code":"` + code + `","client_id":"app","client_secret":"` + appSecret + `","redirect_uri":"` + appCallback + `","scope":"read","expires_in":86400,"refresh_token_expires_in":604800}`).pair()
			w.me(first.Access)

			note("It refreshes: the old pair is dead at once, the new one lives.")
			second := w.tokenJSON(`{"grant_type":"refresh_token","refresh_token":"` + first.Refresh + `","client_id":"app","client_secret":"` + appSecret + `","expires_in":86400,"refresh_token_expires_in":604800}`).pair()
			w.me(first.Access)
			w.tokenJSON(`{"grant_type":"refresh_token","refresh_token":"` + first.Refresh + `","client_id":"app","client_secret":"` + appSecret + `"}`)
			w.me(second.Access)

			note("Asked again for the same, Ada is not disturbed.")
			b.authorize(q)
		})
	})
}

func TestPublicClientStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		const verifier = "a-verifier-of-a-test-0123456789-0123456789-01"
		w.record("story_public", func(note func(string)) {
			b := w.browser("acme.localhost")
			q, _ := publicRequest("code_challenge", oauth.S256(verifier), "scope", "users:read")
			note("Carl is picked from the people of the demo.")
			b.post(signInPath, form(web.FieldPerson, carl, web.FieldNext, zendesk.AuthorizePath+"?"+q.Encode()))
			code := b.decide(b.authorize(q), web.DecisionAllow).code()

			note("No secret, but the verifier.")
			first := w.token(form("grant_type", "authorization_code", "code", code, "client_id", "spa",
				"redirect_uri", spaCallback, "code_verifier", verifier)).pair()
			w.me(first.Access)

			note("A refresh needs neither.")
			w.token(form("grant_type", "refresh_token", "refresh_token", first.Refresh, "client_id", "spa"))
		})
	})
}

// A denial, and every other answer that a client gets by redirect.
func TestRedirectedErrors(t *testing.T) {
	w := onSQLite(t, options{})
	b := w.as(ada)
	ask, _ := publicRequest("state", "s")
	w.record("redirected_errors", func(note func(string)) {
		note("Denied")
		b.decide(b.authorize(request("state", "s")), web.DecisionDeny)
		for _, c := range []struct {
			why   string
			query []string
		}{
			{"No response_type", []string{"response_type", absent}},
			{"A response_type that is not supported", []string{"response_type", "id_token"}},
			{"A scope outside of those allowed to the client", []string{"client_id", "narrow", "redirect_uri", "https://narrow.example/cb", "scope", "read write"}},
			{"A plain challenge", []string{"code_challenge", oauth.S256("x"), "code_challenge_method", "plain"}},
			{"A challenge without its method, which would be plain", []string{"code_challenge", oauth.S256("x")}},
			{"A challenge that is none", []string{"code_challenge", "short", "code_challenge_method", "S256"}},
			{"A method without a challenge", []string{"code_challenge_method", "S256"}},
			{"A value too long", []string{"scope", string(make([]byte, 3000))}},
		} {
			note(c.why)
			b.authorize(request(append([]string{"state", "s"}, c.query...)...)).want(http.StatusFound)
		}
		note("A public client without PKCE")
		b.authorize(with(ask, "code_challenge", absent, "code_challenge_method", absent)).want(http.StatusFound)
		note("Where nobody is signed in, the answer is the same and nobody needs to be")
		w.browser("acme.localhost").authorize(request("response_type", absent)).want(http.StatusFound)
	})
}
