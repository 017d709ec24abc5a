package issuerhttp_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

const (
	chatSecret   = "chat-app-secret-0123456789"
	chatCallback = "http://localhost/token"
	solo         = "solo@solo.example"
	soloPassword = "a password of solo's"
)

// plantChat gives acme Chat clients, and makes solo, which has Chat alone, and
// mute, which has none.
func (w *world) plantChat() {
	w.t.Helper()
	client := func(identifier string, kind issuer.Kind) issuer.PlantedClient {
		return issuer.PlantedClient{
			Client: issuer.Client{Product: issuer.Chat, Identifier: identifier, Name: identifier, Kind: kind, RedirectURIs: []string{chatCallback}},
			Secret: secret.Of(chatSecret),
		}
	}
	clients := []issuer.PlantedClient{client("app", issuer.Confidential), client("widget", issuer.Public)}
	acme := plantings()[0]
	acme.Clients = clients
	w.plant(acme)
	for subdomain, mode := range map[string]issuer.ChatMode{"solo": issuer.ChatOnly, "mute": issuer.ChatOff} {
		p := issuer.Planting{Account: acme.Account, Clients: clients, Users: []issuer.PlantedUser{{
			User: issuer.User{Email: solo, Name: "Solo", Role: issuer.Admin}, Password: secret.Of(soloPassword),
		}}}
		p.Account.Subdomain, p.Account.Name, p.Account.Chat = subdomain, subdomain, mode
		w.plant(p)
	}
}

// chatToken sends a form to Chat's token endpoint.
func (w *world) chatToken(host string, pairs ...string) *reply {
	w.t.Helper()
	body := with(form("client_id", "app", "client_secret", chatSecret), pairs...)
	return w.call(call{Method: http.MethodPost, Host: host, Target: chat.TokenPath, Body: body.Encode()})
}

func chatRequest(pairs ...string) string {
	q := form("response_type", "code", "client_id", "app", "redirect_uri", chatCallback, "scope", "read write", "subdomain", "acme")
	return chat.AuthorizePath + "?" + with(q, pairs...).Encode()
}

func (w *world) chatAccount(host, access string) *reply {
	w.t.Helper()
	return w.call(call{Host: host, Target: chat.AccountPath, Header: header("Authorization", "Bearer "+access)})
}

func TestChatStory(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.plantChat()
		b := w.as(ada)
		denied := b.decide(b.get(chatRequest()).want(200), web.DecisionDeny).want(http.StatusFound).location()
		if denied.RawQuery != "error=access_denied" {
			t.Errorf("a denial says %q, and at Zendesk no description", denied.RawQuery)
		}
		code := b.decide(b.get(chatRequest("state", "s")), web.DecisionAllow).code()
		exchange := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", chatCallback}
		w.chatToken("acme.localhost", append(exchange, "redirect_uri", "https://localhost/token")...).wantBody(400, `{"error":"invalid_grant"}`)
		first := w.chatToken("acme.localhost", append(exchange, "scope", "read", "expires_in", "1")...).pair()
		if first.Type != "bearer" || first.Scope != "read" || first.Refresh == "" || first.Expires != nil || first.RefreshExpires != nil {
			t.Errorf("answer %+v", first.text())
		}
		w.chatToken("acme.localhost", exchange...).wantBody(400, `{"error":"invalid_grant"}`)

		w.clock.pass(400 * 24 * time.Hour) // nothing expires here
		w.chatAccount("acme.localhost", first.Access).want(200)
		w.dead(first.Access) // it opens nothing in Support
		delete(w.people, ada)
		w.chatAccount("acme.localhost", w.token(grant(w.code())).pair().Access).want(401)

		renew := []string{"grant_type", "refresh_token", "refresh_token", first.Refresh}
		second := w.chatToken("acme.localhost", renew...).pair()
		w.chatAccount("acme.localhost", first.Access).want(401)
		w.chatAccount("acme.localhost", second.Access).want(200)
		w.chatToken("acme.localhost", renew...).wantBody(400, `{"error":"invalid_grant"}`)
		w.token(renewal(second.Refresh)).wantBody(400, invalidGrant)
	})
}

func TestChatGrants(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	got := w.chatToken("acme.localhost", "grant_type", "client_credentials").pair()
	if got.Refresh != "" || got.Scope != "read write" {
		t.Errorf("client credentials: %s", got.text())
	}
	w.chatAccount("acme.localhost", got.Access).want(200)
	w.chatAccount("solo.localhost", got.Access).want(401)

	password := []string{"grant_type", "password", "username", solo, "password", soloPassword}
	byPassword := w.chatToken("solo.localhost", password...).pair()
	if byPassword.Refresh == "" {
		t.Error("the password grant gave no refresh token")
	}
	w.chatToken("solo.localhost", "grant_type", "refresh_token", "refresh_token", byPassword.Refresh).pair()
	w.chatToken("solo.localhost", append(password, "password", "x")...).wantBody(400, `{"error":"invalid_grant"}`)
	// With Support beside it, there is no password grant (facts section 8.3).
	w.chatToken("acme.localhost", "grant_type", "password", "username", ada, "password", adaPassword).
		wantBody(400, `{"error":"unsupported_grant_type"}`)

	for name, pairs := range map[string][]string{
		"a public client":  {"grant_type", "client_credentials", "client_id", "widget"},
		"wrong secret":     {"grant_type", "client_credentials", "client_secret", "wrong-secret-00"},
		"no secret":        {"grant_type", "client_credentials", "client_secret", absent},
		"Support's client": {"grant_type", "client_credentials", "client_id", "single", "client_secret", singleSecret},
	} {
		w.run(name, func(*testing.T) { w.chatToken("acme.localhost", pairs...).wantBody(401, `{"error":"invalid_client"}`) })
	}
	w.token(form("grant_type", "client_credentials", "client_id", "widget", "client_secret", chatSecret)).wantBody(401, invalidClient)

	// A form alone; no other method.
	r := w.call(call{
		Method: http.MethodPost, Target: chat.TokenPath, Header: header("Content-Type", "application/json"),
		Body: `{"grant_type":"client_credentials","client_id":"app","client_secret":"` + chatSecret + `"}`,
	})
	if r.Status == 200 {
		t.Error("Chat takes JSON")
	}
	w.call(call{Target: chat.TokenPath}).wantBody(405, chat.MethodNotAllowed)
}

func TestChatImplicitGrant(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	b := w.as(ada)
	target := chatRequest("response_type", "token", "client_id", "widget", "scope", "read")
	got := b.decide(b.get(target).want(200), web.DecisionAllow).fragment()
	if len(got) != 3 || got.Get("token_type") != "Bearer" || got.Get("scope") != "read" {
		t.Errorf("the fragment holds %v", got)
	}
	w.chatAccount("acme.localhost", got.Get("access_token")).want(200)
	w.dead(got.Get("access_token"))
	want := url.Values{"error": {"access_denied"}, "error_description": {"The end-user or authorization server denied the request"}}
	c := w.as(grace)
	if got := c.decide(c.get(target), web.DecisionDeny).fragment(); got.Encode() != want.Encode() {
		t.Errorf("a denial says %v", got)
	}
}

// An account without Chat has nothing of it, whoever asks.
func TestNoChat(t *testing.T) {
	w := onSQLite(t, options{})
	w.plantChat()
	b := w.browser("mute.localhost").signInAs(solo)
	b.get(chatRequest()).want(404)
	w.chatToken("mute.localhost", "grant_type", "client_credentials").want(404)
	w.chatAccount("mute.localhost", "x").wantBody(404, invalidEndpoint)
	b.get(zendesk.AuthorizePath).want(400) // Support is there
}
